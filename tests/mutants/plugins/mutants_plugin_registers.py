"""Registers, besides what its hook returns."""

from mutants_plugin_correct import cauchy
from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

import surroreg

surroreg.register(cauchy, namespace="elsewhere")
