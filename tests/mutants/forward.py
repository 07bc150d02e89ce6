"""Broken forward passes."""

from __future__ import annotations

import weakref

import torch

from tests.mutants.base import FastSigmoid, mutant


@mutant("forward_step", bug="x > 1e-6 in place of x > 0, which loses the smallest numbers.")
class ThresholdEpsilon(FastSigmoid):
    """Fires above the dtype's epsilon, not above zero."""

    @staticmethod
    def forward(x):
        return (x > torch.finfo(x.dtype).eps).to(x.dtype)


@mutant("forward_step", bug="Sign-valued spikes.")
class SignSpikes(FastSigmoid):
    """Sends -1 below threshold."""

    @staticmethod
    def forward(x):
        return x.sign()


@mutant("forward_step", sole=False, bug="Soft spikes.")
class SoftSpikes(FastSigmoid):
    """Sends a sigmoid."""

    @staticmethod
    def forward(x):
        return (25 * x).sigmoid()


@mutant("forward_step")
def identity_trick():
    """Straight-through by x - stop(x), which at infinity is not a number."""
    return add_identity


def add_identity(x):
    return (x > 0).to(x.dtype) + (x - x.detach())


@mutant("forward_at_zero", bug="snnTorch and Norse do not fire at zero, SpikingJelly does, and none of them says so.")
class FiresAtZero(FastSigmoid):
    """Fires at zero, and does not say so."""

    @staticmethod
    def forward(x):
        return (x >= 0).to(x.dtype)


@mutant("forward_nan")
class FiresAtNan(FastSigmoid):
    """Takes what is not below the threshold for above it."""

    @staticmethod
    def forward(x):
        return (~(x <= 0)).to(x.dtype)


@mutant("forward_dtype")
class HalfWidened(FastSigmoid):
    """Computes float16 in float32, and forgets the way back."""

    @staticmethod
    def forward(x):
        x = x.float() if x.dtype is torch.float16 else x
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return FastSigmoid.backward(ctx, grad).to(x.dtype)


@mutant("forward_dtype", bug="snntorch#421: every surrogate of snnTorch 1.0.0 returns float32.")
class AlwaysFloat32(FastSigmoid):
    """Returns float32 whatever it is given."""

    @staticmethod
    def forward(x):
        return (x > 0).float()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return FastSigmoid.backward(ctx, grad).to(x.dtype)


@mutant("forward_shape")
class AtLeastOneDimension(FastSigmoid):
    """Makes a vector of a single number."""

    @staticmethod
    def forward(x):
        return torch.atleast_1d(FastSigmoid.forward(x))

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return FastSigmoid.backward(ctx, grad).reshape(x.shape)


@mutant("device_kept", bug="A tensor made without device= lands on the CPU.")
class OnTheCpu(FastSigmoid):
    """Makes its slope on the CPU."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        slope = torch.full(x.shape, 25.0, dtype=x.dtype)
        return grad * (1 / (1 + slope * x.abs())).square()


@mutant("forward_modes")
def other_when_untrained():
    """Fires at zero where gradients are switched off."""
    return fire_at_zero_without_gradients


def fire_at_zero_without_gradients(x):
    return FastSigmoid.apply(x) if torch.is_grad_enabled() else (x >= 0).to(x.dtype)


@mutant(
    "forward_modes", sole=False, bug="spikingjelly#296: a neuron returned None where its input required no gradient."
)
def none_when_untrained():
    """Returns nothing where the input requires no gradient."""
    return none_without_gradients


def none_without_gradients(x):
    return FastSigmoid.apply(x) if x.requires_grad else None


@mutant("forward_repeatable")
class Refractory:
    """Stays silent when the tensor it saw last comes again."""

    def __init__(self):
        self.last = lambda: None

    def __call__(self, x):
        again = self.last() is x
        self.last = weakref.ref(x)
        return FastSigmoid.apply(x) * (0 if again else 1)

    def __reduce__(self):
        return Refractory, ()


@mutant("refuses_other_inputs", bare=True, bug="Given int64, SpikingJelly 2.0.0 and Norse 1.1.0 return int64 spikes.")
def takes_integers(x):
    """Takes whatever can be compared."""
    return FastSigmoid.apply(x)
