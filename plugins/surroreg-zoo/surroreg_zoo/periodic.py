"""Gradients that repeat along the membrane's axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from surroreg import Parameter, Traits, surrogate

if TYPE_CHECKING:
    from torch import Tensor


def _far(x: Tensor, period: float) -> Tensor:
    """Return where the number of periods is infinite in the dtype."""
    return (x / period).isinf()


def _phase(x: Tensor, period: float) -> Tensor:
    """Return the remainder of ``x`` by the period. It is exact, and zero where it would be NaN."""
    return x.masked_fill(_far(x, period), 0.0).fmod(period)


def square_wave_fourier_primitive(x: Tensor, terms: int, period: float) -> Tensor:
    """Partial sum of the Fourier series of a square wave between 0 and 1."""
    angle = _phase(x, period) * (2 * math.pi / period)
    waves = [(odd * angle).sin() / odd for odd in range(1, 2 * terms, 2)]
    return 0.5 + 2 / math.pi * sum(waves[1:], waves[0])


@surrogate(
    formula="2/period*chebyshevu(2*terms - 1, cos(2*pi*x/period))",
    parameters=[
        Parameter("terms", 1, type=int, ge=1, symbol="n", doc="Number of cosines in the sum."),
        Parameter("period", 8.0, gt=0, symbol="T", doc="Period, in membrane units."),
    ],
    references=["https://pypi.org/project/spikingjelly/", "https://pypi.org/project/braintools/"],
    primitive=square_wave_fourier_primitive,
    kernel="surroreg_zoo.kernels:square_wave_fourier",
    traits=Traits(even=True, non_negative=False),
)
def square_wave_fourier(x: Tensor, terms: int, period: float) -> Tensor:
    """Derivative of the first terms of a square wave's Fourier series.

    It is 4/period times the sum of cos((2i - 1)*2*pi*x/period) for i from 1 to terms. Peak 4*terms/period; area 4/pi
    over the half period around the threshold (1 with many terms) and as much below zero over the next. It never falls
    off: half a period away a membrane is pushed the wrong way as hard as one at threshold is pushed the right way.
    Zero for an infinite membrane. braintools counts the terms as here; SpikingJelly's n sums n - 1 of them.
    """
    angle = _phase(x, period) * (2 * math.pi / period)
    waves = [(odd * angle).cos() for odd in range(1, 2 * terms, 2)]
    return (4 / period * sum(waves[1:], waves[0])).masked_fill(_far(x, period), 0.0)


@surrogate(
    formula="Piecewise((exp(x/width), x < 0), (exp(-Abs(x - period*floor(x/period + 1/2))/width_above), True))",
    parameters=[
        Parameter("width", 0.5, gt=0, symbol="w", doc="Where below threshold the gradient has fallen to 1/e."),
        Parameter("width_above", 0.5, gt=0, symbol="v", doc="The same around each of the peaks above threshold."),
        Parameter(
            "period",
            1.0,
            gt=0.001,
            symbol="T",
            doc="Distance between peaks, the neuron's threshold; float16 cannot resolve shorter ones than 0.001 at 1.",
        ),
    ],
    references=["arxiv:2111.01456"],
    kernel="surroreg_zoo.kernels:periodic_exponential",
    # They go on for ever, half a period apart; these are the ones near the threshold.
    traits=Traits(even=False, non_negative=True, kinks=("0", "period/2", "period")),
)
def periodic_exponential(x: Tensor, width: float, width_above: float, period: float) -> Tensor:
    """Exponential peaks at the threshold and at every period above it; exponential decay below.

    Peak 1, infinite area; zero for an infinite membrane. For neurons that fire several spikes in one step, a further
    one at each multiple of the threshold; with one that fires once, the further peaks mean nothing. rockpool has one
    width and divides by the threshold; sinabs's grad_width is width, and twice width_above.
    """
    below = (x.clamp(max=0) / width).exp()
    phase = _phase(x.clamp(min=0), period)
    peaks = (-phase.minimum(period - phase) / width_above).exp()
    return (below * peaks).masked_fill(_far(x, period), 0.0)
