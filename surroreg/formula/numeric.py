"""The values of a formula, by mpmath. SymPy takes ten times as long to import."""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surroreg.errors import SpecError, shortened
from surroreg.formula import grammar
from surroreg.formula.text import NOISE, declared, tree
from surroreg.specs import SurrogateSpec

#: Decimal digits of an evaluation: so many that its value, rounded to float64, is exact.
DIGITS = 40
#: Binary digits of the longest exponent, and of the highest order of a polynomial. Each digit costs a step, so a longer
#: number counts as infinite.
_LONGEST = 128


def values(
    spec: SurrogateSpec, points: Sequence[float], params: Mapping[str, Any], *, noise: float = 0.5
) -> list[float]:
    """Return the declared derivative at finite ``points``, rounded once from 40 digits, or NaN where it is not real.

    Raises:
        SpecError: the spec has no formula, or the formula cannot be read.
    """
    text = declared(spec)
    return [_evaluate(spec, text, params, x, noise) for x in points]


def kinks(spec: SurrogateSpec, params: Mapping[str, Any]) -> list[float]:
    """Return the declared kinks of the derivative, sorted.

    Raises:
        SpecError: a kink cannot be read, or is not finite at these parameters.
    """
    places = [_evaluate(spec, text, params) for text in spec.traits.kinks]
    for text, place in zip(spec.traits.kinks, places, strict=True):
        if not math.isfinite(place):
            raise SpecError(f"{spec.name}: the kink {shortened(text, 80)} is {place} at {dict(params)}.")
    return sorted(places)


def _evaluate(spec: SurrogateSpec, text: str, params: Mapping[str, Any], x: float = 0.0, noise: float = 0.5) -> float:
    names = {"x": x, NOISE: noise}
    names |= {p.name: params[p.name] if p.type in (int, float) else 0 for p in spec.parameters}
    numbers = all(type(value) in (int, float) for value in names.values())  # a tensor may change
    return (_value if numbers else _value.__wrapped__)(tree(spec, text), tuple(names.items()))


@functools.lru_cache(maxsize=8192)  # several checks of a surrogate ask for the same values
def _value(tree: ast.expr, names: tuple[tuple[str, float], ...]) -> float:
    # A difference such as 1 - tanh(x)**2 may cancel to zero. A second evaluation has digits for float64's whole range.
    for digits in (DIGITS, 20 * DIGITS):
        value = _function(tree, digits)(dict(names))
        if value:
            break
    return float(value)


@functools.lru_cache(maxsize=1024)
def _function(tree: ast.expr, digits: int) -> Callable[[Mapping[str, float]], Any]:
    """Return a function from the values of a formula's names to its value. Time and memory are bounded."""
    mp = context(digits)
    function = compiled(tree, mp)
    return lambda names: function({name: mp.mpf(value) for name, value in names.items()})


@functools.cache
def context(digits: int) -> Any:
    """Return a context of mpmath with so many decimal digits."""
    from mpmath.ctx_mp import MPContext

    context = MPContext()  # not mpmath.mp: users and other threads set its digits
    context.dps = digits
    return context


def compiled(node: ast.expr, mp: Any) -> Callable[[Mapping[str, Any]], Any]:
    """Return a node as a function of the values of its names, which are numbers of the context."""
    match node:
        case ast.Constant(value=value):
            constant = value if isinstance(value, bool) else mp.mpf(value)
            return lambda names: constant
        case ast.Name(id=name):
            default = +getattr(mp, grammar.CONSTANTS.get(name, "nan"))
            return lambda names: names.get(name, default)
    kind, parts = grammar.parts(node)
    operands = [compiled(part, mp) for part in parts]
    if kind == "Piecewise":
        cases = list(zip(operands[::2], operands[1::2], strict=True))
        return lambda names: next((value(names) for value, condition in cases if condition(names)), mp.nan)
    function = _VALUES.get(kind) or _plain(grammar.FUNCTIONS[kind])
    return lambda names: function(mp, *[operand(names) for operand in operands])


def _plain(function: grammar.Function) -> Callable[[Any, Any], Any]:
    def value(mp: Any, v: Any) -> Any:
        if not function.low <= v <= function.high:  # mpmath would return a complex number
            return mp.nan
        return getattr(mp, function.name)(v if mp.mag(v) <= function.reach else v * mp.inf)

    return value


def _ratio(mp: Any, above: Any, below: Any) -> Any:
    return above / below if below else mp.sign(above) * mp.inf


def _power(mp: Any, base: Any, exponent: Any) -> Any:
    if mp.isnan(base) or mp.isnan(exponent) or (base < 0 and not mp.isint(exponent)):
        return mp.nan
    if mp.mag(exponent) > _LONGEST:
        return mp.one if abs(base) == 1 else mp.inf if (abs(base) > 1) == (exponent > 0) else mp.zero
    return base**exponent if base or exponent >= 0 else mp.inf


def _remainder(mp: Any, above: Any, below: Any) -> Any:
    octaves = mp.mag(above) - mp.mag(below)  # mpmath writes out a binary digit for each octave
    if not below or octaves > grammar.REACH:
        return mp.nan
    return above % below if octaves > -grammar.REACH else above - below * mp.floor(above / below)


def _chebyshev(mp: Any, order: Any, v: Any) -> tuple[Any, Any]:
    """Return T of an order and U of the order below, by repeated squaring. NaN unless the order is a whole number."""
    if not mp.isint(order) or order < 0 or mp.mag(order) > _LONGEST:
        return mp.nan, mp.nan
    number, beside = int(order), v * v - 1
    t, u, square_t, square_u = mp.one, mp.zero, v, mp.one
    while number:
        if number & 1:
            t, u = t * square_t + beside * u * square_u, t * square_u + u * square_t
        square_t, square_u = square_t * square_t + beside * square_u * square_u, 2 * square_t * square_u
        number >>= 1
    return t, u


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda mp, *v: function(*v)


#: Operators, and functions that mpmath lacks, does not bound, or gets wrong, such as its floor of infinity.
_VALUES: Mapping[Any, Callable[..., Any]] = {
    **{op: _alone(function) for op, function in (*grammar.ARITHMETIC.items(), *grammar.RELATIONS.items())},
    ast.Div: _ratio,
    ast.Pow: _power,
    ast.Invert: _alone(operator.not_),
    ast.BitAnd: _alone(operator.and_),
    ast.BitOr: _alone(operator.or_),
    "floor": lambda mp, v: v if mp.isinf(v) else mp.floor(v),
    "ceiling": lambda mp, v: v if mp.isinf(v) else mp.ceil(v),
    "Heaviside": lambda mp, v: (1 + mp.sign(v)) / 2,
    "Max": lambda mp, *v: mp.nan if any(map(mp.isnan, v)) else max(v),
    "Min": lambda mp, *v: mp.nan if any(map(mp.isnan, v)) else min(v),
    "Mod": _remainder,
    "Rational": _ratio,
    "chebyshevt": lambda mp, order, v: _chebyshev(mp, order, v)[0],
    "chebyshevu": lambda mp, order, v: _chebyshev(mp, order + 1, v)[1],
}
