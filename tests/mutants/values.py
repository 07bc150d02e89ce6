"""Gradients of the wrong value, and declarations that are not true."""

from __future__ import annotations

import functools
import math

import torch

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import FORMULA, REFERENCES, FastSigmoid, derivative, mutant

WIDTH = Parameter("width", 1.0, gt=0, doc="Half the window's width.")

# -- black boxes with a formula ---------------------------------------------------------------------


@mutant(
    "backward_values",
    sole=False,
    bug="spikingjelly#412: 1/w where 1/(2w) was meant.",
    parameters=[WIDTH],
    formula="Piecewise((1/(2*width), Abs(x) < width), (0, True))",
    traits=Traits(kinks=("-width", "width")),
)
def missing_half(width):
    """Gives its window the area two."""
    return functools.partial(MissingHalf.apply, width)


class MissingHalf(FastSigmoid):
    """A window of height 1/w."""

    @staticmethod
    def forward(width, x):
        return FastSigmoid.forward(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.width, x = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return None, grad * (x.abs() < ctx.width) / ctx.width


@mutant("backward_values", sole=False, formula=FORMULA, traits=Traits(kinks=("0",)))
class AlwaysComputedInFloat32(FastSigmoid):
    """Knows no float64."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return (grad.float() * derivative(x.float())).to(x.dtype)


@mutant("backward_rounding", formula=FORMULA, traits=Traits(kinks=("0",)))
class Float32InHalf(FastSigmoid):
    """Computes float32 in bfloat16, for speed."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        narrow = torch.bfloat16 if x.dtype is torch.float32 else x.dtype
        return grad * derivative(x.to(narrow)).to(x.dtype)


@mutant("backward_rounding", traits=Traits(kinks=("1",)), bug="snnTorch 1.0.0's SFS(100) is 0 in float16 at x = 2.56.")
class SquaredFirst(FastSigmoid):
    """Squares, which overflows, then divides."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x > 1) / (1 + 100 * x.abs()).square()


@mutant("peak", formula=FORMULA, traits=Traits(kinks=("0",)))
class NeedleBetweenPoints(FastSigmoid):
    """Has a needle ten high and less than a thousandth wide, where nobody looks."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x).masked_fill((x - 0.10183).abs() < 0.0002, 10.0)


@mutant("support", formula="Piecewise((1, Abs(x) < 1), (0, True))", traits=Traits(kinks=("-1", "1")))
class LeaksOutside(FastSigmoid):
    """Adds a tiny number, against division by zero, where its window is closed."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * ((x.abs() < 1).to(x.dtype) + 1e-20)


# -- derivatives ------------------------------------------------------------------------------------


@mutant("formula_is_right", bug="Norse: code and documentation differ by 2/k.")
@surrogate(formula="2/(1 + 25*Abs(x))**2", references=REFERENCES, traits=Traits(kinks=("0",)))
def formula_too_large(x):
    """Documented twice as large as it is."""
    return derivative(x)


@mutant("formula_is_right", sole=False, bug="snnTorch's documentation of atan shows another function than its code.")
@surrogate(formula="1/pi/(1 + (pi*x)**2)", references=REFERENCES)
def snntorch_atan(x):
    """Documented as what its code is not."""
    return 1 / (1 + (math.pi * x).square())


def twice_the_primitive(x, slope):
    return 2 / slope * (x * slope).tanh()


@mutant("primitive_is_right", bug="Norse's primitives are off by 2/k (tanh).")
@surrogate(
    parameters=[Parameter("slope", 1.0, gt=0, doc="Steepness.")],
    formula="1 - tanh(slope*x)**2",
    primitive=twice_the_primitive,
    references=REFERENCES,
)
def primitive_too_large(x, slope):
    """Its primitive is off by a factor."""
    return 1 - (slope * x).tanh().square()


@mutant("even")
@surrogate(
    formula="Piecewise((1/(1 + x), x > 0), (0, True))",
    references=REFERENCES,
    traits=Traits(even=True, kinks=("0",)),
)
def not_even(x):
    """Is zero on one side only."""
    return (x > 0) / (1 + x.abs())


@mutant("even")
@surrogate(formula=FORMULA, references=REFERENCES, traits=Traits(even=False, kinks=("0",)))
def secretly_even(x):
    """Says that it is not even."""
    return derivative(x)


@mutant(
    "non_negative",
    bug="snnTorch's triangular is negative above threshold: a firing neuron is pushed to fire less.",
)
@surrogate(
    formula="Piecewise((-1, x > 0), (1, True))",
    references=REFERENCES,
    traits=Traits(non_negative=True, kinks=("0",)),
)
def snntorch_triangular(x):
    """Negative above threshold."""
    return 1 - 2 * (x > 0).to(x.dtype)


@mutant("non_negative")
@surrogate(formula=FORMULA, references=REFERENCES, traits=Traits(non_negative=False, kinks=("0",)))
def nowhere_negative(x):
    """Warns of a negative gradient that there is not."""
    return derivative(x)


# -- formulas ---------------------------------------------------------------------------------------


@mutant("formula_is_stable", bug="snnTorch 1.0.0's sigmoid, in the code that a GPU would be given.")
@surrogate(
    formula="25*exp(-25*x)/(1 + exp(-25*x))**2",
    references=REFERENCES,
    traits=Traits(stable_formula=True),
)
def overflowing_formula(x):
    """Declares a formula stable whose exponential overflows."""
    tail = (-25 * x.abs()).exp()
    return 25 * tail / (1 + tail).square()


# -- kernels ----------------------------------------------------------------------------------------


def kernel_without_upstream(x, grad):
    return derivative(x)


@mutant("backward_linear", sole=False)
@surrogate(formula=FORMULA, kernel=kernel_without_upstream, references=REFERENCES, traits=Traits(kinks=("0",)))
def kernel_ignores_upstream(x):
    """Its kernel leaves out what comes from above."""
    return derivative(x)


def wrong_kernel(x, grad):
    return 2 * grad * derivative(x)


@mutant("backward_values", sole=False, bug="snntorch#347, #430: LSO was wired to another surrogate's Function.")
@surrogate(formula=FORMULA, kernel=wrong_kernel, references=REFERENCES, traits=Traits(kinks=("0",)))
def kernel_of_another(x):
    """Trains with a kernel that is not its derivative."""
    return derivative(x)


def kernel_without_tails(x, grad):
    return grad * torch.rand_like(x) / (1 + x.square()) * (x.abs() < 5)


@mutant("backward_values")
@surrogate(formula="U/(1 + x**2)", kernel=kernel_without_tails, references=REFERENCES, traits=Traits(stochastic=True))
def noise_without_tails(x):
    """Its kernel leaves out the tails."""
    return torch.rand_like(x) / (1 + x.square())
