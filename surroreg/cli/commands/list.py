"""``surroreg list``: the surrogates, one a line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import surroreg
from surroreg.cli.arguments import NAMES, offer
from surroreg.cli.blame import blamed
from surroreg.cli.command import Command
from surroreg.cli.listing import table
from surroreg.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec

Form = TypeVar("Form")


def _arguments(parser: argparse.ArgumentParser) -> None:
    offer(
        NAMES,
        parser.add_argument(
            "pattern", nargs="?", default="*", metavar="PATTERN", help="such as '*sigmoid*' or 'acme/*'"
        ),
    )
    parser.add_argument("--json", action="store_true", help="print full descriptions as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print the surrogates that match a pattern. The exit code is 1 if none matches."""
    from surroreg.specs.plain import json_safe

    specs = {name: surroreg.spec(name) for name in surroreg.names(arguments.pattern)}
    if arguments.json:
        say_json(surrogates=_each(specs, lambda name, spec: json_safe({"surrogate": name, **spec.to_dict()})))
    elif specs:
        say("\n".join(table(_each(specs, lambda name, spec: (name, _defaults(spec), spec.summary)))))
    if not specs:
        _tell_no_match(arguments.pattern)
    return 0 if specs else 1


def _tell_no_match(pattern: str) -> None:
    import fnmatch

    tell(f"surroreg: nothing matches {pattern!r}; 'surroreg list' shows all")
    for info in surroreg.plugins():
        if info.status == "unavailable" and fnmatch.fnmatchcase(f"{info.namespace}/", pattern.lower()):
            tell(f"surroreg: {info.error}")


def _each(specs: Mapping[str, SurrogateSpec], form: Callable[[str, SurrogateSpec], Form]) -> list[Form]:
    """Return every spec in a form. If the form of a spec fails, a warning takes its place; the others are returned."""
    forms = []
    for name, spec in specs.items():
        try:
            with blamed(spec):
                forms.append(form(name, spec))
        except surroreg.SurroregError as error:
            tell(f"surroreg: warning: {error}")
    return forms


def _defaults(spec: SurrogateSpec) -> str:
    from surroreg.specs.display import brief_default

    return ", ".join(f"{parameter.name}={brief_default(parameter)}" for parameter in spec.parameters)


COMMAND = Command(
    help="list the surrogates, or those that match a pattern",
    text=(
        "Prints name, parameters with their defaults, and one line for each surrogate: the built-ins, and those of "
        "every plugin that is installed and loads. A pattern is compared with the bare and with the qualified name, "
        "without regard to case."
    ),
    examples={
        "surroreg list": "all of them",
        "surroreg list '*sigmoid*'": "those with 'sigmoid' in their name",
        "surroreg list 'zoo/*' --json": "those of one plugin, described in full",
    },
    arguments=_arguments,
    run=_run,
    order=10,
)
