"""Surrogates for surroreg: ``surroreg.load("template/bump", width=0.5)``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from surroreg import Parameter, SurrogateSpec, Traits, hookimpl, surrogate

if TYPE_CHECKING:  # listing and showing surrogates must not import torch
    from torch import Tensor


def bump_primitive(x: Tensor, width: float) -> Tensor:
    """A smooth step from 0 at -width to 1 at width."""
    inside = 1 + x.clamp(-width, width) / width
    return (inside - (math.pi * inside).sin() / math.pi) / 2


@surrogate(
    formula="Piecewise(((1 + cos(pi*x/width))/(2*width), Abs(x) < width), (0, True))",
    parameters=[
        Parameter("width", 1.0, gt=0, symbol="w", doc="Where the gradient ends, on both sides, in membrane units.")
    ],
    references=["doi:10.1109/PROC.1978.10837"],
    primitive=bump_primitive,
    traits=Traits(even=True, non_negative=True, kinks=("-width", "width")),
)
def bump(x: Tensor, width: float) -> Tensor:
    """A raised cosine: a smooth hill that ends.

    Peak 1/width, half of that at width/2, area 1. Beyond width it is exactly zero: a neuron that stays
    further than that from its threshold learns nothing. The shape is the Hann window of Harris (1978).
    """
    # Near the edge 1 + cos loses all digits; the sine of the distance to the edge keeps them.
    inside = (1 - (x / width).abs()).relu()
    return (math.pi / 2 * inside).sin().square() / width


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return all surrogates of this package."""
    return [bump]
