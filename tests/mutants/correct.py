"""Correct surrogates, in the forms a plugin may give them: no check may fail."""

from __future__ import annotations

import functools

import torch

import surroreg
from surroreg import Parameter, SurrogateSpec, Traits, surrogate
from surroreg.conformance import targets
from surroreg.conformance.provider import Provider
from surroreg.conformance.targets import Selection, Target
from tests.mutants import correct_passes
from tests.mutants.base import FORMULA, REFERENCES, SLOPE, FastSigmoid, ForwardMode, Sloped, black_box
from tests.mutants.engineering import floating
from tests.mutants.stochastic import STOCHASTIC, Noisy

WORKS_WITH = ("autocast", "compile", "export", "func_grad", "second_order", "vmap")


def declared(slope):
    """Declares all there is to declare."""
    return functools.partial(Sloped.apply, slope)


def silent():
    """Declares nothing."""
    return FastSigmoid.apply


def composed():
    """Plain operations, which PyTorch differentiates itself; one tensor is kept."""
    return window


def window(x):
    level = torch.nn.functional.hardtanh(x)
    return (x.detach() > 0).to(x.dtype) + (level - level.detach())


class Module(torch.nn.Module):
    """Holds its slope in a buffer of shape (1,), which must be moved with it."""

    def __init__(self, slope):
        super().__init__()
        self.register_buffer("slope", torch.tensor([slope], dtype=torch.float64))

    def forward(self, x):
        if not x.is_floating_point():
            raise TypeError(f"a surrogate takes floating point, not {x.dtype}")
        return OfBuffer.apply(x, self.slope)


class OfBuffer(torch.autograd.Function):
    """The fast sigmoid of a slope that is a tensor."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x, slope)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        x, slope = ctx.saved_tensors
        return (grad * (1 / (1 + slope * x.double().abs())).square().reshape(x.shape)).to(x.dtype), None


def module(slope):
    """A module with a buffer."""
    return Module(slope)


class Learner(torch.nn.Module):
    """Learns its slope, whether or not the input requires a gradient."""

    def __init__(self, slope):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor([slope], dtype=torch.float64))

    def forward(self, x):
        if not x.is_floating_point():
            raise TypeError(f"a surrogate takes floating point, not {x.dtype}")
        return OfParameter.apply(x, self.slope)


class OfParameter(OfBuffer):
    """The fast sigmoid of a slope that learns, by the derivative of x/(1 + slope*|x|) with respect to it."""

    @staticmethod
    def backward(ctx, grad):
        x, slope = ctx.saved_tensors
        by_slope = (-grad.double() * x.double() * x.double().abs() / (1 + slope * x.double().abs()).square()).sum()
        return OfBuffer.backward(ctx, grad)[0], by_slope.reshape(1)


def learner(slope):
    """A module with a parameter that requires a gradient."""
    return Learner(slope)


@functools.lru_cache
def shared(slope):
    """A function that cannot be changed, so that all objects may have the same."""
    return functools.partial(Sloped.apply, slope)


class Remembers:
    """Remembers the last spikes, for a plot, and no more."""

    def __init__(self):
        self.last = None

    def __call__(self, x):
        spikes = FastSigmoid.apply(x)
        if type(x) is torch.Tensor and not torch.compiler.is_compiling():
            self.last = spikes.detach()
        return spikes


def remembers():
    """Keeps the spikes of its last call."""
    return Remembers()


@surrogate(
    parameters=[Parameter("period", 1.0, ge=0.5, doc="Length of a step.")],
    formula="1/(1 + floor(Abs(x)/period))",
    references=REFERENCES,
    traits=Traits(even=True, non_negative=True, kinks=("-2*period", "-period", "period", "2*period")),
)
def stairs(x, period):
    """Has kinks without end, and declares those near the threshold."""
    return 1 / (1 + (x.abs() / period).floor())


@surrogate(
    parameters=[
        Parameter("low", 0.5, gt=0, symbol="a", doc="Distance of the lower border."),
        Parameter("high", 1.0, gt=0, symbol="b", doc="Distance of the upper border."),
    ],
    formula="Piecewise((1, (x > -low) & (x < high)), (0.25, x < high + low), (0, True))",
    references=REFERENCES,
    traits=Traits(even=False, non_negative=True, kinks=("-low", "high", "high + low")),
)
def three_levels(x, low, high):
    """Jumps at places that depend on its parameters, on either side of its borders."""
    return torch.where((x > -low) & (x < high), 1.0, torch.where(x < high + low, 0.25, 0.0)).to(x.dtype)


SPECS: tuple[SurrogateSpec, ...] = (
    black_box(
        declared,
        parameters=[SLOPE],
        formula="1/(1 + slope*Abs(x))**2",
        traits=Traits(even=True, non_negative=True, kinks=("0",), supports=WORKS_WITH),
    ),
    black_box(silent),
    black_box(module, parameters=[SLOPE], formula="1/(1 + slope*Abs(x))**2", traits=Traits(kinks=("0",))),
    black_box(learner, parameters=[SLOPE], formula="1/(1 + slope*Abs(x))**2", traits=Traits(kinks=("0",))),
    black_box(shared, parameters=[SLOPE], formula="1/(1 + slope*Abs(x))**2", traits=Traits(kinks=("0",))),
    black_box(remembers),
    black_box(
        ForwardMode,
        formula=FORMULA,
        traits=Traits(kinks=("0",), supports=("autocast", "func_grad", "jvp", "second_order", "vmap", "export")),
    ),
    black_box(
        composed,
        formula="Piecewise((1, Abs(x) < 1), (0, True))",
        traits=Traits(even=True, non_negative=True, kinks=("-1", "1"), supports=(*WORKS_WITH, "jvp")),
    ),
    black_box(Noisy, formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC),
    stairs,
    three_levels,
    surroreg.spec("atan"),
    surroreg.spec("stochastic_spike_operator"),
    *correct_passes.SPECS,
)

#: By name.
CORRECT: dict[str, Selection] = {
    **{spec.name: Selection(targets=(Target(f"correct/{spec.name}", spec),)) for spec in SPECS},
    "bare": targets.one(floating),
    "plugin": Selection(providers=(Provider("mutants_plugin_correct", "mutants_plugin_correct"),)),
}
