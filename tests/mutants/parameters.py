"""Parameters without an effect, without bounds, or that are never learnt."""

from __future__ import annotations

import functools

import torch

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import REFERENCES, SLOPE, FastSigmoid, Sloped, mutant


@mutant(
    "parameters_matter",
    bug="snntorch#411: a tutorial's surrogate saved its slope and never used it.",
    parameters=[SLOPE],
)
def unused_slope(slope):
    """Takes a slope, and never uses it."""
    return FastSigmoid.apply


@mutant("parameters_matter", parameters=[Parameter("shift", 0.0, doc="Shift of the threshold.")])
def unused_shift(shift):
    """Takes a shift, zero if it is not given, and never uses it."""
    return FastSigmoid.apply


@mutant(
    "parameters_validated",
    parameters=[Parameter("slope", 25.0, doc="Steepness; nobody says that it must be positive.")],
)
def unbounded_slope(slope):
    """Divides by zero where its slope is negative."""
    return functools.partial(Sloped.apply, slope)


def primitive_of_a_float(x, slope):
    return x / (1 + float(slope) * x.abs())


# A compiler cannot trace it, either.
@mutant(
    "parameters_learn",
    bug="float(slope) or .item() inside a primitive cuts the parameter off the graph.",
    sole=False,
)
@surrogate(
    parameters=[SLOPE],
    formula="1/(1 + slope*Abs(x))**2",
    primitive=primitive_of_a_float,
    references=REFERENCES,
    traits=Traits(kinks=("0",)),
)
def slope_never_learns(x, slope):
    """Its primitive takes the slope for a number."""
    return (1 / (1 + slope * x.abs())).square()


def primitive_of_a_constant(x, slope):
    slope = slope.detach() if isinstance(slope, torch.Tensor) else slope
    return x / (1 + slope * x.abs())


@mutant("parameters_learn")
@surrogate(
    parameters=[SLOPE],
    formula="1/(1 + slope*Abs(x))**2",
    primitive=primitive_of_a_constant,
    references=REFERENCES,
    traits=Traits(kinks=("0",)),
)
def slope_detached(x, slope):
    """Its slope requires a gradient, and gets zero."""
    return (1 / (1 + slope * x.abs())).square()
