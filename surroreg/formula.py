"""The formula of a spec, as numbers, by mpmath, and as what other languages are written from, by SymPy.

Both come with torch. SymPy takes ten times as long to import, so nothing needs it for a number.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surroreg import grammar
from surroreg.errors import SpecError, did_you_mean, in_one_line
from surroreg.specs import SurrogateSpec

#: Digits to which a formula is evaluated: enough that float64 takes it for exact.
DIGITS = 40
#: In a formula, a number drawn uniformly from [0, 1) at every call.
NOISE = "U"
#: Binary digits of the longest exponent and order of a polynomial: each costs a step, so a longer one is infinite.
_LONGEST = 128


def values(
    spec: SurrogateSpec, points: Sequence[float], params: Mapping[str, Any], *, noise: float = 0.5
) -> list[float]:
    """Return the declared derivative at finite ``points``, rounded once from 40 digits; NaN where it is not real.

    Raises:
        SpecError: there is no formula, or it cannot be read.
    """
    text = _declared(spec)
    return [_evaluate(spec, text, params, x, noise) for x in points]


def kinks(spec: SurrogateSpec, params: Mapping[str, Any]) -> list[float]:
    """Return the places where the derivative is declared not to be smooth, sorted.

    Raises:
        SpecError: a kink cannot be read, or is nowhere at these parameters.
    """
    places = [_evaluate(spec, text, params) for text in spec.traits.kinks]
    for text, place in zip(spec.traits.kinks, places, strict=True):
        if not math.isfinite(place):
            raise SpecError(f"{spec.name}: the kink {grammar.short(text)} is {place} at {dict(params)}.")
    return sorted(places)


def _declared(spec: SurrogateSpec) -> str:
    if spec.formula is None:
        raise SpecError(f"{spec.name}: there is no formula.")
    return spec.formula


def _known(spec: SurrogateSpec) -> list[str]:
    return ["x", NOISE, *(p.name for p in spec.parameters)]


def _tree(spec: SurrogateSpec, text: str) -> ast.expr:
    try:
        tree = grammar.read(text)
    except SpecError as error:
        raise SpecError(f"{spec.name}: {error}") from error
    known = _known(spec)
    strange = sorted(grammar.names(tree).difference(known, grammar.CONSTANTS))
    if strange:
        allowed = f"it may use {', '.join([*known, *grammar.CONSTANTS])}.{did_you_mean(strange[0], known)}"
        raise SpecError(f"{spec.name}: the formula {grammar.short(text)} uses {strange[0]!r}; {allowed}")
    return tree


def _evaluate(spec: SurrogateSpec, text: str, params: Mapping[str, Any], x: float = 0.0, noise: float = 0.5) -> float:
    tree = _tree(spec, text)
    names = {"x": x, NOISE: noise}
    names |= {p.name: params[p.name] if p.type in (int, float) else 0 for p in spec.parameters}
    # A difference such as 1 - tanh(x)**2 may cancel to nothing: then with digits for all of float64's range.
    for digits in (DIGITS, 20 * DIGITS):
        value = _function(tree, digits)(names)
        if value:
            break
    return float(value)


# -- in mpmath's numbers --------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _function(tree: ast.expr, digits: int) -> Callable[[Mapping[str, float]], Any]:
    """Return a function from the values of a formula's names to its own; its time and memory are bounded."""
    mp = _context(digits)
    function = _compiled(tree, mp)
    return lambda names: function({name: mp.mpf(value) for name, value in names.items()})


@functools.cache
def _context(digits: int) -> Any:
    from mpmath.ctx_mp import MPContext

    context = MPContext()  # the digits of mpmath's global one are the user's to set, and another thread's
    context.dps = digits
    return context


def _compiled(node: ast.expr, mp: Any) -> Callable[[Mapping[str, Any]], Any]:
    match node:
        case ast.Constant(value=value):
            constant = value if isinstance(value, bool) else mp.mpf(value)
            return lambda names: constant
        case ast.Name(id=name):
            default = +getattr(mp, grammar.CONSTANTS.get(name, "nan"))
            return lambda names: names.get(name, default)
    kind, parts = grammar.parts(node)
    found = [_compiled(part, mp) for part in parts]
    if kind == "Piecewise":
        cases = list(zip(found[::2], found[1::2], strict=True))
        return lambda names: next((value(names) for value, condition in cases if condition(names)), mp.nan)
    function = _VALUES.get(kind) or _plain(grammar.FUNCTIONS[kind])
    return lambda names: function(mp, *[part(names) for part in found])


def _plain(function: grammar.Function) -> Callable[[Any, Any], Any]:
    def value(mp: Any, v: Any) -> Any:
        if not function.low <= v <= function.high:  # mpmath would turn complex
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
    octaves = mp.mag(above) - mp.mag(below)  # mpmath writes out a binary digit for each of them
    if not below or octaves > grammar.REACH:
        return mp.nan
    return above % below if octaves > -grammar.REACH else above - below * mp.floor(above / below)


def _chebyshev(mp: Any, order: Any, v: Any) -> tuple[Any, Any]:
    """Return T of an order and U of the order below, by squaring, as a power; NaN unless the order is whole."""
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


#: What operators do, and functions that mpmath lacks, does not bound, or gets wrong (its floor of infinity).
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


# -- in SymPy's expressions -----------------------------------------------------------------------


def expression(spec: SurrogateSpec) -> Any:
    """Return the declared derivative as a SymPy expression.

    Raises:
        SpecError: there is no formula, or it cannot be read.
    """
    return parse(spec, _declared(spec))


def parse(spec: SurrogateSpec, text: str) -> Any:
    """Return ``text`` as a SymPy expression in ``x``, the spec's parameters and ``U``.

    Raises:
        SpecError: it cannot be read, uses a name that is none of these, or has numbers beyond float64's.
    """
    return _expression(spec, _tree(spec, text))


@functools.lru_cache(maxsize=1024)
def _expression(spec: SurrogateSpec, tree: ast.expr) -> Any:
    import sympy

    try:
        return _built(tree, {name: sympy.Symbol(name, real=True) for name in _known(spec)})
    except Exception as error:  # also what SymPy raises where it cannot compare or sort
        reason = error if isinstance(error, SpecError) else in_one_line(error)
        raise SpecError(f"{spec.name}: {grammar.short(ast.unparse(tree))} cannot be computed: {reason}.") from error


def _built(node: ast.expr, symbols: Mapping[str, Any]) -> Any:
    """Return a node as a SymPy expression, made from the leaves up.

    SymPy computes with numbers as soon as it has them, however large they become; and x - x makes a number of what
    the grammar took for a variable. So each step is bounded before and after.
    """
    import sympy

    match node:
        case ast.Constant(value=bool() as value):
            return sympy.true if value else sympy.false
        case ast.Constant(value=value, kind=text):
            return sympy.Integer(value) if isinstance(value, int) else sympy.Float(text)
        case ast.Name(id=name):
            return symbols[name] if name in symbols else getattr(sympy, name)
    kind, operands = grammar.parts(node)
    parts = [_built(operand, symbols) for operand in operands]
    if not any(part.free_symbols for part in parts):
        mp = _context(DIGITS)
        value = _compiled(node, mp)(dict.fromkeys(symbols, mp.mpf("0.7")))  # any place will do
        if not value or isinstance(value, bool):
            return _built(ast.Constant(value if isinstance(value, bool) else 0), symbols)
        if not math.isfinite(float(value)):
            raise SpecError(f"a part of it is {float(value)}")
    made = _makers()[kind](*parts)
    if made.has(sympy.nan, sympy.zoo, sympy.I) or getattr(made, "is_real", None) is False:
        raise SpecError("a part of it is not a real number")
    numbers = [part for number in made.atoms(sympy.Rational, sympy.Float) for part in number.as_numer_denom()]
    if not all(number == 0 or 5e-324 <= abs(number) <= sys.float_info.max for number in numbers):
        raise SpecError("its numbers multiply to more or less than float64 holds")
    return made


class _Assumptions(dict[str, bool]):
    """What SymPy may assume of a call. To find out more it would expand the arguments, which can take for ever."""

    def __missing__(self, fact: str) -> None:
        return None


@functools.cache
def _makers() -> Mapping[Any, Callable[..., Any]]:
    """Return what makes an expression of others. SymPy's simplifications can take for ever, and are left out."""
    import sympy
    from sympy.core.function import Application

    def plain(name: str) -> Callable[..., Any]:
        return functools.partial(getattr(sympy, name), evaluate=False)

    def call(name: str) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            found = plain(name)(*arguments)
            if isinstance(found, getattr(sympy, name)):  # not so Max of one argument, which is that argument
                found._assumptions = _Assumptions(real=True, extended_real=True, complex=True, commutative=True)
            return found

        return made

    def relation(name: str) -> Callable[[Any, Any], Any]:
        return lambda left, right: plain(name)(left, right).canonical

    def absolute(inside: Any) -> Any:
        return call("Abs")(-inside if inside.could_extract_minus_sign() else inside)

    def cases(*parts: Any) -> Any:
        pairs = [pair for pair in zip(parts[::2], parts[1::2], strict=True) if pair[1] != sympy.false]
        return call("Piecewise")(*pairs) if pairs else sympy.nan

    def checked(exponent: Any) -> Any:
        if exponent.is_Number and abs(exponent) > grammar.EXPONENT:
            raise SpecError(f"it has an exponent above {grammar.EXPONENT}")
        for term in map(sympy.Mul.make_args, sympy.Add.make_args(exponent)):
            others = [factor for factor in term if not isinstance(factor, sympy.log)]
            if len(others) < len(term) and all(factor.is_number for factor in others):
                # SymPy would, one in another, and multiply numbers without end.
                raise SpecError("it has exp(c*log(y)), which is y**c, and is to be written so")
        return exponent

    def power(base: Any, exponent: Any) -> Any:
        checked(exponent)
        if exponent.is_Integer:
            return base**exponent
        # Of these bases SymPy wants the real and the imaginary part, for which it expands the arguments of functions.
        bases = [factor.base for factor in sympy.Mul.make_args(base) if factor.is_Pow]
        bases += [base] if sympy.fraction(exponent)[1].is_Add else []
        calls = {type(call) for part in bases for call in part.atoms(Application)}
        if not calls <= {sympy.Abs} or not all(part.is_real for part in bases):
            raise SpecError("it has a power of a power, with a fractional exponent: write them as one power")
        number, rest = base.as_coeff_Mul()
        if number.is_Float:  # with roots of integers beside it, SymPy would look for a common divisor, and not end
            return abs(number) ** exponent * (rest if number > 0 else -rest) ** exponent
        return base**exponent

    relations = {ast.Lt: "Lt", ast.LtE: "Le", ast.Gt: "Gt", ast.GtE: "Ge", ast.Eq: "Eq", ast.NotEq: "Ne"}
    connections = {ast.BitAnd: "And", ast.BitOr: "Or", ast.Invert: "Not"}
    return {
        **grammar.ARITHMETIC,
        **{op: relation(name) for op, name in relations.items()},
        **{op: plain(name) for op, name in connections.items()},
        **{name: call(name) for name in grammar.CALLED if name != "abs"},
        ast.Pow: power,
        "Abs": absolute,
        "abs": absolute,
        "Piecewise": cases,
        "Rational": operator.truediv,
        "exp": lambda exponent: call("exp")(exponent if exponent.is_Number else checked(exponent)),
        "sqrt": lambda inside: power(inside, sympy.S.Half),
    }
