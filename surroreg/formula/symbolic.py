"""The formula of a spec as an expression of SymPy. The printers of other languages start from it."""

from __future__ import annotations

import ast
import functools
import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any

from surroreg.errors import SpecError, in_one_line, shortened
from surroreg.formula import grammar
from surroreg.formula.numeric import DIGITS, compiled, context
from surroreg.formula.text import declared, known, tree
from surroreg.specs import SurrogateSpec


def expression(spec: SurrogateSpec) -> Any:
    """Return the declared derivative as a SymPy expression.

    Raises:
        SpecError: the spec has no formula, or the formula cannot be read.
    """
    return parse(spec, declared(spec))


def parse(spec: SurrogateSpec, text: str) -> Any:
    """Return ``text`` as a SymPy expression in ``x``, the spec's parameters and ``U``.

    Raises:
        SpecError: the text cannot be read, uses another name, or has numbers beyond the range of float64.
    """
    return _expression(spec, tree(spec, text))


@functools.lru_cache(maxsize=1024)
def _expression(spec: SurrogateSpec, tree: ast.expr) -> Any:
    import sympy

    try:
        return _built(tree, {name: sympy.Symbol(name, real=True) for name in known(spec)})
    except Exception as error:  # SymPy raises many kinds if it cannot compare or sort
        reason = error if isinstance(error, SpecError) else in_one_line(error)
        raise SpecError(f"{spec.name}: {shortened(ast.unparse(tree), 80)} cannot be computed: {reason}.") from error


def _built(node: ast.expr, symbols: Mapping[str, Any]) -> Any:
    """Return a node as a SymPy expression, built from the leaves up.

    SymPy computes with numbers at once, however large they become. And x - x becomes a number, which the grammar could
    not foresee. So each step is bounded before and after.
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
        mp = context(DIGITS)
        value = compiled(node, mp)(dict.fromkeys(symbols, mp.mpf("0.7")))  # the value is the same for any number
        if not value or isinstance(value, bool):
            return _built(ast.Constant(value if isinstance(value, bool) else 0), symbols)
        if not math.isfinite(float(value)):
            raise SpecError(f"a part of it is {float(value)}")
    whole = _makers()[kind](*parts)
    if whole.has(sympy.nan, sympy.zoo, sympy.I) or getattr(whole, "is_real", None) is False:
        raise SpecError("a part of it is not a real number")
    numbers = [part for number in whole.atoms(sympy.Rational, sympy.Float) for part in number.as_numer_denom()]
    if not all(number == 0 or 5e-324 <= abs(number) <= sys.float_info.max for number in numbers):
        raise SpecError("its numbers multiply to more or less than float64 holds")
    return whole


class _Assumptions(dict[str, bool]):
    """The facts that SymPy may assume of a call. To infer more facts, SymPy expands the arguments, perhaps for ever."""

    def __missing__(self, fact: str) -> None:
        return None


@functools.cache
def _makers() -> Mapping[Any, Callable[..., Any]]:
    """Return the functions that join expressions. They skip SymPy's simplifications, which can take for ever."""
    import sympy
    from sympy.core.function import Application

    def plain(name: str) -> Callable[..., Any]:
        return functools.partial(getattr(sympy, name), evaluate=False)

    def call(name: str) -> Callable[..., Any]:
        def joined(*arguments: Any) -> Any:
            result = plain(name)(*arguments)
            if isinstance(result, getattr(sympy, name)):  # false for Max of one argument, which is that argument
                result._assumptions = _Assumptions(real=True, extended_real=True, complex=True, commutative=True)
            return result

        return joined

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
                # SymPy itself would rewrite it so, also when nested, and multiply numbers without end.
                raise SpecError("it has exp(c*log(y)), which is y**c, and is to be written so")
        return exponent

    def power(base: Any, exponent: Any) -> Any:
        checked(exponent)
        if exponent.is_Integer:
            return base**exponent
        # SymPy computes the real and the imaginary part of these bases, and expands the arguments of functions for it.
        bases = [factor.base for factor in sympy.Mul.make_args(base) if factor.is_Pow]
        bases += [base] if sympy.fraction(exponent)[1].is_Add else []
        calls = {type(call) for part in bases for call in part.atoms(Application)}
        if not calls <= {sympy.Abs} or not all(part.is_real for part in bases):
            raise SpecError("it has a power of a power, with a fractional exponent: write them as one power")
        number, rest = base.as_coeff_Mul()
        if number.is_Float:  # beside roots of integers, SymPy would search for a common divisor without end
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
