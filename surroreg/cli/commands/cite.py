"""``surroreg cite``: BibTeX of the works that surrogates come from, and of surroreg itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from surroreg.cli.arguments import NAMES, offer
from surroreg.cli.command import Command
from surroreg.cli.listing import named
from surroreg.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from surroreg.specs import Reference


def _arguments(parser: argparse.ArgumentParser) -> None:
    offer(NAMES, parser.add_argument("names", nargs="*", metavar="NAME", help="of surrogates (surroreg itself)"))
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print the entries of surrogates, each once. The exit code is 1 if the surrogates name no reference."""
    from surroreg.cli import bibliography

    cited = _cited(arguments.names) if arguments.names else {bibliography.itself(): _data(None)}
    if arguments.json:
        say_json(references=[{**data, "bibtex": text} for text, data in cited.items()])
    elif cited:
        say("\n\n".join(cited))
    return 0 if cited else 1


def _cited(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the data of each entry. A work has one entry, even if several surrogates or identifiers name it."""
    from surroreg.cli import bibliography

    cited: dict[str, dict[str, Any]] = {}
    for name, spec in map(named, names):
        if not spec.references:
            tell(f"surroreg: {name} names no reference")
        for reference in spec.references:
            text = bibliography.entry(reference)
            if text not in cited and bibliography.known(reference) is None:
                tell(f"surroreg: only the identifier of {reference.identifier} is known here")
            surrogates = cited.setdefault(text, _data(reference))["surrogates"]
            if name not in surrogates:
                surrogates.append(name)
    return cited


def _data(reference: Reference | None) -> dict[str, Any]:
    identifier, url = (reference.identifier, reference.url) if reference else (None, None)
    return {"identifier": identifier, "url": url, "surrogates": []}


COMMAND = Command(
    help="print the BibTeX of where surrogates come from",
    text=(
        "Prints the BibTeX of the works that surrogates come from, each once. A reference of a plugin of which no more "
        "than its identifier is known gives an entry with just that. Without a name it prints the entry of surroreg."
    ),
    examples={
        "surroreg cite atan fast_sigmoid >> paper.bib": "of two surrogates",
        "surroreg cite": "of surroreg itself",
        "surroreg cite atan --json": "for a program",
    },
    arguments=_arguments,
    run=_run,
    order=110,
)
