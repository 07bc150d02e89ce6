"""Bells: the normal density, alone and with negative sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from surroreg import Parameter, Traits, surrogate

if TYPE_CHECKING:
    from torch import Tensor

SIGMA = Parameter("sigma", 0.5, gt=0, symbol="σ", doc="Standard deviation, in membrane units; the half-width is 1.18σ.")


def _density(x: Tensor, sigma: float) -> Tensor:
    return (-(x / sigma).square() / 2).exp() / (sigma * math.sqrt(2 * math.pi))


def gaussian_primitive(x: Tensor, sigma: float) -> Tensor:
    """Normal distribution function, from 0 to 1."""
    # erfc of -x: 1 + erf would lose all digits on the left.
    return (-x / (math.sqrt(2) * sigma)).erfc() / 2


@surrogate(
    formula="exp(-(x/sigma)**2/2)/(sigma*sqrt(2*pi))",
    parameters=[SIGMA],
    references=["arxiv:1706.02609"],
    primitive=gaussian_primitive,
    kernel="surroreg_zoo.kernels:gaussian",
    traits=Traits(even=True, non_negative=True, stable_formula=True),
)
def gaussian(x: Tensor, sigma: float) -> Tensor:
    """Normal density around the threshold.

    Peak 0.4/sigma (0.8 at the default), area 1. No other bump here has lighter tails: in float32 the gradient is
    exactly zero from 14.5*sigma on. SpikingJelly and Norse name it after its primitive, the error function, and
    give an inverse width: alpha = 1/(sqrt(2)*sigma).
    """
    return _density(x, sigma)


def multi_gaussian_primitive(x: Tensor, sigma: float, h: float, s: float) -> Tensor:
    """Three normal distribution functions, from 0 to 1 - h; not monotone."""
    sides = gaussian_primitive(x - sigma, s * sigma) + gaussian_primitive(x + sigma, s * sigma)
    return (1 + h) * gaussian_primitive(x, sigma) - h * sides


@surrogate(
    formula="((1 + h)*exp(-(x/sigma)**2/2)"
    " - h/s*(exp(-((x - sigma)/(s*sigma))**2/2) + exp(-((x + sigma)/(s*sigma))**2/2)))/(sigma*sqrt(2*pi))",
    parameters=[
        Parameter("sigma", 0.5, gt=0, symbol="σ", doc="Standard deviation of the middle, in membrane units."),
        Parameter("h", 0.15, ge=0, symbol="h", doc="Area of each of the two negative bells."),
        Parameter("s", 6.0, gt=0, symbol="s", doc="How many times wider than the middle the negative bells are."),
    ],
    references=["doi:10.1038/s42256-021-00397-w"],
    aliases=["MultiGaussian"],
    primitive=multi_gaussian_primitive,
    kernel="surroreg_zoo.kernels:multi_gaussian",
    traits=Traits(even=True, non_negative=False, stable_formula=True),
)
def multi_gaussian(x: Tensor, sigma: float, h: float, s: float) -> Tensor:
    """Normal density minus two wide ones, centred sigma below and above the threshold.

    Peak 0.88 at the defaults, area 1 - h. Negative away from the threshold (at the defaults where abs(x) > 1.27,
    down to -0.032): neurons there are pushed the other way, on purpose. braintools and slax halve it.
    """
    sides = _density(x - sigma, s * sigma) + _density(x + sigma, s * sigma)
    return (1 + h) * _density(x, sigma) - h * sides
