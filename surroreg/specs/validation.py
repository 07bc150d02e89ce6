"""Checks of the arguments of definitions: texts, lists, references, the spike at zero, the saved dtype."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from surroreg.errors import ParameterError, SpecError, did_you_mean, shortened

if TYPE_CHECKING:
    from surroreg.specs.spec import SurrogateSpec

#: Length of the longest formula that is read, in characters.
FORMULA_LENGTH = 2000
#: The dtypes in which the backward pass may keep the input.
SAVED_DTYPES = ("bfloat16", "float16", "float8_e4m3fn", "float8_e5m2")
_REFERENCE = re.compile(r"[\w.]+:[\w.<>]+")


def as_tuple(values: Any, what: str) -> tuple[Any, ...]:
    """Return ``values`` as a tuple; a lone string, which would fall apart into letters, is refused."""
    try:
        if not isinstance(values, (str, bytes, Mapping)):
            return tuple(values)
    except Exception:  # raised by the object's own iteration, or because it has none
        pass
    raise SpecError(f"{what} takes a list, not {shortened(values)}.")


def check_at_zero(at_zero: Any) -> None:
    """Raise a ParameterError unless a spike at exactly zero is 0, 1, or as the spec says."""
    if at_zero is not None and not (isinstance(at_zero, Real) and at_zero in (0, 1)):
        raise ParameterError(f"at_zero must be 0 or 1, not {shortened(at_zero)}.")


def as_saved_dtype(saved_dtype: Any) -> str | None:
    """Return the name of a dtype in which the input may be kept, or ``None`` for the input's own.

    Raises:
        ParameterError: it is none of :data:`SAVED_DTYPES`, as a torch dtype or as text.
    """
    if saved_dtype is None:
        return None
    name = saved_dtype if isinstance(saved_dtype, str) else str(saved_dtype).removeprefix("torch.")
    if name not in SAVED_DTYPES:
        wide = name in ("float32", "float64")
        hint = " Leave it out to keep the input as it is." if wide else did_you_mean(name, SAVED_DTYPES)
        known = ", ".join(SAVED_DTYPES)
        raise ParameterError(f"saved_dtype must be one of {known}, not {shortened(saved_dtype)}.{hint}")
    return name


def as_text(value: Any, what: str) -> str:
    """Return ``value`` as a ``str`` that can be printed and written to a file.

    Raises:
        SpecError: it is no text, or has half a character.
    """
    if not isinstance(value, str):
        raise SpecError(f"{what} must be text, not {shortened(value)}.")
    text = str.__str__(value)  # a subclass could override comparison and repr
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        raise SpecError(f"{what} has half a character, which no file can hold: {shortened(text)}.")
    return text


def as_reference(value: Any, what: str) -> str:
    """Return ``value`` if it looks like ``"package.module:name"``.

    Raises:
        SpecError: it does not.
    """
    text = as_text(value, what)
    if not _REFERENCE.fullmatch(text):
        raise SpecError(f"{what} must be 'package.module:name' of something, not {shortened(text)}.")
    return text


def require_derivative(spec: SurrogateSpec, remedy: str = "") -> None:
    """Raise a NotImplementedError for a spec that is built by a factory.

    Args:
        spec: any.
        remedy: a sentence on what to do instead.
    """
    if spec.derivative is None:
        text = f"{spec.name!r} is built by a factory, so its derivative is not available."
        raise NotImplementedError(f"{text} {remedy}".rstrip())
