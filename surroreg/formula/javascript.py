"""The formulas of a spec as JavaScript: functions of ``x`` and the parameters, and of nothing else."""

from __future__ import annotations

import re
from typing import Any

from surroreg import formula
from surroreg.errors import SpecError
from surroreg.specs import SurrogateSpec

#: The only words and signs that the code may have. Parameters are numbered, so no text of a plugin becomes code.
_WORD = re.compile(r"[A-Za-z_$][\w$.]*|\d[\w.]*")
_KNOWN = re.compile(r"x|p\d+|[mn]|chebyshevu|true|false|Math\.\w+|\d+(\.\d+)?e?")
_SIGNS = re.compile(r"[\w\s.,()+\-*/%<>=!&|?:]+", re.ASCII)


def derivative(spec: SurrogateSpec) -> str:
    """Return the declared derivative as an arrow function ``(x, p0, p1, ...) => number``.

    Its arguments after ``x`` are the numeric parameters, in their order. The random number ``U`` has its mean, 1/2.

    Raises:
        SpecError: the spec has no formula, or the formula cannot be read, or uses a function that JavaScript does not
            have.
    """
    return f"({', '.join(['x', *_names(spec).values()])}) => {_code(spec, formula.expression(spec))}"


def kinks(spec: SurrogateSpec) -> str:
    """Return the declared kinks as an arrow function ``(p0, p1, ...) => numbers``; errors as for ``derivative``."""
    places = [_code(spec, formula.parse(spec, text)) for text in spec.traits.kinks]
    return f"({', '.join(_names(spec).values())}) => [{', '.join(places)}]"


def _names(spec: SurrogateSpec) -> dict[str, str]:
    numbers = [parameter.name for parameter in spec.parameters if parameter.type in (int, float)]
    return {name: f"p{place}" for place, name in enumerate(numbers)}


def _code(spec: SurrogateSpec, expression: Any) -> str:
    try:
        code = " ".join(_printer({"x": "x", **_names(spec), formula.NOISE: "(1/2)"}).doprint(expression).split())
    except Exception as error:  # SymPy raises many kinds if it has no code for a part, or cannot sort the parts
        reason = str(error).partition("\n")[0].rpartition(": ")[2] or type(error).__name__
        raise SpecError(f"{spec.name}: the formula cannot be written as JavaScript: {reason}") from error
    strange = [word for word in _WORD.findall(code) if not _KNOWN.fullmatch(word)]
    if strange or not _SIGNS.fullmatch(code):
        raise SpecError(f"{spec.name}: the formula uses {[*strange, code][0]!r}, which JavaScript does not have.")
    return code


def _printer(names: dict[str, str]) -> Any:
    """Return a printer that writes a SymPy expression as JavaScript."""
    from sympy.printing.jscode import JavascriptCodePrinter

    class Printer(JavascriptCodePrinter):  # type: ignore[misc]
        def _print_Symbol(self, symbol: Any) -> str:
            if symbol.name not in names:
                raise ValueError(f"no number: {symbol.name}")
            return names[symbol.name]

        def _print_Float(self, number: Any) -> str:
            return repr(float(number))

        def _print_Mod(self, call: Any) -> str:
            # SymPy's own printer repeats the divisor. Nested remainders would take exponential time and space.
            return f"((m, n) => (m % n + n) % n)({', '.join(map(self._print, call.args))})"

        def _print_Heaviside(self, call: Any) -> str:
            return f"((Math.sign({self._print(call.args[0])}) + 1)/2)"

        def _print_chebyshevu(self, call: Any) -> str:
            return f"chebyshevu({', '.join(map(self._print, call.args))})"

    return Printer()
