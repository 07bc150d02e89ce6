"""The sets of parameter values that are tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surroreg.conformance.table import ConformanceError
from surroreg.errors import ParameterError
from surroreg.specs import SurrogateSpec


def sweep(spec: SurrogateSpec) -> Iterator[dict[str, Any]]:
    """Yield sets of parameter values: the defaults, the spec's examples, then one parameter varied at a time.

    A number takes the declared bounds, or comes close to those it must not touch, a quarter of its default
    and four times that.

    Raises:
        ConformanceError: a required parameter has no example.
    """
    base = {p.name: p.default for p in spec.parameters if not p.required}
    examples = [{**base, **example} for example in spec.examples]
    missing = [p.name for p in spec.parameters if p.required and not any(p.name in e for e in examples)]
    if missing:
        raise ConformanceError(
            f"a spec with a required parameter gives an example to check with: examples=[{{{missing[0]!r}: ...}}]",
            got="none",
        )
    seen: list[dict[str, Any]] = []
    first = base if all(p.name in base for p in spec.parameters) else examples[0]
    varied = [{**first, p.name: value} for p in spec.parameters for value in variations(p, first[p.name])]
    for values in [first, *examples, *varied]:
        values = {p.name: p.check(values[p.name]) for p in spec.parameters}
        if values not in seen:
            seen.append(values)
            yield values


def variations(parameter: Any, value: Any) -> Iterator[Any]:
    """Yield other values of a parameter that are worth trying, within its bounds."""
    if parameter.type is bool:
        yield not value
    if parameter.type not in (int, float):
        return
    tried = [value / 4, value * 4] if value else [1, -1]
    tried += [bound for bound in (parameter.ge, parameter.le) if bound is not None]
    # Right beside an open bound most formulas overflow, rightly; a hundredth of the way there is near enough.
    tried += [bound + (value - bound) / 100 for bound in (parameter.gt, parameter.lt) if bound is not None]
    for candidate in tried:
        if parameter.type is int:
            candidate = round(candidate)
        try:
            yield parameter.check(candidate)
        except ParameterError:
            continue
