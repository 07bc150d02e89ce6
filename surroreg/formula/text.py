"""The formulas of a spec as trees: read, and held to the names that it may use."""

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
        SpecError: there is none.
    """
    if spec.formula is None:
        raise SpecError(f"{spec.name}: there is no formula.")
    return spec.formula


def known(spec: SurrogateSpec) -> list[str]:
    """Return the names that stand for a number in the formulas of a spec."""
    return ["x", NOISE, *(p.name for p in spec.parameters)]


def tree(spec: SurrogateSpec, text: str) -> ast.expr:
    """Return the tree of a formula in the names of a spec.

    Raises:
        SpecError: it cannot be read, or uses another name.
    """
    try:
        found = grammar.read(text)
    except SpecError as error:
        raise SpecError(f"{spec.name}: {error}") from error
    names = known(spec)
    strange = sorted(grammar.names(found).difference(names, grammar.CONSTANTS))
    if strange:
        allowed = f"it may use {', '.join([*names, *grammar.CONSTANTS])}.{did_you_mean(strange[0], names)}"
        raise SpecError(f"{spec.name}: the formula {shortened(text, 80)} uses {strange[0]!r}; {allowed}")
    return found
