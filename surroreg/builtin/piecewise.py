"""Constants, steps and straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor


def step(x: Tensor) -> Tensor:
    """Return 1 above zero, 0 elsewhere.

    It avoids a comparison, whose booleans a compiler would keep for the backward pass: many times slower.
    """
    return x.sign().relu()


@surrogate(
    formula="1",
    references=["arxiv:1308.3432"],
    aliases=["StraightThroughEstimator", "STE"],
    kernel="surroreg.builtin.kernels:straight_through",
    traits=Traits(even=True, non_negative=True, reads="nothing", stable_formula=True),
)
def straight_through_estimator(x: Tensor) -> Tensor:
    """The identity: the upstream gradient passes unchanged.

    snnTorch's documentation calls it a gradient of the fast sigmoid; its code, and this, are the
    identity. Keeps nothing for the backward pass.
    """
    import torch

    return torch.ones_like(x)


@surrogate(
    formula="Piecewise((threshold, x < 0), (-threshold, True))",
    parameters=[Parameter("threshold", 1.0, gt=0, symbol="θ", doc="A gain; not the neuron's threshold.")],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["Triangular"],
    kernel="surroreg.builtin.kernels:triangular",
    traits=Traits(even=False, non_negative=False, kinks=("0",), stable_formula=True),
)
def triangular(x: Tensor, threshold: float) -> Tensor:
    """Slope of a triangle: +threshold below zero, -threshold from zero on.

    Not a triangle but the derivative of one: constant, of unbounded support, and negative above
    threshold, so that a neuron that fires is pushed the wrong way. It is here because snnTorch has it
    under this name. For the triangle that most papers mean, use ``piecewise_linear``.
    """
    return threshold * (2 * step(-x) - 1)


def heaviside_primitive(x: Tensor) -> Tensor:
    """Rectifier."""
    return x.relu()


@surrogate(
    formula="Piecewise((1, x > 0), (0, True))",
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["Heaviside"],
    primitive=heaviside_primitive,
    kernel="surroreg.builtin.kernels:heaviside",
    traits=Traits(even=False, non_negative=True, reads="sign", kinks=("0",), stable_formula=True),
)
def heaviside(x: Tensor) -> Tensor:
    """1 above threshold, 0 below.

    There is no gradient below threshold: a neuron that is silent stays silent.
    """
    return step(x)


def leaky_spike_operator_primitive(x: Tensor, slope: float) -> Tensor:
    """Leaky rectifier."""
    return x.where(x > 0, slope * x)


@surrogate(
    formula="Piecewise((1, x > 0), (slope, True))",
    parameters=[Parameter("slope", 0.1, ge=0, symbol="k", doc="The gradient below threshold.")],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["LSO", "LeakySpikeOperator"],
    primitive=leaky_spike_operator_primitive,
    kernel="surroreg.builtin.kernels:leaky_spike_operator",
    traits=Traits(even=False, non_negative=True, reads="sign", kinks=("0",), stable_formula=True),
)
def leaky_spike_operator(x: Tensor, slope: float) -> Tensor:
    """1 above threshold, a small constant below: the gradient of a leaky rectifier.

    Every release of snnTorch up to 1.0.0 has this name and none runs: ``LSO()`` raises a TypeError,
    the class behind it returns one gradient for two inputs. This is the function they document.
    """
    above = step(x)
    return above + slope * (1 - above)


def piecewise_linear_primitive(x: Tensor, slope: float, dampening: float) -> Tensor:
    """Two parabolas joined at zero, from 0 to dampening/slope."""
    u = x.clamp(-1 / slope, 1 / slope)
    return dampening * (u - slope / 2 * u * u.abs() + 1 / (2 * slope))


@surrogate(
    formula="dampening*Max(0, 1 - slope*Abs(x))",
    parameters=[
        Parameter("slope", 1.0, gt=0, symbol="k", doc="Steepness; the gradient is zero beyond 1/k."),
        Parameter("dampening", 1.0, gt=0, symbol="γ", doc="Height of the peak; 0.3 in Bellec et al. (2018)."),
    ],
    references=["arxiv:1803.09574"],
    aliases=["PiecewiseLinear"],
    primitive=piecewise_linear_primitive,
    kernel="surroreg.builtin.kernels:piecewise_linear",
    traits=Traits(even=True, non_negative=True, kinks=("-1/slope", "0", "1/slope"), stable_formula=True),
)
def piecewise_linear(x: Tensor, slope: float, dampening: float) -> Tensor:
    """A triangle around the threshold.

    Peak dampening, area dampening/slope, exactly zero beyond 1/slope. snnTorch names it as an idea
    and never wrote it.
    """
    return dampening * (1 - slope * x.abs()).relu()
