"""The formulas of a spec as trees that use only the permitted names."""

from __future__ import annotations

import ast

from surroreg.errors import SpecError, did_you_mean, shortened
from surroreg.formula import grammar
from surroreg.specs import SurrogateSpec

#: In a formula, a number drawn uniformly from [0, 1) at every call.
NOISE = "U"


def declared(spec: SurrogateSpec) -> str:
    """Return the formula of a spec, as it is declared.

    Raises:
        SpecError: the spec has no formula.
    """
    if spec.formula is None:
        raise SpecError(f"{spec.name}: there is no formula.")
    return spec.formula


def known(spec: SurrogateSpec) -> list[str]:
    """Return the names of numbers in the formulas of a spec."""
    return ["x", NOISE, *(p.name for p in spec.parameters)]


def tree(spec: SurrogateSpec, text: str) -> ast.expr:
    """Return the tree of a formula.

    Raises:
        SpecError: the formula cannot be read, or uses a name that is neither a constant nor of the spec.
    """
    try:
        parsed = grammar.read(text)
    except SpecError as error:
        raise SpecError(f"{spec.name}: {error}") from error
    names = known(spec)
    strange = sorted(grammar.names(parsed).difference(names, grammar.CONSTANTS))
    if strange:
        allowed = f"it may use {', '.join([*names, *grammar.CONSTANTS])}.{did_you_mean(strange[0], names)}"
        raise SpecError(f"{spec.name}: the formula {shortened(text, 80)} uses {strange[0]!r}; {allowed}")
    return parsed
