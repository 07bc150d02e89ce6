"""The formula of a spec, as numbers: exact values, kinks, and the shape they give.

SymPy and mpmath come with torch, and are imported only here, when asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surroreg.errors import SpecError
from surroreg.specs import SurrogateSpec

#: Digits to which a formula is evaluated: enough that float64 takes it for exact.
DIGITS = 40
#: In a formula, a number drawn uniformly from [0, 1) at every call.
NOISE = "U"


@functools.cache
def parse(spec: SurrogateSpec, text: str) -> Any:
    """Return ``text`` as a SymPy expression in ``x``, the spec's parameters and ``U``.

    Raises:
        SpecError: it cannot be read, or uses a name that is none of these.
    """
    import sympy

    known = {name: sympy.Symbol(name, real=True) for name in ("x", NOISE, *(p.name for p in spec.parameters))}
    try:
        expression = sympy.sympify(text, locals=known)
        strange = sorted(str(symbol) for symbol in expression.free_symbols - set(known.values()))
    except Exception as error:
        raise SpecError(f"{spec.name}: the formula {text!r} cannot be read: {type(error).__name__}: {error}") from error
    if strange:
        raise SpecError(f"{spec.name}: the formula {text!r} uses {strange[0]!r}; it may use {', '.join(known)}.")
    return expression


def expression(spec: SurrogateSpec) -> Any:
    """Return the declared derivative as a SymPy expression.

    Raises:
        SpecError: there is no formula, or it cannot be read.
    """
    return parse(spec, _declared(spec))


def _declared(spec: SurrogateSpec) -> str:
    if spec.formula is None:
        raise SpecError(f"{spec.name}: there is no formula.")
    return spec.formula


@functools.cache
def _function(spec: SurrogateSpec, text: str) -> Callable[..., Any]:
    import sympy

    arguments = [sympy.Symbol(name, real=True) for name in ("x", NOISE, *(p.name for p in spec.parameters))]
    return sympy.lambdify(arguments, parse(spec, text), modules="mpmath")  # type: ignore[no-any-return]


def values(
    spec: SurrogateSpec, points: Sequence[float], params: Mapping[str, Any], *, noise: float = 0.5
) -> list[float]:
    """Return the declared derivative at finite ``points``, each rounded once, from at least 40 digits.

    Raises:
        SpecError: there is no formula, or it cannot be read.
    """
    text = _declared(spec)
    return [_evaluate(spec, text, params, x, noise) for x in points]


def kinks(spec: SurrogateSpec, params: Mapping[str, Any]) -> list[float]:
    """Return the places where the derivative is declared not to be smooth, sorted."""
    return sorted(_evaluate(spec, text, params) for text in spec.traits.kinks)


def _evaluate(spec: SurrogateSpec, text: str, params: Mapping[str, Any], x: float = 0.0, noise: float = 0.5) -> float:
    import mpmath

    function = _function(spec, text)
    arguments = [x, noise, *(params[p.name] if p.type in (int, float) else 0 for p in spec.parameters)]
    # A difference such as 1 - tanh(x)**2 may cancel to nothing: then with digits for all of float64's range.
    for digits in (DIGITS, 20 * DIGITS):
        with mpmath.workdps(digits):
            value = float(function(*map(mpmath.mpf, arguments)))
        if value:
            break
    return value
