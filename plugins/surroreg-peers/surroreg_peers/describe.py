"""Helpers for the three modules: descriptions of surrogates, and the error for a missing library.

Names are the libraries' own in snake case. Formulas follow the code of a library, and not its documentation. No library
declares bounds: the bounds here are those within which the formula has a meaning.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from surroreg import MissingLibraryError, Parameter, SurrogateSpec, Traits

EVEN = Traits(even=True, non_negative=True)
CUSP = Traits(even=True, non_negative=True, kinks=("0",))


def number(name: str, default: float, doc: str, *, gt: float | None = None, ge: float | None = None) -> Parameter:
    """Return a parameter that is a number."""
    return Parameter(name, default, gt=gt, ge=ge, doc=doc)


def steepness(name: str, default: float) -> Parameter:
    """Return a parameter that makes the surrogate steeper."""
    return number(name, default, "Steepness.", gt=0)


def provided(library: str, offered: Iterable[SurrogateSpec]) -> list[SurrogateSpec]:
    """Return the surrogates of a library that is installed.

    Raises:
        MissingLibraryError: the library is not installed.
    """
    if importlib.util.find_spec(library) is None:
        raise MissingLibraryError(f"{library} is not installed; to have its surrogates: pip install {library}")
    return list(offered)
