"""Exponential decay on both sides of a peak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor


def spike_rate_escape_primitive(x: Tensor, beta: float, slope: float) -> Tensor:
    """Two exponentials joined at x = 1, from 0 to 2*slope/beta."""
    distance = x - 1
    tail = (-beta * distance.abs()).exp()
    return slope / beta * (1 + distance.sign() * (1 - tail))


@surrogate(
    formula="slope*exp(-beta*Abs(x - 1))",
    parameters=[
        Parameter("beta", 1.0, gt=0, symbol="β", doc="Steepness of the decay; the half-width is 0.69/β."),
        Parameter("slope", 25.0, gt=0, symbol="k", doc="Height of the peak."),
    ],
    references=["doi:10.1017/CBO9780511815706"],
    aliases=["SpikeRateEscape"],
    primitive=spike_rate_escape_primitive,
    kernel="surroreg.builtin.kernels:spike_rate_escape",
    traits=Traits(even=False, non_negative=True, kinks=("1",), stable_formula=True),
)
def spike_rate_escape(x: Tensor, beta: float, slope: float) -> Tensor:
    """Exponential decay of the escape rate around x = 1.

    The peak, of height slope, is one unit *above* the threshold: the function was written for a raw
    membrane with threshold 1, and is applied to membrane - threshold. The area is 2*slope/beta, 50 at
    the defaults: a very large gain.
    """
    return slope * (-beta * (x - 1).abs()).exp()
