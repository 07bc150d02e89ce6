"""Gradients that train well, and are not right to the last digits, or not everywhere."""

from __future__ import annotations

import torch

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import FORMULA, REFERENCES, SLOPE, derivative, mutant


@mutant("formula_everywhere", bug="A tail that is cut off, as if a dtype ended there.")
@surrogate(formula=FORMULA, references=REFERENCES, traits=Traits(kinks=("0",)))
def tail_cut_off(x):
    """Is zero from a million on."""
    return derivative(x) * (x.abs() < 1e6)


@mutant("formula_everywhere", bug="1 - tanh(x)**2 has lost all its digits from x = 19 on.")
@surrogate(formula="1/cosh(x)**2", references=REFERENCES)
def tail_without_digits(x):
    """Cancels in the tails."""
    wide = x.double()
    return (1 - wide.tanh().square()).to(x.dtype)


def kernel_in_steps(x, grad):
    return grad * (derivative(x) * (1 + 8 * torch.finfo(x.dtype).eps))


@mutant("rounding_everywhere")
@surrogate(formula=FORMULA, kernel=kernel_in_steps, references=REFERENCES, traits=Traits(kinks=("0",)))
def kernel_of_eight_roundings(x):
    """Trains with a kernel that rounds at every step."""
    return derivative(x)


@mutant("even_exactly")
@surrogate(formula=FORMULA, references=REFERENCES, traits=Traits(even=True, kinks=("0",)))
def even_but_for_a_bit(x):
    """Rounds another way below zero."""
    slope = derivative(x)
    return slope.where(x >= 0, slope * (1 + torch.finfo(x.dtype).eps))


def kernel_in_wrong_order(x, grad):
    dtype = torch.promote_types(x.dtype, torch.float32)
    return (grad.to(dtype) * 1024 * (derivative(x.to(dtype)) / 1024)).to(x.dtype)


@mutant("backward_overflow", bug="An intermediate product overflows, and the loss scaler skips a step that was right.")
@surrogate(formula=FORMULA, kernel=kernel_in_wrong_order, references=REFERENCES, traits=Traits(kinks=("0",)))
def overflows_early(x):
    """Multiplies by a thousand first, and divides last."""
    return derivative(x)


@mutant("parameters_everywhere", bug="What guards against a division by zero is felt where a parameter is large.")
@surrogate(
    parameters=[SLOPE],
    formula="1/(1 + slope*Abs(x))**2",
    references=REFERENCES,
    traits=Traits(kinks=("0",)),
)
def slope_that_saturates(x, slope):
    """Grows no steeper than a million million."""
    return (1 / (1 + slope / (1 + 1e-24 * slope * slope) * x.abs())).square()


@mutant("parameters_everywhere")
@surrogate(
    parameters=[Parameter("width", 1.0, gt=0, doc="Width.")],
    formula="width/(width + Abs(x))",
    references=REFERENCES,
    traits=Traits(kinks=("0",)),
)
def width_that_vanishes(x, width):
    """Adds a tiny number to its width, against division by zero."""
    return (width + 1e-17) / (width + 1e-17 + x.abs())
