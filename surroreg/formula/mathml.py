"""A formula as MathML, which browsers show by themselves: in the written order, with the symbols of the parameters.

SymPy's own MathML reorders the terms and spells out ``Piecewise``. Up to 1.13 its fences are an element that browsers
no longer know.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from html import escape

from surroreg.formula import grammar

#: The precedence of an operation, the lowest first. An operand of lower precedence than its place gets parentheses.
_CONNECTION, _COMPARISON, _SUM, _RATIO, _PRODUCT, _POWER, _ATOM = range(7)

_SIGNS = {
    ast.Add: "+",
    ast.Sub: "−",
    ast.Gt: ">",
    ast.GtE: "≥",
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
}
_CONNECTIONS = {ast.BitAnd: "and", ast.BitOr: "or"}
_FENCES = {"Abs": "||", "abs": "||", "floor": "⌊⌋", "ceiling": "⌈⌉"}
#: The functions that are not printed by name.
_SHAPED = (*_FENCES, "exp", "sqrt", "Piecewise")
_CONSTANTS = {"pi": "π", "E": "e", "oo": "∞"}
_SPACE = '<mspace width="0.17em"/>'

Printed = tuple[str, int]


def mathml(formula: str, symbols: Mapping[str, str]) -> str:
    """Return a formula as a ``math`` element that reads ``d(x) = ...``.

    Args:
        formula: the formula of a spec. It is not trusted: nothing of it but text gets into the elements.
        symbols: the symbols of parameters, by name. A parameter without a symbol is printed by name.

    Raises:
        SpecError: the text is no formula.
    """
    markup, _ = _Printer(symbols).printed(grammar.read(formula))
    left = _row(_name("d"), _fenced("()", _name("x")), _sign("="))
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true">{_row(left, markup)}</math>'


class _Printer:
    def __init__(self, symbols: Mapping[str, str]) -> None:
        self.symbols = symbols
        #: Whether the present node is within a fraction or an exponent, where a further bar would be too small to read.
        self.is_small = False

    def printed(self, node: ast.AST) -> Printed:
        """Return the markup of a node, and its precedence."""
        match _leading_minus(node):
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _row(_sign("−"), self.within(operand, _RATIO)), _SUM
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.printed(operand)
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return _row("<mtext>not&#xa0;</mtext>", _fenced("()", self.free(operand))), _ATOM
            case ast.Constant(value=bool() as value):
                return f"<mtext>{'otherwise' if value else 'never'}</mtext>", _ATOM
            case ast.Constant(value=int() | float() as value):
                return f"<mn>{value}</mn>", _ATOM
            case ast.Name(id=name):
                return _name(self.symbols.get(name) or _CONSTANTS.get(name, name)), _ATOM
            case ast.BinOp(op=ast.Add() | ast.Sub() as op, left=left, right=right):
                return _row(self.within(left, _SUM), _sign(_SIGNS[type(op)]), self.within(right, _RATIO)), _SUM
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                return _row(self.within(left, _PRODUCT), _SPACE, self.within(right, _PRODUCT)), _PRODUCT
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                return self.fraction(left, right)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return self.power(left, right)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                word = f"<mtext>&#xa0;{_CONNECTIONS[type(op)]}&#xa0;</mtext>"
                return _row(self.within(left, _COMPARISON), word, self.within(right, _COMPARISON)), _CONNECTION
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _SIGNS:
                sides = self.within(left, _SUM), self.within(right, _SUM)
                return _row(sides[0], _sign(_SIGNS[type(op)]), sides[1]), _COMPARISON
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, arguments)
        raise ValueError(f"cannot print {ast.dump(node)[:80]}")

    def within(self, node: ast.AST, precedence: int) -> str:
        """Return the markup of a node, in parentheses if its precedence is lower."""
        markup, own = self.printed(node)
        return markup if own >= precedence else _fenced("()", markup)

    def free(self, node: ast.AST) -> str:
        """Return the markup of a node that stands alone."""
        return self.within(node, _CONNECTION)

    def small(self, node: ast.AST) -> str:
        """Return the markup of a node that stands alone, within a fraction or an exponent."""
        before, self.is_small = self.is_small, True
        markup = self.free(node)
        self.is_small = before
        return markup

    def fraction(self, above: ast.expr, below: ast.expr) -> Printed:
        if self.is_small:
            return _row(self.within(above, _PRODUCT), _sign("/"), self.within(below, _POWER)), _RATIO
        while isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div):  # a/b/c has one bar
            below = ast.BinOp(above.right, ast.Mult(), below)
            above = above.left
        return f"<mfrac>{_row(self.small(above))}{_row(self.small(below))}</mfrac>", _PRODUCT

    def power(self, base: ast.expr, exponent: ast.expr) -> Printed:
        raised = self.small(exponent)
        match base:
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name not in _SHAPED:
                head = f"<msup>{_function(name)}{_row(raised)}</msup>"  # the usual notation, cosh²(x)
                return _row(head, _fenced("()", self.free(argument))), _POWER
        return f"<msup>{_row(self.within(base, _ATOM))}{_row(raised)}</msup>", _POWER

    def call(self, name: str, arguments: list[ast.expr]) -> Printed:
        match name, arguments:
            case "Piecewise", _:
                return self.cases(arguments), _SUM
            case "exp", [argument]:
                return f"<msup>{_name('e')}{_row(self.small(argument))}</msup>", _POWER
            case "sqrt", [argument]:
                return f"<msqrt>{self.free(argument)}</msqrt>", _ATOM
            case (("Abs" | "abs" | "floor" | "ceiling"), [argument]):
                return _fenced(_FENCES[name], self.free(argument)), _ATOM
            case (("chebyshevt" | "chebyshevu"), [degree, argument]):
                head = f"<msub>{_name(name[-1].upper())}{_row(self.free(degree))}</msub>"
                return _row(head, _fenced("()", self.free(argument))), _ATOM
        listed = _sign(",").join(map(self.free, arguments))
        return _row(_function(name), _fenced("()", listed)), _ATOM

    def cases(self, arguments: list[ast.expr]) -> str:
        rows = []
        for argument in arguments:
            match argument:
                case ast.Tuple(elts=[value, condition]):
                    case = self.free(condition)
                    if not isinstance(condition, ast.Constant):
                        case = f"<mtext>if&#xa0;</mtext>{case}"
                    cells = (f'<mtd style="text-align:left">{_row(cell)}</mtd>' for cell in (self.free(value), case))
                    rows.append(f"<mtr>{''.join(cells)}</mtr>")
                case _:
                    raise ValueError(f"no value with its condition: {ast.dump(argument)[:80]}")
        return _row('<mo stretchy="true">{</mo>', f'<mtable displaystyle="true">{"".join(rows)}</mtable>')


def _leading_minus(node: ast.AST) -> ast.AST:
    """Return ``-(a*b)`` for ``-a*b``, which Python parses as ``(-a)*b``. Return any other node as it is."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        match _leading_minus(node.left):
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return ast.UnaryOp(ast.USub(), ast.BinOp(operand, node.op, node.right))
    return node


def _name(text: str) -> str:
    return f"<mi>{escape(text)}</mi>"


def _function(name: str) -> str:
    return f"<mi>{escape(name.lower())}</mi>"


def _sign(text: str) -> str:
    return f"<mo>{escape(text)}</mo>"


def _fenced(fences: str, markup: str) -> str:
    return _row(f'<mo form="prefix">{fences[0]}</mo>', markup, f'<mo form="postfix">{fences[1]}</mo>')


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"
