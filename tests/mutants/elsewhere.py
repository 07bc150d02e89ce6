"""Gradients and declarations that hold at ordinary inputs and at the defaults, and fail elsewhere."""

from __future__ import annotations

import functools

import torch

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import FORMULA, REFERENCES, SLOPE, FastSigmoid, derivative, mutant

HEIGHT = Parameter("height", 1.0, gt=0, doc="The largest gradient.")
CUSP = Traits(kinks=("0",))
WIDTH = Parameter("width", 1.0, gt=0, doc="Half the width at half the height.")


class Numbered(FastSigmoid):
    """The bell 1/(1 + x**2), whose numbers come before the input."""

    @staticmethod
    def forward(*inputs):
        return FastSigmoid.forward(inputs[-1])

    @staticmethod
    def setup_context(ctx, inputs, output):
        *ctx.numbers, x = inputs
        ctx.save_for_backward(x)

    @classmethod
    def of(cls, *numbers):
        """Return the callable with these values of its parameters."""
        return functools.partial(cls.apply, *numbers)


# -- inputs -----------------------------------------------------------------------------------------


@mutant("backward_values", formula=FORMULA, traits=CUSP)
class HoleAtZero(FastSigmoid):
    """Multiplies by the sign twice, so exactly at the threshold nothing is learnt."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * x.sign().square()


@mutant("backward_values", formula="Piecewise((1, x > 0), (0.2, True))", traits=CUSP)
class TwoZeros(FastSigmoid):
    """Divides by its input to learn its side: minus zero is not zero."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * torch.where(1 / x > 0, 1.0, 0.2).to(x.dtype)


@mutant("backward_values", formula="1/(1 + log(1 + Abs(x)))", traits=CUSP)
class CutOffFarOut(FastSigmoid):
    """Takes its slow tail for zero where nobody plots it."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() < 2e4, grad / (1 + x.abs().log1p()), 0.0)


@mutant("backward_values", formula="1/(1 + x**2)")
class Notch(FastSigmoid):
    """Is a tenth lower in one place a sixtieth wide."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (1 + x.square()) * torch.where((x - 0.71).abs() < 0.008, 0.9, 1.0).to(x.dtype)


@mutant("backward_rounding", formula=FORMULA, traits=Traits(kinks=("0",)))
class TailDroppedInHalf(FastSigmoid):
    """In half precision its tail is zero from 0.3 on, where it is 1/72 of its peak."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        gradient = FastSigmoid.backward(ctx, grad)
        return gradient * (x.abs() < 0.3) if x.dtype in (torch.float16, torch.bfloat16) else gradient


@mutant("backward_rounding", formula="1/(1 + log(1 + 200*Abs(x)))", traits=CUSP)
class OverflowsInHalf(FastSigmoid):
    """Multiplies in float16, where its product is infinite beyond 327."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if x.dtype is not torch.float16 or bool((x.abs() < 1_500).all()):
            return (grad / (1 + (200 * x.float() if x.dtype is torch.float16 else 200 * x).abs().log1p())).to(x.dtype)
        return grad / (1 + (200 * x).abs().log1p())


@mutant("formula_is_right")
@surrogate(formula="Piecewise((1, x == 0), (tanh(x)/x, True))", references=REFERENCES)
def guarded_ratio(x):
    """Adds a tiny number to its denominator, against division by zero."""
    return x.tanh() / (x + 1e-30)


# -- parameters -------------------------------------------------------------------------------------


@mutant("backward_values", parameters=[HEIGHT, WIDTH], formula="height/(1 + (x/width)**2)")
def one_at_a_time(height, width):
    """Uses its width only where the height is one."""
    return OneAtATime.of(height, width)


class OneAtATime(Numbered):
    """A bell of some height and width."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        height, width = ctx.numbers
        return None, None, grad * height / (1 + (x / (width if height == 1 else 1.0)).square())


@mutant("backward_values", parameters=[SLOPE], formula="1/(1 + (slope*x)**2)")
def slope_in_bfloat16(slope):
    """Keeps its slope in bfloat16, which holds 25, a quarter of it and four times it."""
    return RoundedSlope.of(slope)


class RoundedSlope(Numbered):
    """A bell of a rounded slope."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        (slope,) = ctx.numbers
        rounded = float(torch.tensor(slope, dtype=torch.bfloat16, device="cpu"))
        return None, grad / (1 + (rounded * x).square())


@mutant("formula_is_right")
@surrogate(parameters=[SLOPE], formula="1/(1 + (slope*x)**2)", references=REFERENCES)
def slope_held_down(x, slope):
    """Holds its slope below a thousand, and says nothing."""
    slope = slope.clamp(max=1e3) if isinstance(slope, torch.Tensor) else min(slope, 1e3)
    return 1 / (1 + (slope * x).square())


@mutant("formula_is_right")
@surrogate(parameters=[HEIGHT, WIDTH], formula="height/(1 + Abs(x/width)**3)", references=REFERENCES, traits=CUSP)
def common_factor(x, height, width):
    """Has a factor that is one where either parameter is one."""
    return height * (1 + (height - 1) * (width - 1) / 10) / (1 + (x / width).abs() ** 3)


@mutant("non_negative")
@surrogate(
    parameters=[Parameter("height", 1.0, doc="The gradient at the threshold.")],
    formula="height/(1 + x**2)",
    references=REFERENCES,
    traits=Traits(non_negative=True),
)
def height_without_bounds(x, height):
    """Admits a negative height."""
    return height / (1 + x.square())


@mutant("even")
@surrogate(
    parameters=[
        Parameter("distance", 0.5, doc="Distance of both peaks from the threshold; both are above it if negative.")
    ],
    formula="exp(-(x - Abs(distance))**2) + exp(-(x + distance)**2)",
    references=REFERENCES,
    traits=Traits(even=True),
)
def two_peaks(x, distance):
    """Is even unless its distance is negative."""
    right = distance.abs() if isinstance(distance, torch.Tensor) else abs(distance)
    return (-(x - right).square()).exp() + (-(x + distance).square()).exp()
