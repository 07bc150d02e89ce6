"""Surrogates that give another gradient when their input is kept in fewer bytes."""

from __future__ import annotations

import torch

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import REFERENCES, mutant


# Whoever draws its curve below 8 sees no jump at zero. There, a number too small for the narrow dtype becomes zero.
@mutant("saved_narrow")
@surrogate(
    parameters=[Parameter("width", 1.0, ge=0.1, le=16, doc="Half-width, in units of the membrane.")],
    formula="exp(-(x/width)**2)*Piecewise((1, x > 0), (1 - Max(0, width - 8)/16, True))",
    references=REFERENCES,
    traits=Traits(kinks=("0",)),
)
def jumps_where_nobody_looks(x, width):
    """A bell that is lower below the threshold if it is wide, which none of its examples is."""
    lower = 1 - torch.relu(torch.as_tensor(width, dtype=x.dtype) - 8) / 16
    return torch.exp(-(x / width).square()) * torch.where(x > 0, torch.ones_like(x), lower)
