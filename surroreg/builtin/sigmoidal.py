"""Derivatives of sigmoids: one bump at the threshold, tails on both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor


def fast_sigmoid_primitive(x: Tensor, slope: float) -> Tensor:
    """Fast sigmoid ``x / (1 + slope*|x|)``."""
    if isinstance(slope, float):  # a tensor is learnt by the primitive at every step: a clamp would slow training
        end = 2.0**64 / slope  # from here on the value is 1/slope to the last digit, and slope*|x| may overflow
        x = x.clamp(-end, end)
    return x / (1 + slope * x.abs())


@surrogate(
    formula="1/(1 + slope*Abs(x))**2",
    parameters=[Parameter("slope", 25.0, gt=0, symbol="k", doc="Steepness; the half-width is about 0.41/k.")],
    references=["doi:10.1162/neco_a_01086"],
    aliases=["FastSigmoid"],
    primitive=fast_sigmoid_primitive,
    kernel="surroreg.builtin.kernels:fast_sigmoid",
    traits=Traits(even=True, non_negative=True, kinks=("0",), stable_formula=True),
)
def fast_sigmoid(x: Tensor, slope: float) -> Tensor:
    """Derivative of the fast sigmoid x / (1 + k|x|).

    Peak 1 at threshold whatever the slope, area 2/k: a steeper slope is also a weaker gradient. The
    name SuperSpike stands for this function in some libraries and for a rescaled one in others.
    """
    # The inverse is squared. The square, taken first, would overflow.
    return (1 / (1 + slope * x.abs())).square()


def atan_primitive(x: Tensor, alpha: float) -> Tensor:
    """Arctangent, scaled to run from 0 to 1."""
    return (math.pi / 2 * alpha * x).arctan() / math.pi + 0.5


@surrogate(
    formula="alpha/2/(1 + (pi/2*alpha*x)**2)",
    parameters=[Parameter("alpha", 2.0, gt=0, symbol="α", doc="Steepness; the peak is α/2, the half-width 0.64/α.")],
    references=["doi:10.1109/ICCV48922.2021.00266"],
    aliases=["ATan"],
    primitive=atan_primitive,
    kernel="surroreg.builtin.kernels:atan",
    traits=Traits(even=True, non_negative=True, stable_formula=True),
)
def atan(x: Tensor, alpha: float) -> Tensor:
    """Derivative of the arctangent, a Cauchy bump.

    Peak alpha/2, area 1. snnTorch's documentation prints a derivative too small by the factor
    pi*alpha/2; its code, and this, are the derivative of the arctangent it names.
    """
    return alpha / 2 / (1 + (math.pi / 2 * alpha * x).square())


def sigmoid_primitive(x: Tensor, slope: float) -> Tensor:
    """Logistic sigmoid."""
    return (slope * x).sigmoid()


def _logistic_bump(u: Tensor) -> Tensor:
    """Return ``s(1 - s)`` for the logistic ``s(u)``: finite, and exact to the last digits in both tails."""
    tail = (-u.abs()).exp()
    return tail / (1 + tail).square()


@surrogate(
    formula="slope/4/cosh(slope*x/2)**2",
    parameters=[Parameter("slope", 25.0, gt=0, symbol="k", doc="Steepness; the peak is k/4, the half-width 1.76/k.")],
    references=["arxiv:1706.02609"],
    aliases=["Sigmoid"],
    primitive=sigmoid_primitive,
    kernel="surroreg.builtin.kernels:sigmoid",
    traits=Traits(even=True, non_negative=True, stable_formula=True),
)
def sigmoid(x: Tensor, slope: float) -> Tensor:
    """Derivative of the logistic sigmoid.

    Peak slope/4 (6.25 at the default), area 1. In snnTorch up to 1.0.0 this gradient is NaN once
    exp(-slope*x) overflows, at the default slope for x below about -3.4 in float32 and -0.44 in
    float16; here it is the derivative everywhere.
    """
    return slope * _logistic_bump(slope * x)


def tanh_primitive(x: Tensor, slope: float) -> Tensor:
    """Hyperbolic tangent, scaled to slope 1 at zero."""
    return (slope * x).tanh() / slope


@surrogate(
    formula="1/cosh(slope*x)**2",
    parameters=[Parameter("slope", 1.0, gt=0, symbol="k", doc="Steepness; the half-width is 0.88/k.")],
    references=["doi:10.1109/MSP.2019.2931595"],
    aliases=["Tanh"],
    primitive=tanh_primitive,
    kernel="surroreg.builtin.kernels:tanh",
    traits=Traits(even=True, non_negative=True, stable_formula=True),
)
def tanh(x: Tensor, slope: float) -> Tensor:
    """Derivative of the hyperbolic tangent, scaled to peak 1.

    It is the derivative of tanh(kx)/k: peak 1, area 2/k. The same function as ``sigmoid(slope=2k)``
    times 2/k. snnTorch names it as an idea and never wrote it; Norse and spyx call it ``tanh``.
    """
    # 1 - tanh² loses all digits in the tails.
    return 4 * _logistic_bump(2 * slope * x)


@surrogate(
    formula="Piecewise((1/(1 + slope*Abs(x))**2, x > B), (0, True))",
    parameters=[
        Parameter("slope", 25.0, gt=0, symbol="k", doc="Steepness."),
        Parameter(
            "B",
            1.0,
            symbol="B",
            doc="Distance above threshold, in membrane units, at which the gradient begins.",
        ),
    ],
    references=["arxiv:2105.08810"],
    aliases=["SFS", "SparseFastSigmoid"],
    kernel="surroreg.builtin.kernels:sparse_fast_sigmoid",
    traits=Traits(even=False, non_negative=True, kinks=("0", "B"), stable_formula=True),
)
def sparse_fast_sigmoid(x: Tensor, slope: float, B: float) -> Tensor:
    """Fast sigmoid's derivative above threshold + B, nothing below.

    One-sided: with the defaults the gradient is nowhere above 0.0015, and zero around the threshold,
    so a layer hardly learns. Perez-Nieves & Goodman (2021), whom snnTorch cites for it, keep
    abs(x) < B instead.
    """
    return (1 / (1 + slope * x.abs())).square() * (x > B)
