"""The range of a parameter's slider: up to the bounds of the parameter, or around its default on a side without any."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from surroreg.specs.parameters import Parameter

#: Steps of a slider.
STEPS = 200
#: From this ratio of its ends on, a range is wide, and its slider is logarithmic.
WIDE = 100


@dataclass(frozen=True)
class Slider:
    """The values of a slider. The field beside the slider takes any value that the parameter permits.

    Args:
        low, high: the ends, both permitted values.
        steps: the number of steps between the ends.
        zero: a logarithmic slider moves by the logarithm of the distance from this number; ``None``: a linear slider.
    """

    low: float
    high: float
    steps: int = STEPS
    zero: float | None = None


def slider(parameter: Parameter, value: float) -> Slider:
    """Return the slider of a parameter.

    Args:
        parameter: a parameter of type ``float`` or ``int``.
        value: the first position. On a side without a bound, this value decides the reach of the slider.
    """
    least = max((bound for bound in (parameter.gt, parameter.ge) if bound is not None), default=-math.inf)
    most = min((bound for bound in (parameter.lt, parameter.le) if bound is not None), default=math.inf)
    if parameter.type is int:
        return _whole(parameter, value, least, most)
    real, limits = _real(parameter, value, least, most), parameter.range
    low, high = max(real.low, limits.get("ge", -math.inf)), min(real.high, limits.get("le", math.inf))
    return replace(real, low=low, high=high)


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
