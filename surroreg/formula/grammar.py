"""The grammar of formulas: a part of SymPy's syntax. A formula is parsed and bounded here, and never executed.

A formula may come from a file or from a plugin, so it is not trusted. The bounds keep SymPy, mpmath and the printers
from taking endless time or memory.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from surroreg.errors import SpecError, did_you_mean, shortened
from surroreg.specs.validation import FORMULA_LENGTH

#: Bounds of a formula: characters, nodes of its tree, calls, and levels. The formulas of the built-ins and of this
#: repository's plugins, scaled and shifted, have up to 167 characters, 64 nodes, 5 calls and 12 levels.
LENGTH, NODES, CALLS, DEPTH = FORMULA_LENGTH, 200, 24, 30
#: The largest product of nested constant exponents. SymPy writes out powers of numbers, digit by digit.
EXPONENT = 1000
#: An argument of exp or cos with more binary digits before the point counts as infinite. Inputs go up to 2**500, and
#: two parameters together to 2**120. mpmath needs time and memory for every digit, and exp(exp(x)) has more digits than
#: any memory.
REACH = 640

#: A number with a letter in it, or right after it. Python would warn of it.
_LETTERED = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)([eE][+-]?\d+[A-Za-z_]|(?![eE][+-]?\d)[A-Za-z_])\w*")
_STRANGE = re.compile(r"[^A-Za-z0-9_ .,()+\-*/<>=!&|~]")
_PERMITTED = "A formula has decimal numbers, names, + - * / **, comparisons, & | ~ and calls of functions"
_INSTEAD = {"And": "a & b", "Or": "a | b", "Not": "~a", "Eq": "a == b", "Ne": "a != b", "sech": "1/cosh(x)"}


class Function(NamedTuple):
    """A function that a formula may call, under its name in SymPy.

    Args:
        name: the name in mpmath and, if it has the function, in ``math``; empty if neither has it.
        low, high: the ends of the interval on which the function is real.
        reach: an argument with more binary digits before the point counts as infinite.
        least, most: the number of arguments.
        calls: the number of calls that it counts for.
    """

    name: str = ""
    low: float = -math.inf
    high: float = math.inf
    reach: float = math.inf
    least: int = 1
    most: float = 1
    calls: int = 1


FUNCTIONS: Mapping[str, Function] = {
    "Abs": Function("fabs"),
    "abs": Function("fabs"),
    "sign": Function("sign"),
    "floor": Function("floor"),
    "ceiling": Function("ceil"),
    "sqrt": Function("sqrt", low=0),
    "log": Function("log", low=0),
    "ln": Function("log", low=0),
    **{name: Function(name, reach=REACH) for name in ("exp", "sinh", "cosh", "tanh", "sin", "cos", "tan")},
    **{name: Function(name, reach=100, calls=8) for name in ("erf", "erfc")},
    **{name: Function(name) for name in ("atan", "asinh")},
    **{name: Function(name, low=-1, high=1) for name in ("asin", "acos", "atanh")},
    "acosh": Function("acosh", low=1),
    "Heaviside": Function(),
    **{name: Function(most=math.inf) for name in ("Max", "Min")},
    **{name: Function(least=2, most=2) for name in ("Mod", "Rational", "chebyshevt", "chebyshevu")},
}
CALLED = (*FUNCTIONS, "Piecewise")
#: Names of numbers, with their names in mpmath. A parameter of the same name takes precedence.
CONSTANTS = {"pi": "pi", "E": "e", "oo": "inf"}
RELATIONS: Mapping[type, Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ARITHMETIC: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def read(text: object) -> ast.expr:
    """Return the tree of a formula. The ``kind`` of a number in the tree is its text in the formula.

    Args:
        text: any object. It is not trusted: nothing in it is executed, and time and memory are bounded.

    Raises:
        SpecError: the object is no text or no formula, or exceeds a bound.
    """
    if not isinstance(text, str):
        raise SpecError(f"a formula is text, not {type(text).__name__}.")
    try:
        return _read(text)
    except SpecError as error:
        raise SpecError(f"the formula {shortened(text, 80)} cannot be read: {error}.") from error


@functools.lru_cache(maxsize=1024)
def names(tree: ast.expr) -> frozenset[str]:
    """Return the names in a formula that stand for numbers."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


def parts(node: ast.expr) -> tuple[Any, list[ast.expr]]:
    """Return the operator's class or the function's name of a node, and the operands."""
    match node:
        case ast.UnaryOp(op=op, operand=operand):
            return type(op), [operand]
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return type(op), [left, right]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            pairs = [pair.elts for pair in arguments if isinstance(pair, ast.Tuple)]
            return name, [part for pair in pairs for part in pair] or arguments
    raise TypeError(f"{type(node).__name__} is in no formula")


@functools.lru_cache(maxsize=1024)
def _read(text: str) -> ast.expr:
    if len(text) > LENGTH:
        raise SpecError(f"it has {len(text)} characters, and at most {LENGTH} are permitted")
    line = re.sub(r"[ \t\r\n]+", " ", text).strip(" ")
    if not line:
        raise SpecError("it is empty")
    if strange := _STRANGE.search(line):
        hint = "Write ** for a power" if strange[0] == "^" else _PERMITTED
        code = "" if strange[0].isascii() else f" (U+{ord(strange[0]):04X})"  # it may look like an ASCII letter
        raise SpecError(f"it contains {strange[0]!r}{code}. {hint}")
    if lettered := _LETTERED.search(line):
        raise SpecError(f"{shortened(lettered[0], 40)} is no decimal number. Write * for a product")
    try:
        tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        raise SpecError(error.msg) from error
    except (RecursionError, MemoryError) as error:
        raise SpecError("it nests too deeply") from error
    count = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    if count > NODES:
        raise SpecError(f"it has {count} numbers, names and operations, and at most {NODES} are permitted")
    _Checker(line).number(tree, 0, 1.0)
    return tree


class _Checker:
    """Walks a tree from its root, and refuses every node that the grammar does not permit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.calls = 0

    def number(self, node: ast.expr, depth: int, power: float) -> float | None:
        """Check a node in the place of a number. Return its value if it is a constant.

        Args:
            node: any node.
            depth: the levels above the node.
            power: the product of the constant exponents around the node.
        """
        if depth > DEPTH:
            raise SpecError(f"it nests more than {DEPTH} deep")
        match node:
            case ast.Name():  # even E may be a parameter
                return None
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.literal(node, value)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as op, operand=operand):
                inner = self.number(operand, depth + 1, power)
                return -inner if inner is not None and isinstance(op, ast.USub) else inner
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                raised = self.number(exponent, depth + 1, power)
                below = self.number(base, depth + 1, self.raised(power, raised, exponent))
                return self.folded(node, operator.pow, below, raised)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right=right):
                # A long sum or product is a tree that leans to the left, and nests no deeper than a short one.
                leans = isinstance(left, ast.BinOp) and _is_sum(left.op) is _is_sum(op)
                first = self.number(left, depth + (not leans), power)
                second = self.number(right, depth + 1, power)
                return self.folded(node, ARITHMETIC[type(op)], first, second)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments, depth + 1, power)
            case ast.Compare() | ast.BoolOp() | ast.Constant(value=bool()):
                raise SpecError(f"{self.shown(node)} is a condition, where a number is expected")
        raise SpecError(f"it contains {self.shown(node)}. {_PERMITTED}")

    def condition(self, node: ast.expr, depth: int) -> None:
        """Check a node in the place of a condition."""
        if depth > DEPTH:
            raise SpecError(f"it nests more than {DEPTH} deep")
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                self.condition(operand, depth + 1)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
                self.condition(left, depth + 1)
                self.condition(right, depth + 1)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in RELATIONS:
                self.number(left, depth + 1, 1.0)
                self.number(right, depth + 1, 1.0)
            case _:
                hint = "Write x < 1, (x > 0) & (x < 1), (x < 0) | (x > 1), ~(x < 1) or True"
                raise SpecError(f"{self.shown(node)} is no condition. {hint}")

    def literal(self, node: ast.Constant, value: float) -> float:
        text = self.text[node.col_offset : node.end_col_offset]
        vanishes = value == 0 and text.strip("0.") != ""
        if vanishes or value > sys.float_info.max:
            raise SpecError(f"the number {shortened(text, 40)} is out of the range of float64")
        node.kind = text  # SymPy computes with the digits as they were written
        return float(value)

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int, power: float) -> float | None:
        if name == "Piecewise":
            self.cases(arguments, depth, power)
            return None
        if name not in FUNCTIONS:
            hint = f" Write {_INSTEAD[name]}." if name in _INSTEAD else did_you_mean(name, CALLED)
            raise SpecError(f"there is no function {name!r}.{hint} A formula may call {', '.join(CALLED)}")
        function = FUNCTIONS[name]
        self.calls += function.calls
        if self.calls > CALLS:
            raise SpecError(f"it calls more than {CALLS} functions (erf and erfc count for 8)")
        if not function.least <= len(arguments) <= function.most:
            number = f"{'at least ' * (function.most > function.least)}{function.least}"
            raise SpecError(f"{name} takes {number} arguments, not {len(arguments)}")
        first = self.number(arguments[0], depth, power)
        if name.startswith("chebyshev"):  # a polynomial of that order
            power = self.raised(power, first, arguments[0])
        for argument in arguments[1:]:
            self.number(argument, depth, power)
        known = getattr(math, function.name, None)
        return None if known is None or len(arguments) != 1 else self.folded(node, lambda v, _: known(v), first, 0.0)

    def cases(self, pairs: list[ast.expr], depth: int, power: float) -> None:
        for pair in pairs:
            match pair:
                case ast.Tuple(elts=[value, condition]):
                    self.number(value, depth, power)
                    self.condition(condition, depth)
                    if any(isinstance(inner, ast.Name) and inner.id == "Piecewise" for inner in ast.walk(condition)):
                        raise SpecError("a condition contains a Piecewise")  # SymPy multiplies such cases out
                case _:
                    raise SpecError(f"Piecewise takes pairs (value, condition), not {self.shown(pair)}")

    def raised(self, power: float, exponent: float | None, node: ast.expr) -> float:
        """Return the product of the exponents around a base, with one more exponent."""
        power *= max(1.0, abs(exponent or 0.0))
        if power > EXPONENT:
            raise SpecError(f"its exponents multiply to more than {EXPONENT} at {self.shown(node)}")
        return power

    def folded(
        self, node: ast.expr, function: Callable[[float, float], Any], first: float | None, second: float | None
    ) -> float | None:
        """Return the value of a function of constants. It is a float, so SymPy cannot compute larger numbers."""
        if first is None or second is None:
            return None
        try:
            value = function(first, second)
        except OverflowError:
            value = math.inf
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if isinstance(value, complex) or not math.isfinite(value):
            is_infinite = isinstance(value, float) and math.isinf(value)
            defect = "out of the range of float64" if is_infinite else "not a real number"
            raise SpecError(f"{self.shown(node)} is {defect}")
        return float(value)

    def shown(self, node: ast.expr) -> str:
        return shortened(self.text[node.col_offset : node.end_col_offset], 40)


def _is_sum(op: ast.operator) -> bool:
    return isinstance(op, ast.Add | ast.Sub)
