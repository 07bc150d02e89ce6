"""Any surrogate, scaled and shifted: a spec made from another.

Every surrogate that has a derivative takes two parameters besides its own: ``scale``, a factor of the derivative,
and ``shift``, which moves it along the membrane's axis. The step itself stays where it is.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from surroreg.errors import SpecError
from surroreg.specs.imports import loaded_object
from surroreg.specs.parameters import SCALE, SHIFT, Parameter
from surroreg.specs.signature import LEADING, Role
from surroreg.specs.spec import SurrogateSpec
from surroreg.specs.validation import FORMULA_LENGTH

Function = Callable[..., Any]


def adjusted(spec: SurrogateSpec, params: Iterable[str]) -> SurrogateSpec:
    """Return the spec that takes ``scale`` or ``shift`` too if these are among the given names, or else ``spec``."""
    asked = {*params} - {p.name for p in spec.parameters}
    if spec.derivative is None or not asked & {SCALE.name, SHIFT.name}:
        return spec
    for role in get_args(Role):
        spec.resolve(role)
    return described(spec, asked)


def described(spec: SurrogateSpec, params: Iterable[str]) -> SurrogateSpec:
    """Return the same as :func:`adjusted`, without imports: functions given by reference are imported when called."""
    asked = {*params} & {SCALE.name, SHIFT.name}
    return _adjusted(spec, SHIFT.name in asked) if asked else spec


@functools.cache
def _adjusted(spec: SurrogateSpec, shifted: bool) -> SurrogateSpec:
    extra = (SCALE, SHIFT) if shifted else (SCALE,)
    traits = spec.traits
    if shifted and traits.reads != "nothing":
        # The sign of x no longer decides: the origin of the shifted derivative is not at zero.
        moved = tuple(f"({kink}) + {SHIFT.name}" if _stands_alone(kink) else kink for kink in traits.kinks)
        traits = replace(traits, even=None, reads="input", kinks=moved)
    kernel = None if shifted and spec.traits.reads == "sign" else _function(spec, "kernel")
    return replace(
        spec,
        derivative=_around(_function(spec, "derivative"), extra, _scaled),
        primitive=_around(_function(spec, "primitive"), extra, _scaled),
        kernel=_around(kernel, extra, _scaled_kernel),
        formula=_formula(spec.formula, shifted),
        parameters=(*spec.parameters, *extra),
        traits=traits,
        base=spec,
    )


def _function(spec: SurrogateSpec, role: Role) -> Function | None:
    """Return a function of a spec. If its module is not imported yet, the result imports it when called."""
    given = getattr(spec, role)
    with contextlib.suppress(SpecError):
        if not isinstance(given, str) or loaded_object(given):
            return spec.resolve(role)

    def imported(*arguments: Any) -> Any:
        function = spec.resolve(role)
        assert function is not None
        return function(*arguments)

    imported.__module__, _, imported.__qualname__ = given.partition(":")
    imported.__signature__ = _signature([*LEADING[role], *(p.name for p in spec.parameters)])  # type: ignore[attr-defined]
    return imported


def _signature(names: Iterable[str]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind) for name in names])


def _formula(text: str | None, shifted: bool) -> str | None:
    if text is None or not _stands_alone(text):
        return text  # unreadable; parentheses could make another formula of it
    inside = re.sub(r"\bx\b", f"(x - {SHIFT.name})", text) if shifted else text
    return f"{SCALE.name}*({inside})"


def _stands_alone(text: str) -> bool:
    """Whether a text is an expression without parentheses around it, unlike ``x) + (x``."""
    try:
        ast.parse(text[:FORMULA_LENGTH].strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(text) <= FORMULA_LENGTH


@functools.cache
def _around(function: Function | None, extra: tuple[Parameter, ...], scaled: Function) -> Function | None:
    """Return a function of a spec that takes the extra parameters last; always the same object, for the caches."""
    if function is None:
        return None

    def unmoved(x: Any, *rest: Any) -> Any:
        return scaled(function, rest[-1], x, *rest[:-1])

    def moved(x: Any, *rest: Any) -> Any:
        return scaled(function, rest[-2], x - rest[-1], *rest[:-2])

    around = functools.wraps(function)(moved if SHIFT in extra else unmoved)
    names = [*inspect.signature(function).parameters, *(parameter.name for parameter in extra)]
    around.__signature__ = _signature(names)  # type: ignore[attr-defined]
    return around


def _scaled(function: Function, scale: Any, x: Any, *values: Any) -> Any:
    return function(x, *values) * scale


def _scaled_kernel(kernel: Function, scale: float, x: Any, grad: Any, *values: Any) -> Any:
    dtype = grad.dtype
    if dtype.itemsize == 2 and not all(map(_is_moderate, (scale, *values))):
        # A kernel that reads the sign computes in half precision, where the product without the scale may overflow.
        return _scaled_kernel(kernel, scale, x.float(), grad.float(), *values).to(dtype)
    if scale < 1:  # scale first, or the product may overflow
        return kernel(x, grad * scale, *values)
    # Not in place: the kernel may have returned the upstream gradient itself.
    return kernel(x, grad, *values) * scale


def _is_moderate(value: Any) -> bool:
    return not isinstance(value, float) or value == 0 or 2.0**-10 <= abs(value) <= 2.0**10
