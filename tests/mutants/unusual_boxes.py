"""Correct surrogates of unusual kinds: black boxes, and noise."""

from __future__ import annotations

import functools

import torch
from torch import nn

from surroreg import Parameter, Traits
from tests.mutants.base import FORMULA, derivative
from tests.mutants.correct import OfBuffer
from tests.mutants.stochastic import noisy
from tests.mutants.transforms import WithoutSetupContext
from tests.mutants.unusual import right_box

# -- black boxes ------------------------------------------------------------------------------------


class Buffered(nn.Module):
    """A step whose slope is a buffer."""

    def __init__(self, slope):
        super().__init__()
        self.register_buffer("slope", torch.tensor(slope, dtype=torch.float64))

    def forward(self, x):
        if not x.is_floating_point():
            raise TypeError(f"a surrogate takes floating point, not {x.dtype}")
        return OfBuffer.apply(x, self.slope)


@right_box(
    formula="1/(1 + slope*Abs(x))**2",
    parameters=[Parameter("slope", 4.0, gt=0, doc="Steepness.")],
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def module_with_buffer(slope):
    """A module: its buffer has no dimension, so it works on every device."""
    return Buffered(slope)


class Idle(WithoutSetupContext):
    """Without vmap, so the values of the upstream gradient are there."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if grad.device.type != "meta" and not grad.any():
            return torch.zeros_like(x)
        return grad * derivative(x)


@right_box(formula=FORMULA, traits=Traits(even=True, non_negative=True, kinks=("0",)))
def idle():
    """Skips its work if no gradient comes from above: zero is right then."""
    return functools.partial(Idle.apply)


# -- noise ------------------------------------------------------------------------------------------


def enter_noise(formula):
    """Enter a function of the membrane that returns its noise."""
    return lambda draw: right_box(formula=formula, traits=Traits(stochastic=True))(noisy(draw))


@enter_noise("-log(1 - U)/(1 + 25*Abs(x))**2")
def exponential(x):
    """No largest value: the range has one end."""
    return -(-torch.rand_like(x)).log1p()


@enter_noise("Piecewise((100, U < 0.01), (0, True))/(1 + 25*Abs(x))**2")
def rare(x):
    """Nearly always zero: that draws repeat proves nothing."""
    return 100 * (torch.rand(x.shape, device=x.device) < 0.01)


@enter_noise("Piecewise((1, x > 0), (U, True))/(1 + 25*Abs(x))**2")
def below_threshold_only(x):
    """A firing neuron has no noise."""
    return torch.where(x > 0, 1.0, torch.rand_like(x))


@enter_noise("(1 + Piecewise((U, Abs(x) < 0.1), (0, True)))/(1 + 25*Abs(x))**2")
def near_threshold_only(x):
    """Noise in a narrow window, which leaves most inputs alone."""
    return 1 + torch.rand_like(x) * (x.abs() < 0.1)


@enter_noise("cos(20*U)**2/(1 + 25*Abs(x))**2")
def folded(x):
    """Many draws of U give one gradient: more than a monotone function of U."""
    return (20 * torch.rand_like(x)).cos().square()
