"""Windows: gradients with edges, nothing or little beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg import Parameter, Traits, surrogate

if TYPE_CHECKING:
    from torch import Tensor


def above_zero(x: Tensor) -> Tensor:
    """Return 1 where ``x`` is above zero, 0 elsewhere, NaN where it is NaN.

    It avoids a comparison, which would lose NaN, and whose booleans a compiler would keep for the backward pass.
    """
    return x.clamp(0, 1).ceil()


# At its bounds clamp has slope 1 in torch 2.13, and 0 in 2.15. The slopes of these functions do not depend on torch.


def at_least(x: Tensor, low: float) -> Tensor:
    """Return the larger of ``x`` and ``low``. Where both are equal, the slope is 1."""
    return x.where(~(x < low), low)


def at_most(x: Tensor, high: float) -> Tensor:
    """Return the smaller of ``x`` and ``high``. Where both are equal, the slope is 1."""
    return x.where(~(x > high), high)


def within(x: Tensor, end: float) -> Tensor:
    """Return the number nearest to ``x`` between ``-end`` and ``end``. At both ends the slope is 0."""
    return x.where(~(x >= end), end).where(~(x <= -end), -end)


def box_primitive(x: Tensor, width: float) -> Tensor:
    """Ramp from 0 to 1."""
    return within(x / width, 0.5) + 0.5


@surrogate(
    formula="Piecewise((1/width, Abs(x) < width/2), (0, True))",
    parameters=[Parameter("width", 1.0, gt=0, symbol="w", doc="Width of the window, in membrane units.")],
    references=["arxiv:1706.02609"],
    aliases=["Rect"],
    primitive=box_primitive,
    kernel="surroreg_zoo.kernels:box",
    traits=Traits(even=True, non_negative=True, kinks=("-width/2", "width/2"), stable_formula=True),
)
def box(x: Tensor, width: float) -> Tensor:
    """Constant within half a width of the threshold, zero beyond.

    Peak 1/width, area 1. Neurons outside the window do not learn at all; the edges are outside. snnax's
    piecewise_surrogate(beta) is the box of width 2*beta at peak 1, and spyx's boxcar has a height of its own.
    """
    return above_zero(width / 2 - x.abs()) / width


def piecewise_leaky_relu_primitive(x: Tensor, half_width: float, leak: float) -> Tensor:
    """Ramp from 0 to 1, with a slope of leak before and after it."""
    inside = within(x, half_width)
    return inside / (2 * half_width) + 0.5 + leak * (x - inside)


@surrogate(
    formula="Piecewise((1/(2*half_width), Abs(x) < half_width), (leak, True))",
    parameters=[
        Parameter("half_width", 1.0, gt=0, symbol="w", doc="Distance from threshold to either edge."),
        Parameter("leak", 0.01, ge=0, symbol="c", doc="The gradient outside the window."),
    ],
    references=["https://pypi.org/project/spikingjelly/"],
    aliases=["PiecewiseLeakyReLU"],
    primitive=piecewise_leaky_relu_primitive,
    kernel="surroreg_zoo.kernels:piecewise_leaky_relu",
    traits=Traits(even=True, non_negative=True, kinks=("-half_width", "half_width"), stable_formula=True),
)
def piecewise_leaky_relu(x: Tensor, half_width: float, leak: float) -> Tensor:
    """A box of area 1, and a small constant gradient everywhere else.

    Peak 1/(2*half_width) unless the leak is larger; infinite area unless it is zero, and then it is
    ``box(width=2*half_width)``. At the edges, exactly, the gradient is the leak, as in SpikingJelly; in braintools it
    is that of the box.
    """
    inside = above_zero(half_width - x.abs())
    return inside / (2 * half_width) + leak * (1 - inside)


def windowed_heaviside_primitive(x: Tensor, window: float) -> Tensor:
    """Rectifier that begins one window below threshold."""
    return at_least(x + window, 0.0)


@surrogate(
    formula="Piecewise((1, x >= -window), (0, True))",
    parameters=[
        Parameter(
            "window", 0.5, ge=0, symbol="w", doc="How far below threshold the gradient begins, in membrane units."
        )
    ],
    references=["https://pypi.org/project/rockpool/", "https://pypi.org/project/sinabs/"],
    aliases=["StepPWL"],
    primitive=windowed_heaviside_primitive,
    kernel="surroreg_zoo.kernels:windowed_heaviside",
    traits=Traits(even=False, non_negative=True, kinks=("-window",), stable_formula=True),
)
def windowed_heaviside(x: Tensor, window: float) -> Tensor:
    """1 from one window below threshold upwards, however far; 0 below.

    Peak 1, infinite area. Unlike the built-in ``heaviside`` it lets neurons that nearly fire learn to. rockpool and
    sinabs use it with neurons that may fire several spikes a step, and divide it by the threshold.
    """
    return 1 - above_zero(-window - x)


def windowed_fast_sigmoid_primitive(x: Tensor, slope: float, B: float) -> Tensor:
    """Fast sigmoid ``x/(1 + slope*|x|)``, constant from B on."""
    inside = within(x, B)
    return inside / (1 + slope * inside.abs())


@surrogate(
    formula="Piecewise((1/(1 + slope*Abs(x))**2, Abs(x) < B), (0, True))",
    parameters=[
        Parameter("slope", 25.0, gt=0, symbol="k", doc="Steepness; the half-width is about 0.41/k."),
        Parameter(
            "B", 0.2, gt=0, symbol="B", doc="Distance from threshold, in membrane units, where the gradient ends."
        ),
    ],
    references=["arxiv:2105.08810"],
    primitive=windowed_fast_sigmoid_primitive,
    kernel="surroreg_zoo.kernels:windowed_fast_sigmoid",
    traits=Traits(even=True, non_negative=True, kinks=("-B", "0", "B"), stable_formula=True),
)
def windowed_fast_sigmoid(x: Tensor, slope: float, B: float) -> Tensor:
    """Fast sigmoid's derivative near the threshold, nothing beyond: a sparse gradient.

    Peak 1, area 2*B/(1 + slope*B). This is what Perez-Nieves & Goodman (2021) propose: only neurons close to
    threshold take part in the backward pass. snnTorch's sparse fast sigmoid, the built-in
    ``sparse_fast_sigmoid``, cites them and keeps x > B instead. At the default B = 5/slope the window holds 5/6 of
    the whole curve's area and drops gradients below 1/36; with snnTorch's B = 1 a neuron at rest, one unit below
    threshold, is barely outside, and hardly anything is sparse.
    """
    return (1 / (1 + slope * x.abs())).square() * above_zero(B - x.abs())
