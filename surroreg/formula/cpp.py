"""The formula of a spec as C++: a function of one element, which PyTorch compiles for a GPU."""

from __future__ import annotations

import functools
from typing import Any

from surroreg import formula
from surroreg.errors import SpecError, in_one_line
from surroreg.specs import SurrogateSpec

#: Up to this exponent a power is written as a product. Longer products, nested, would fill the memory with text.
FACTORS = 8

#: The functions of SymPy that C++ has, with their names there.
_FUNCTIONS = {
    "Abs": "fabs",
    "Max": "fmax",
    "Min": "fmin",
    "ceiling": "ceil",
    **{name: name for name in ("floor", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")},
    **{name: name for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
}


def code(spec: SurrogateSpec) -> str:
    """Return a C++ function of one element: ``T vjp(T x, T grad, T p0, ...)``, the parameters in their order.

    Raises:
        SpecError: the spec has no formula, or the formula cannot be read, or uses a function that C++ does not have.
    """
    names = {parameter.name: f"p{place}" for place, parameter in enumerate(spec.parameters)}
    expression = formula.expression(spec)
    try:
        derivative = _printer(names).doprint(expression)
    except Exception as error:  # SymPy raises many kinds if it has no code for a part, or cannot sort the parts
        raise SpecError(f"{spec.name}: the formula cannot be written as C++: {in_one_line(error)}") from error
    arguments = ", ".join(f"T {name}" for name in ("x", "grad", *names.values()))
    return f"template <typename T> T vjp({arguments}) {{ return grad * ({derivative}); }}"


def _printer(names: dict[str, str]) -> Any:
    """Return a printer that writes a SymPy expression as C++ for any floating type ``T``."""
    from sympy.printing.c import C99CodePrinter

    class Printer(C99CodePrinter):  # type: ignore[misc]
        def _print_Symbol(self, symbol: Any) -> str:
            return names.get(str(symbol), str(symbol))

        def _number(self, number: Any) -> str:
            return f"T({float(number)!r})"

        def _print_Infinity(self, infinity: Any) -> str:
            return "(T(1) / T(0))"  # the name INFINITY is a macro

        _print_Integer = _print_Rational = _print_Float = _print_NumberSymbol = _number
        _print_Pi = _print_Exp1 = _print_Zero = _print_One = _print_NegativeOne = _print_Half = _number

        def _print_Pow(self, power: Any) -> str:
            base, exponent = self._print(power.base), power.exp
            if not exponent.is_Integer or abs(exponent) > FACTORS:
                return f"::pow({base}, {self._print(exponent)})"
            product = " * ".join([f"({base})"] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(T(1) / ({product}))"

        def _print_Function(self, call: Any) -> str:
            if call.func.__name__ not in _FUNCTIONS:
                raise ValueError(f"there is no {call.func.__name__} there")
            name = _FUNCTIONS[call.func.__name__]
            first, *rest = [str(self._print(argument)) for argument in call.args]
            if not rest:
                return f"::{name}({first})"
            return functools.reduce(lambda left, right: f"::{name}({left}, {right})", rest, first)

        # SymPy's own printers repeat the argument. Nested calls would take exponential time and space.
        _print_sign = _print_Mod = _print_Function

    for name in _FUNCTIONS:
        setattr(Printer, f"_print_{name}", Printer._print_Function)
    # SymPy would write pi/2 as M_PI_2, a macro, of double precision, that the compiler for GPUs does not know.
    return Printer({"math_macros": {}})
