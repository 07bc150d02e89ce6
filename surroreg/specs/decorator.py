"""``@surrogate`` turns a derivative into a spec."""

from __future__ import annotations

import ast
import contextlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from surroreg.specs.parameters import Parameter
from surroreg.specs.references import Reference
from surroreg.specs.spec import SurrogateSpec
from surroreg.specs.traits import Traits


def _docstring(function: Callable[..., Any]) -> str:
    """Return a function's docstring, from its source where ``python -OO`` has stripped it."""
    text = inspect.getdoc(function) or ""
    if text or sys.flags.optimize < 2:
        return text
    with contextlib.suppress(OSError, TypeError, SyntaxError):  # the source is missing or unreadable
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        if isinstance(definition, ast.FunctionDef):
            text = ast.get_docstring(definition) or ""
    return text


def surrogate(
    *,
    formula: str | None = None,
    parameters: Iterable[Parameter] = (),
    references: Iterable[str | Reference] = (),
    aliases: Iterable[str] = (),
    deprecated_aliases: Iterable[str] = (),
    primitive: Callable[..., Any] | str | None = None,
    kernel: Callable[..., Any] | str | None = None,
    traits: Traits | None = None,
    examples: Iterable[Mapping[str, Any]] = (),
) -> Callable[[Callable[..., Any]], SurrogateSpec]:
    """Turn a derivative into a :class:`SurrogateSpec`.

    The function's name becomes the surrogate's, the first line of its docstring the summary, the rest
    the description. It takes ``x`` (a floating tensor of any shape, float32 where the caller's is half
    precision) and the parameters in the declared order, and returns the pseudo-derivative at ``x``,
    elementwise. The arguments are those of :class:`SurrogateSpec`.

    Raises:
        SpecError: the signature disagrees with ``parameters`` or uses ``*args`` or ``**kwargs``.
    """

    def define(derivative: Callable[..., Any]) -> SurrogateSpec:
        summary, _, description = _docstring(derivative).partition("\n")
        return SurrogateSpec(
            name=derivative.__name__,
            derivative=derivative,
            primitive=primitive,
            kernel=kernel,
            parameters=parameters,  # type: ignore[arg-type]  # SurrogateSpec makes tuples of them
            formula=formula,
            summary=summary,
            description=description.strip(),
            references=references,  # type: ignore[arg-type]
            aliases=aliases,  # type: ignore[arg-type]
            deprecated_aliases=deprecated_aliases,  # type: ignore[arg-type]
            traits=Traits() if traits is None else traits,
            examples=examples,  # type: ignore[arg-type]
        )

    return define
