"""Values of all parameters, drawn at once: a defect may hide until two of them differ from their defaults."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from surroreg.conformance.case import Case
from surroreg.errors import ParameterError
from surroreg.specs import Parameter

#: How many times all parameters are drawn together.
JOINT = 4


def drawn(case: Case) -> Iterator[tuple[str, Case]]:
    """Yield the case itself, then, if it has the defaults, the case at other values, each with words for a message.

    The other values are a hundred times and a hundredth of each float, its negative where the bounds admit it, and
    draws of all parameters at once. None of them is round: a truncated value is another value.
    """
    yield "", case
    if not case.is_default or case.bare is not None:
        return
    sets = [*_alone(case), *_together(case)]
    for params in sets:
        values = ", ".join(f"{p.name}={params[p.name]!r}" for p in case.spec.parameters)
        yield f" at {values}", case.with_params(params)


def _alone(case: Case) -> Iterator[dict[str, Any]]:
    for parameter in case.spec.parameters:
        value = case.params[parameter.name]
        if parameter.type is not float:
            continue
        for tried in (value * 100.3, value / 100.3, -value * 1.3) if value else (0.37, -2.6):
            if admits(parameter, tried):
                yield {**case.params, parameter.name: tried}


def _together(case: Case) -> Iterator[dict[str, Any]]:
    numbers = [p for p in case.spec.parameters if p.type in (int, float, bool)]
    if not numbers:
        return
    generator = random.Random(case.seed)
    for _ in range(JOINT):
        yield {**case.params, **{p.name: _draw(p, case.params[p.name], generator) for p in numbers}}


def _draw(parameter: Parameter, value: Any, generator: random.Random) -> Any:
    """Return a value within the bounds: log-uniform around the given value, or uniform between two bounds."""
    if parameter.type is bool:
        return generator.random() < 0.5
    low = parameter.gt if parameter.ge is None else parameter.ge
    high = parameter.lt if parameter.le is None else parameter.le
    for _ in range(8):
        if low is not None and high is not None:
            tried = low + (high - low) * generator.random()
        else:
            tried = (value or generator.choice((1, -1))) * 10 ** generator.uniform(-1, 1)
        tried = round(tried) if parameter.type is int else tried
        # At zero a formula may lose what it declares, such as a kink.
        if (tried or not value) and admits(parameter, tried):
            return tried
    return value


def admits(parameter: Parameter, value: Any) -> bool:
    """Return whether a value is within a parameter's bounds."""
    try:
        parameter.check(value)
    except ParameterError:
        return False
    return True
