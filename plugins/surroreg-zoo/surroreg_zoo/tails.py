"""Even bumps that differ in how fast their tails fall."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from surroreg import Parameter, Traits, surrogate

from surroreg_zoo.logarithmic import product
from surroreg_zoo.windows import at_least

if TYPE_CHECKING:
    from torch import Tensor

CUSP = Traits(even=True, non_negative=True, kinks=("0",), stable_formula=True)


def _step(tail: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the odd step that is ``tail(|x|)/2`` away from its end, 0 on the left and 1 on the right.

    Each side is computed separately, so both ends keep their digits. At zero the relu of the left side has slope 0, and
    the slope of the step is that of the right side.
    """
    return (tail((-x).relu()) + (1 - tail(at_least(x, 0.0)))) / 2


def exponential_primitive(x: Tensor, width: float) -> Tensor:
    """Laplace's distribution function, from 0 to 1."""
    return _step(lambda u: (-u / width).exp(), x)


@surrogate(
    formula="exp(-Abs(x)/width)/(2*width)",
    parameters=[
        Parameter("width", 1.0, gt=0, symbol="w", doc="Where the gradient has fallen to 1/e, in membrane units.")
    ],
    references=["arxiv:1810.08646"],
    aliases=["PiecewiseExp"],
    primitive=exponential_primitive,
    kernel="surroreg_zoo.kernels:exponential",
    traits=CUSP,
)
def exponential(x: Tensor, width: float) -> Tensor:
    """Exponential decay on both sides of the threshold, SLAYER's gradient.

    Peak 1/(2*width), area 1. The libraries disagree on the height: sinabs gives it area 2, braintools peak 1, and
    SLAYER itself a scale of its own. The built-in ``spike_rate_escape`` is the same curve, one unit above threshold.
    """
    return (-x.abs() / width).exp() / (2 * width)


def soft_sign_primitive(x: Tensor, slope: float) -> Tensor:
    """Soft sign, from 0 to 1."""
    return _step(lambda u: 1 / (1 + slope * u), x)


@surrogate(
    formula="slope/2/(1 + slope*Abs(x))**2",
    parameters=[Parameter("slope", 2.0, gt=0, symbol="k", doc="Steepness; the peak is k/2, the half-width 0.41/k.")],
    references=["doi:10.1162/neco_a_01086", "doi:10.1109/MSP.2019.2931595"],
    primitive=soft_sign_primitive,
    kernel="surroreg_zoo.kernels:soft_sign",
    traits=CUSP,
)
def soft_sign(x: Tensor, slope: float) -> Tensor:
    """Fast sigmoid's derivative, scaled to area 1.

    Peak slope/2. It is slope/2 times the built-in ``fast_sigmoid``: there a steeper slope makes a weaker gradient,
    here a higher and narrower one. The tails fall as 1/x², so distant neurons still learn.
    """
    return slope / 2 * (1 / (1 + slope * x.abs())).square()


def q_pseudo_spike_primitive(x: Tensor, q: float, width: float) -> Tensor:
    """Step with tails of the power 1 - q, from 0 to width."""
    slope = 2 / ((q - 1) * width)

    def tail(u: Tensor) -> Tensor:
        is_heavy = isinstance(q, float) and q < 1.5  # lighter tails are zero long before slope*u overflows
        v, *rest = product(u, slope) if is_heavy else (slope * u,)
        return ((1 - q) * sum(rest, v.log1p())).exp()

    return width * _step(tail, x)


@surrogate(
    formula="(1 + 2*Abs(x)/((q - 1)*width))**(-q)",
    parameters=[
        Parameter(
            "q",
            2.0,
            gt=1.001,
            symbol="q",
            doc="Power of the tails: the heavier, the closer to 1. Float32 hardly tells powers below 1.001 from 1.",
        ),
        Parameter("width", 1.0, gt=0, symbol="w", doc="Area, in membrane units, whatever the tails."),
    ],
    references=["arxiv:2202.00282"],
    primitive=q_pseudo_spike_primitive,
    kernel="surroreg_zoo.kernels:q_pseudo_spike",
    traits=CUSP,
)
def q_pseudo_spike(x: Tensor, q: float, width: float) -> Tensor:
    """Bump whose tails fall as the power q, for comparing tails alone.

    Peak 1, area width, for any q. With q = 2 it is ``fast_sigmoid(slope=2/width)``; as q grows it becomes
    exp(-2*abs(x)/width). braintools has a plus where the paper and SpikingJelly have a minus: its QPseudoSpike(q)
    is this with width = (q + 1)/(q - 1).
    """
    # By a logarithm: in a power, the rounding of 1 + y would grow with q.
    return (-q * (2 / ((q - 1) * width) * x.abs()).log1p()).exp()


def circular_primitive(x: Tensor, width: float) -> Tensor:
    """Step ``(1 + x/sqrt(x² + w²))/2``, from 0 to 1."""

    def tail(u: Tensor) -> Tensor:
        side = u / width
        hypotenuse = (1 + side.square()).sqrt()
        return 1 / (hypotenuse * (hypotenuse + side))  # 1 - side/hypotenuse, which would cancel

    return _step(tail, x)


@surrogate(
    formula="1/(2*width*(1 + (x/width)**2)**(3/2))",
    parameters=[Parameter("width", 1.0, gt=0, symbol="w", doc="Width, in membrane units; the half-width is 0.77w.")],
    references=["https://pypi.org/project/norse/"],
    primitive=circular_primitive,
    kernel="surroreg_zoo.kernels:circular",
    traits=Traits(even=True, non_negative=True, stable_formula=True),
)
def circular(x: Tensor, width: float) -> Tensor:
    """Derivative of the cosine of an angle, a smooth bump with tails that fall as 1/abs(x)³.

    Peak 1/(2*width), area 1. Norse, from which it comes, scales it to peak 1, and computes it as a difference that
    has lost all digits in float16 at x = 100 and is NaN at infinity; here it is right over the whole range.
    """
    return (1 + (x / width).square()).pow(-1.5) / (2 * width)
