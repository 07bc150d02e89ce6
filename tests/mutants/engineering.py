"""Broken surroundings: copies, memory, threads, descriptions."""

from __future__ import annotations

import functools
import threading

import torch

from surroreg import Parameter, SurrogateSpec, surrogate
from tests.mutants.base import REFERENCES, FastSigmoid, Sloped, mutant


def _closure():
    def closed_over(x):
        return floating(x)

    return closed_over


def floating(x):
    if not x.is_floating_point():
        raise TypeError(f"a surrogate takes floating point, not {x.dtype}")
    return FastSigmoid.apply(x)


mutant("copies", bug="snntorch#420: Can't pickle local object 'atan.<locals>.inner'.", bare=True)(_closure())


class Forgetful:
    """A copy of it has another sign convention."""

    def __init__(self, sign=1):
        self.sign = sign

    def __call__(self, x):
        return floating(self.sign * x)

    def __reduce__(self):
        return Forgetful, (-1,)


mutant("copies", bare=True)(Forgetful())


class SharesCopies(torch.nn.Module):
    """Its deep copy is itself, so that the original and its average are one."""

    def __init__(self):
        super().__init__()
        self.register_buffer("slope", torch.tensor(25.0, dtype=torch.float64))

    def __deepcopy__(self, memo):
        return self

    def forward(self, x):
        return floating(x)


mutant("copies", bare=True)(SharesCopies())


@mutant("factory_pickles", bug="All of snnTorch 1.0.0's surrogates are closures (snntorch#420).")
def closure_inside():
    """Returns a closure."""
    return lambda x: FastSigmoid.apply(x)


@mutant("graph_freed", bug="pytorch#25340: a context that refers to its own output is a cycle.")
class KeepsOutput(FastSigmoid):
    """Straight-through, which needs nothing; hangs its spikes on the context all the same."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.spikes = output

    @staticmethod
    def backward(ctx, grad):
        return grad


@mutant("memory")
class KeepsTwo(FastSigmoid):
    """Keeps its input, and what it could compute from it."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, inputs[0].detach().abs())

    @staticmethod
    def backward(ctx, grad):
        x, _ = ctx.saved_tensors
        return grad * (1 / (1 + 25 * x.abs())).square()


@mutant("memory")
class HangsThree(FastSigmoid):
    """Keeps three tensors, two of them past PyTorch."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.size, ctx.sign = inputs[0].detach().abs(), inputs[0].detach().sign()


@mutant("memory", bug="Plain compositions of operations keep three tensors.")
def composition():
    """Leaves everything to autograd."""
    return compose


def compose(x):
    level = x.clamp(-10, 10)
    level = level / (1 + level.abs())
    return (x > 0).to(x.dtype) + (level - level.detach())


_SETTINGS = threading.local()


@mutant("threads")
def settings_of_the_thread():
    """Sets itself up in the thread that builds it."""
    _SETTINGS.slope = 25.0
    return look_up_settings


def look_up_settings(x):
    return FastSigmoid.apply(x) if _SETTINGS.slope else x


@mutant("spec_complete", summary="", references=(), parameters=[Parameter("slope", 25.0, gt=0)])
def undocumented(slope):
    return functools.partial(Sloped.apply, slope)


@mutant("spec_complete", parameters=[Parameter("slope", gt=0, doc="Steepness.")])
def no_example(slope):
    """Needs a slope, and gives no example of one."""
    return functools.partial(Sloped.apply, slope)


@mutant("spec_complete")
@surrogate(references=REFERENCES)
def without_formula(x):
    """Declares a derivative, and no formula of it."""
    return 1 / (1 + x.square())


def _local_factory():
    def factory():
        return FastSigmoid.apply

    return SurrogateSpec(name="local_factory", factory=factory, summary="Cannot be found.", references=REFERENCES)


mutant("spec_round_trip")(_local_factory())
