"""The values of ``--set PARAMETER=VALUE`` and of ``--saved-dtype``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from surroreg.errors import ParameterTypeError

#: Names that no parameter can have: arguments of the functions that take the values.
TAKEN = ("name", "saved_dtype", "self", "to")


def offer_settings(parser: argparse.ArgumentParser) -> None:
    """Add ``--set`` and ``--saved-dtype`` to a command that loads a surrogate."""
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="set a parameter")
    parser.add_argument("--saved-dtype", metavar="DTYPE", help="keep the input in a narrower dtype, such as bfloat16")


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of ``load`` that a command line gives by ``--set`` and ``--saved-dtype``.

    Raises:
        SurroregError: as for :func:`settings`; or the dtype is none that an input may be kept in.
    """
    from surroreg.specs.validation import as_saved_dtype  # only now: every command line imports this module

    return {**settings(arguments.set), "saved_dtype": as_saved_dtype(arguments.saved_dtype)}


def settings(given: Iterable[str]) -> dict[str, Any]:
    """Return the values of ``["slope=25", "beta=1"]`` by name.

    Raises:
        ParameterTypeError: a setting has no name or no value, or a name that no parameter can have; or a name comes
            twice.
        ParameterError: the spike at zero is neither 0 nor 1.
    """
    values: dict[str, Any] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            raise ParameterTypeError(f"--set takes PARAMETER=VALUE, such as slope=25, not {text!r}.")
        if name in TAKEN:
            hint = " Give --saved-dtype to a command that takes it." if name == "saved_dtype" else ""
            raise ParameterTypeError(f"no surrogate has a parameter {name!r}.{hint}")
        if name in values:
            raise ParameterTypeError(f"--set gives {name!r} more than one value.")
        values[name] = _literal(value)
    from surroreg.specs.validation import check_at_zero  # only now: every command line imports this module

    check_at_zero(values.get("at_zero"))
    return values


def _literal(text: str) -> Any:
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text  # the reference of a callable, or a word that the parameter refuses
