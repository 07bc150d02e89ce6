"""Surrogates that change what the whole process shares, most of them once only."""

from __future__ import annotations

import warnings

import torch

from tests.mutants.base import FastSigmoid, mutant
from tests.mutants.plugins.mutants_effects import EFFECTS

HAPPENED = set()


def _changing(effect):
    """Enter a surrogate whose first backward pass in this process has an effect."""

    def backward(ctx, grad):
        if effect not in HAPPENED:
            HAPPENED.add(effect)
            EFFECTS[effect]()
        return FastSigmoid.backward(ctx, grad)

    name = "Changes" + "".join(filter(str.isalnum, effect.title()))
    described = {"__doc__": f"Changes {effect}.", "__module__": __name__, "backward": staticmethod(backward)}
    globals()[name] = mutant("side_effects")(type(name, (FastSigmoid,), described))


for _effect in (
    "denormal numbers",
    "the flags of torch's backends",
    "torch's functions",
    "the random generators of Python and numpy",
    "the filters of warnings",
    "threads",
    "open files",
    "standard output, past Python",
):
    _changing(_effect)


@mutant("side_effects", bug="A forward pass that draws random numbers makes checkpointed and plain training differ.")
class DrawsForward(FastSigmoid):
    """Draws a number, and does not even use it."""

    @staticmethod
    def forward(x):
        return FastSigmoid.forward(x) + 0 * torch.rand((), dtype=x.dtype, device=x.device)


@mutant("side_effects")
class Warns(FastSigmoid):
    """Warns in every backward pass."""

    @staticmethod
    def backward(ctx, grad):
        warnings.warn("this surrogate is experimental", stacklevel=1)
        return FastSigmoid.backward(ctx, grad)


@mutant("side_effects")
class WarnsInHalf(FastSigmoid):
    """Warns that bfloat16 is experimental."""

    @staticmethod
    def backward(ctx, grad):
        if grad.dtype is torch.bfloat16:
            warnings.warn("bfloat16 is experimental", stacklevel=1)
        return FastSigmoid.backward(ctx, grad)


@mutant("side_effects")
class SetsDefaultDtype(FastSigmoid):
    """Switches everything that follows to float64."""

    @staticmethod
    def backward(ctx, grad):
        torch.set_default_dtype(torch.float64)
        return FastSigmoid.backward(ctx, grad)


@mutant("side_effects")
class SwitchesDeterminism(FastSigmoid):
    """Makes everything that follows deterministic, and slow."""

    @staticmethod
    def backward(ctx, grad):
        torch.use_deterministic_algorithms(True)
        return FastSigmoid.backward(ctx, grad)


class Counts:
    """Does something at a late call only."""

    def __init__(self, call, action):
        self.calls, self.call, self.action = 0, call, action

    def __call__(self, x):
        self.calls += 1
        if self.calls == self.call:
            self.action()
        return FastSigmoid.apply(x)


def warn():
    warnings.warn("this trial version has expired", stacklevel=2)


def draw():
    torch.rand(())


@mutant("side_effects")
def warns_late():
    """Warns at its 300th call."""
    return Counts(300, warn)


@mutant("side_effects")
def draws_late():
    """Draws from torch's generator at its 1000th call, to log a sample."""
    return Counts(1000, draw)


KEPT: dict[str, torch.Tensor] = {}


def _kept(x):
    if "two" not in KEPT:
        KEPT["two"] = torch.full((), 2.0)
    return KEPT["two"]


@mutant("side_effects", sole=False, bug="A constant that was made in inference mode is an inference tensor for ever.")
def keeps_its_first_constant():
    """Makes a constant at its first call, which may be one of inference."""
    return compose


def compose(x):
    level = torch.atan(x * _kept(x)) / 2
    return (x.detach() > 0).to(x.dtype) + (level - level.detach())
