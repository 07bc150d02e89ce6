"""Check the signatures of a spec's functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

from surroreg.errors import SpecError, shortened
from surroreg.specs.parameters import Parameter

Role = Literal["derivative", "factory", "primitive", "kernel"]
#: The tensors that come before the parameters, by position.
LEADING: dict[Role, list[str]] = {"derivative": ["x"], "primitive": ["x"], "kernel": ["x", "grad"], "factory": []}


def check_signature(name: str, role: Role, function: Callable[..., Any], parameters: Sequence[Parameter]) -> None:
    """Raise unless a function takes the tensors of its role, and the parameters in their order.

    A factory is called with keywords, so it may take more arguments that have a default.

    Args:
        name: the name of the spec, for messages.
        role: what the function is for.
        function: it must not be an import string.
        parameters: the parameters that the spec declares.

    Raises:
        SpecError: the signature disagrees, or cannot be read.
    """
    leading = LEADING[role]
    expected = leading + [parameter.name for parameter in parameters]
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise SpecError(f"{name}: the signature of its {role} cannot be read: {error}") from error
    if role == "factory":
        found = [argument for argument in found if argument.default is argument.empty or argument.name in expected]
    unfit = inspect.Parameter.POSITIONAL_ONLY if role == "factory" else inspect.Parameter.KEYWORD_ONLY
    for argument in found:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            raise SpecError(f"{name}: its {role} takes '{argument}'; name every parameter instead.")
        if argument.kind == unfit:
            how = "keyword" if role == "factory" else "position"
            raise SpecError(f"{name}: its {role} must take {argument.name!r} by {how}, as it is passed.")
    # Tensors are passed by position, so their names are free; parameters must have their declared names.
    if [p.name for p in found][len(leading) :] != expected[len(leading) :] or len(found) != len(expected):
        raise SpecError(
            f"{name}: its {role} takes ({', '.join(p.name for p in found)}), but with the declared "
            f"parameters it must take ({', '.join(expected)})."
        )
    for argument, declared in zip(found[len(leading) :], parameters, strict=True):
        if argument.default is not argument.empty and argument.default != declared.default:
            raise SpecError(
                f"{name}: its {role} gives {declared.name!r} the default {shortened(argument.default)}, "
                f"its Parameter {shortened(declared.default)}; keep the one in Parameter."
            )
