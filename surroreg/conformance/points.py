"""Inputs to try."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


def awkward(dtype: torch.dtype) -> list[float]:
    """Return both zeros, then numbers at which a step is easily got wrong, in a dtype's own range."""
    info = torch.finfo(dtype)
    subnormal = info.smallest_normal * info.eps
    sizes = [
        subnormal,  # next to zero
        3 * subnormal,
        info.smallest_normal,
        info.eps,
        *(10.0**power for power in range(-8, 5) if info.smallest_normal < 10.0**power < info.max),
        1 - info.eps / 2,
        1 + info.eps,
        math.sqrt(info.max),
        info.max / 2,
        info.max,
        math.inf,
    ]
    return [0.0, -0.0, *sizes, *(-size for size in sizes), math.nan]


def ordinary(kinks: Sequence[float]) -> list[float]:
    """Return values on which formulas are compared: even steps, even ratios, both sides of every kink."""
    steps = [step / 16 for step in range(-80, 81)]
    ratios = [sign * 10 ** (power / 4) for power in range(-24, 13) for sign in (1, -1)]
    sides = [kink + sign * 10.0**power for kink in kinks for power in range(-6, 0) for sign in (1, -1)]
    nearest = [math.nextafter(kink, sign * math.inf) for kink in kinks for sign in (1, -1)]
    return [*steps, *ratios, *sides, *nearest]


def far(dtype: torch.dtype) -> list[float]:
    """Return values of every magnitude, from the smallest subnormal number of a dtype to 1e6, of both signs."""
    info = torch.finfo(dtype)
    sizes = [info.smallest_normal * factor for factor in (info.eps, 3 * info.eps, 0.4, 1.0)]
    sizes += [1.37 * 10.0**power for power in range(-30, -5)]
    sizes += [factor * 10.0**power for power in (3, 4, 5) for factor in (1.37, 3.1, 6.9)]
    return [sign * size for size in (*sizes, 1e6) for sign in (1, -1)]
