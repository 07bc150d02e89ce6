"""Tails that fall as 1/x: the primitive grows as a logarithm, and the area is infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg import Parameter, Traits, surrogate

from surroreg_zoo.windows import above_zero, at_least, at_most

if TYPE_CHECKING:
    from torch import Tensor


def product(x: Tensor, factor: float) -> tuple[Tensor, ...]:
    """Return ``factor*x``, clamped before it can overflow, and the part of its logarithm that the clamp removes.

    The second has the sign of x. If the factor is a tensor, there is no second, and no clamp: a tensor is learnt by the
    primitive at every step, and both would take half as long again.
    """
    if not isinstance(factor, float):
        return (factor * x,)
    end = 2.0**100
    return (factor * x).clamp(-end, end), (factor / end * x.abs()).clamp(min=1).log() * x.sign()


def signed_log_primitive(x: Tensor, slope: float) -> Tensor:
    """Logarithm ``sign(x)*log(1 + slope*|x|)/slope``."""
    u, *rest = product(x, slope)
    # At zero the relu has slope 0, so the slope of the sum is that of at_least, 1.
    return sum(rest, at_least(u, 0.0).log1p() - (-u).relu().log1p()) / slope


@surrogate(
    formula="1/(1 + slope*Abs(x))",
    parameters=[Parameter("slope", 1.0, gt=0, symbol="k", doc="Steepness; the half-width is 1/k.")],
    references=["https://pypi.org/project/spikingjelly/"],
    primitive=signed_log_primitive,
    kernel="surroreg_zoo.kernels:signed_log",
    traits=Traits(even=True, non_negative=True, kinks=("0",), stable_formula=True),
)
def signed_log(x: Tensor, slope: float) -> Tensor:
    """Derivative of a logarithm that grows on both sides of the threshold.

    Peak 1, infinite area. The heaviest tails here: a neuron a hundred units from threshold still gets a hundredth
    of the gradient. snnax calls it superspike_surrogate, but the function of the SuperSpike paper is the square of
    this, the built-in ``fast_sigmoid``.
    """
    return 1 / (1 + slope * x.abs())


def s2nn_primitive(x: Tensor, alpha: float, beta: float) -> Tensor:
    """Logistic sigmoid below threshold, 1/2 plus a logarithm above."""
    return (-alpha * (-x).relu()).sigmoid() + beta * at_least(x, 0.0).log1p()


@surrogate(
    formula="Piecewise((alpha/4/cosh(alpha*x/2)**2, x < 0), (beta/(x + 1), True))",
    parameters=[
        Parameter("alpha", 4.0, gt=0, symbol="α", doc="Steepness below threshold, where the gradient ends at α/4."),
        Parameter("beta", 1.0, gt=0, symbol="β", doc="The gradient at threshold and right above."),
    ],
    references=["arxiv:2201.10879"],
    aliases=["S2NN"],
    primitive=s2nn_primitive,
    kernel="surroreg_zoo.kernels:s2nn",
    traits=Traits(even=False, non_negative=True, kinks=("0",), stable_formula=True),
)
def s2nn(x: Tensor, alpha: float, beta: float) -> Tensor:
    """Logistic sigmoid's derivative below threshold, beta/(x + 1) from it on.

    Peak the larger of alpha/4 and beta, 1 at the defaults. The area is 1/2 below threshold and infinite above, where
    the tail is slow. Made for networks that run for a single time step. The sides meet only where alpha = 4*beta.
    """
    below = above_zero(-x)
    tail = (-alpha * x.abs()).exp()
    return alpha * tail / (1 + tail).square() * below + beta / (1 + x.clamp(min=0)) * (1 - below)


def log_tailed_relu_primitive(x: Tensor, alpha: float) -> Tensor:
    """Leaky rectifier that grows as a logarithm above 1."""
    return alpha * at_most(x, 0.0) + at_most(x.relu(), 1.0) + (x - 1).relu().log1p()


@surrogate(
    formula="Piecewise((alpha, x <= 0), (1/Max(x, 1), True))",
    parameters=[Parameter("alpha", 0.0, ge=0, symbol="α", doc="The gradient at and below threshold.")],
    references=["arxiv:1702.00953"],
    aliases=["LogTailedReLU"],
    primitive=log_tailed_relu_primitive,
    kernel="surroreg_zoo.kernels:log_tailed_relu",
    traits=Traits(even=False, non_negative=True, kinks=("0", "1"), stable_formula=True),
)
def log_tailed_relu(x: Tensor, alpha: float) -> Tensor:
    """1 up to one unit above threshold, 1/x from there; a constant below.

    Peak 1 unless alpha is larger; infinite area. At the default there is no gradient at or below threshold: a neuron
    that is silent stays silent. It was proposed for quantised activations, not for spikes.
    """
    above = above_zero(x)
    return alpha * (1 - above) + above / x.clamp(min=1)


def fake_numerical_gradient_primitive(x: Tensor, alpha: float) -> Tensor:
    """Straight line through the threshold, a logarithm from ``1/alpha`` on."""
    u, *rest = product(x, alpha)
    return sum(rest, at_most(at_least(u, -1.0), 1.0) + (u - 1).relu().log1p() - (-u - 1).relu().log1p())


@surrogate(
    formula="1/Max(Abs(x), 1/alpha)",
    parameters=[
        Parameter("alpha", 0.3, gt=0, symbol="α", doc="Largest gradient, reached within 1/α of the threshold.")
    ],
    references=["https://pypi.org/project/spikingjelly/"],
    aliases=["FakeNumericalGradient"],
    primitive=fake_numerical_gradient_primitive,
    kernel="surroreg_zoo.kernels:fake_numerical_gradient",
    traits=Traits(even=True, non_negative=True, kinks=("-1/alpha", "1/alpha"), stable_formula=True),
)
def fake_numerical_gradient(x: Tensor, alpha: float) -> Tensor:
    """The spike's height over the distance from threshold, at most alpha.

    Peak alpha, flat within 1/alpha of the threshold (3.3 units at the default), infinite area. In SpikingJelly 2.0.0
    the gradient at -0.0 is minus infinity; here both zeros give alpha.
    """
    return 1 / x.abs().clamp(min=1 / alpha)
