"""Draws from the generator of whoever loads it."""

import torch
from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

NOISE = torch.rand(8)
