"""Objects that remember their use, that share their state, or that leave some of it behind."""

from __future__ import annotations

import functools

import torch

from tests.mutants.base import SLOPED, FastSigmoid, Sloped, mutant
from tests.mutants.engineering import floating


class Validated:
    """Makes a constant at its first call: in inference mode, nothing can be trained with it."""

    def __init__(self):
        self.one = None

    def __call__(self, x):
        if self.one is None:
            self.one = torch.ones((), dtype=torch.float64)
        return floating(x * self.one)


@mutant("used_before", sole=False)  # side_effects makes its first call in inference mode, too
def validated_first():
    """Makes a constant at its first call, for ever."""
    return Validated()


class Steeper(FastSigmoid):
    """Has the gradient of a steeper surrogate."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (1 / (1 + 50 * x.abs())).square()


class Evaluated(torch.nn.Module):
    """Has another gradient once it was set to evaluation."""

    def forward(self, x):
        return (FastSigmoid if self.training else Steeper).apply(x)


@mutant("used_before")
def other_gradient_in_evaluation():
    """Has another gradient in evaluation."""
    return Evaluated()


class Anneals:
    """Grows steeper by itself, after a thousand calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return (FastSigmoid if self.calls <= 1000 else Steeper).apply(x)


@mutant("used_before")
def anneals_itself():
    """Grows steeper after a thousand calls."""
    return Anneals()


LATEST = {}


class OfLatest(FastSigmoid):
    """Looks its slope up where every object writes it."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (1 / (1 + LATEST["slope"] * x.abs())).square()


def of_latest(x):
    if torch.compiler.is_compiling():
        raise RuntimeError("not under a compiler")
    return OfLatest.apply(x)


@mutant("objects_apart", **SLOPED)
def slope_of_the_latest(slope):
    """The object that was built last decides for all."""
    LATEST["slope"] = slope
    return of_latest


class Holder:
    """Holds its slope, which can be set."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return Sloped.apply(self.slope, x)


@functools.lru_cache
def _holder(slope):
    return Holder(slope)


@mutant("objects_apart", **SLOPED)
def one_object_for_equal_slopes(slope):
    """Gives one object to all layers of equal slopes."""
    return _holder(slope)


class Records:
    """Keeps a mean of every call, for a plot."""

    def __init__(self):
        self.means = []

    def __call__(self, x):
        if not x.is_meta and not torch.compiler.is_compiling() and type(x) is torch.Tensor and x.shape == (8,):
            self.means.append(str(x.shape) + str(len(self.means)))
        return FastSigmoid.apply(x)


@mutant("memory_constant")
def records_every_call():
    """Keeps a line for every call."""
    return Records()


BUILT = []


@mutant("memory_constant", **SLOPED)
def counts_objects(slope):
    """Keeps an entry for every object."""
    BUILT.append({"slope": slope})
    return functools.partial(Sloped.apply, slope)


class Stays:
    """Makes a tensor at its first call, on the device of that call."""

    def __init__(self):
        self.one = None

    def __call__(self, x):
        one = self.one
        if one is None:
            with torch.inference_mode(False):
                one = torch.ones(1, dtype=torch.float64, device=x.device)
        if type(x) is torch.Tensor and not x.is_meta:
            self.one = one
        return floating((x * one.to(x.dtype)).reshape(x.shape))


@mutant("moved")
def stays_where_it_was():
    """Stays on the device of its first call."""
    return Stays()
