"""How far a parameter's slider reaches: as far as its bounds where there are any, and about its default elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from surroreg.specs.parameters import Parameter

#: Places of a slider, besides the first.
STEPS = 200
#: A range is wide, and its slider logarithmic, from this ratio of its ends on.
WIDE = 100


@dataclass(frozen=True)
class Slider:
    """The values that a slider offers; a number typed beside it may be any that the parameter allows.

    Args:
        low, high: its ends, both allowed.
        steps: how many steps there are between them.
        zero: the logarithm taken is that of the distance from here; ``None`` for a linear slider.
    """

    low: float
    high: float
    steps: int = STEPS
    zero: float | None = None


def slider(parameter: Parameter, value: float) -> Slider:
    """Return the slider of a number.

    Args:
        parameter: of type ``float`` or ``int``.
        value: the one it shows first; where one side has no bound, the slider reaches as far as this suggests.
    """
    least = max((bound for bound in (parameter.gt, parameter.ge) if bound is not None), default=-math.inf)
    most = min((bound for bound in (parameter.lt, parameter.le) if bound is not None), default=math.inf)
    if parameter.type is int:
        return _whole(parameter, value, least, most)
    reached, limits = _real(parameter, value, least, most), parameter.range
    return replace(
        reached,
        low=max(reached.low, limits.get("ge", -math.inf)),
        high=min(reached.high, limits.get("le", math.inf)),
    )


def _real(parameter: Parameter, value: float, least: float, most: float) -> Slider:
    open_below, open_above = parameter.gt == least, parameter.lt == most
    if math.isfinite(most):
        low = least if math.isfinite(least) else most - _reach(most - value)
        step = (most - low) / STEPS
        ends = min(value, low + step * (open_below and low == least)), max(value, most - step * open_above)
        wide = 0 < ends[0] * WIDE <= ends[1] and not open_above
        return Slider(*ends, zero=0.0 if wide else None)
    if math.isinf(least):
        return Slider(value - 5 * max(1.0, abs(value)), value + 5 * max(1.0, abs(value)))
    if open_below:
        return Slider(least + (value - least) / WIDE, least + (value - least) * WIDE, zero=float(least))
    return Slider(float(least), least + _reach(value - least))


def _reach(distance: float) -> float:
    return 10 * distance or 1.0


def _whole(parameter: Parameter, value: float, least: float, most: float) -> Slider:
    low = math.floor(least) + 1 if parameter.gt == least else least
    high = math.ceil(most) - 1 if parameter.lt == most else most
    low = math.ceil(low) if math.isfinite(low) else int(min(value, high)) - 20
    high = math.floor(high) if math.isfinite(high) else int(max(low + 20, value, 10 * value))
    return Slider(low, high, steps=high - low)
