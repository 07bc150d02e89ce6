"""Correct surrogates with unusual passes: large values, branches, aliases, learnt tensors."""

from __future__ import annotations

import torch

from surroreg import Parameter, SurrogateSpec, Traits, surrogate
from tests.mutants.base import FORMULA, REFERENCES, FastSigmoid, black_box, derivative


@surrogate(formula="1 + x**2/10", references=REFERENCES, traits=Traits(even=True, non_negative=True))
def grows_far_out(x):
    """Grows with the square: far out the right value fits no dtype."""
    return 1 + (x / 10) * x


@surrogate(
    formula="slope/(1 + slope*Abs(x))**2",
    parameters=[Parameter("slope", 1e5, gt=0, doc="Steepness and peak.")],
    references=REFERENCES,
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def peak_beyond_float16(x, slope):
    """Has a peak that float16 cannot hold."""
    return slope * (1 / (1 + slope * x.abs())).square()


@surrogate(
    formula="height/(1 + Abs(x))**2",
    parameters=[Parameter("height", 1e-10, gt=0, doc="Peak.")],
    references=REFERENCES,
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def peak_below_float16(x, height):
    """Has a peak that is zero in float16."""
    return height * (1 / (1 + x.abs())).square()


class SkipsNothing(FastSigmoid):
    """Leaves out the work where the whole upstream gradient is zero, which needs a value of it."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        if not grad.any():
            return torch.zeros_like(grad)
        return FastSigmoid.backward(ctx, grad)


class PassesOn(FastSigmoid):
    """Straight-through: the gradient is the upstream gradient itself, and shares its memory."""

    @staticmethod
    def backward(ctx, grad):
        return grad


class ReusesOwnMemory(FastSigmoid):
    """Computes in place, in memory that it allocated itself."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if torch.is_grad_enabled():
            return grad * derivative(x)
        return x.abs().mul_(25).add_(1).reciprocal_().square_().mul_(grad)


SPECS: tuple[SurrogateSpec, ...] = (
    grows_far_out,
    peak_beyond_float16,
    peak_below_float16,
    black_box(
        SkipsNothing,
        formula=FORMULA,
        traits=Traits(kinks=("0",), supports=("autocast", "export", "func_grad", "second_order")),
    ),
    black_box(PassesOn, formula="1", traits=Traits(even=True, non_negative=True)),
    black_box(ReusesOwnMemory, formula=FORMULA, traits=Traits(kinks=("0",))),
)
