"""``surroreg translate``: a surrogate of another library in surroreg's words, or the other way round."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import surroreg
from surroreg.cli.command import Command
from surroreg.cli.listing import table
from surroreg.cli.output import say, say_json
from surroreg.cli.settings import offer_settings, options
from surroreg.errors import did_you_mean

if TYPE_CHECKING:
    from surroreg.libraries import Equivalent


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="such as 'spikingjelly.SuperSpike', or a library (all)")
    offer_settings(parser)
    parser.add_argument("--to", metavar="LIBRARY", help="into another library instead; NAME may be one of ours")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print a translation. Without a name print all rows of the table; with a library's name, its rows."""
    from surroreg.libraries import LIBRARIES

    name = arguments.name
    if name is None or name.lower() in LIBRARIES:
        return _print_rows(name and name.lower(), arguments.json)
    if "." not in name and arguments.to is None:
        hint = did_you_mean(name, list(LIBRARIES))
        raise surroreg.SurroregError(
            f"{name!r} is no library.{hint} Give 'library.Name', or one of ours with --to LIBRARY."
        )
    translation = surroreg.translate(name, to=arguments.to, **options(arguments))
    if arguments.json:
        keys = ["library", "name", "params", "scale", "shift", "at_zero", "library_at_zero", "saved_dtype"]
        keys += ["note", "verified"]
        data = {key: getattr(translation, key) for key in keys}
        say_json(translation={**data, "params": dict(translation.params), "line": str(translation)})
        return 0
    say(str(translation))
    if translation.note:
        say(f"  {translation.note}")
    if not translation.verified:
        say("  unverified: no test has compared this with the library")
    return 0


def _print_rows(library: str | None, as_json: bool) -> int:
    from surroreg.libraries import ROWS

    rows = [row for row in ROWS if library in (None, row.library)]
    if as_json:
        say_json(equivalents=[_facts(row) for row in rows])
        return 0
    marks = {True: "", False: "unverified"}
    say("\n".join(table((_theirs(r), r.call or "no equivalent", marks[r.verified], r.note) for r in rows)))
    return 0


def _facts(row: Equivalent) -> dict[str, object]:
    from surroreg.libraries import LIBRARIES

    version = LIBRARIES[row.library].version or None
    facts = {"theirs": _theirs(row), "ours": row.call or None, "note": row.note}
    return {**facts, "verified": row.verified, "version": version}


def _theirs(row: Equivalent) -> str:
    name = f"{row.library}.{row.names[0]}"
    return f"{name}({row.signature})" if row.ours else name


COMMAND = Command(
    help="translate a surrogate of another library, or ours into one",
    text=(
        "Translates a surrogate of another library into surroreg, with its parameters, its strength and its spike at "
        "zero. With --to it translates into another library. Without a name it prints the table of all surrogates, "
        "with a library's name the rows of that library. A surrogate without an equivalent has the reason."
    ),
    examples={
        "surroreg translate spikingjelly.SuperSpike --set alpha=2": "theirs, in our words",
        "surroreg translate atan --to spikingjelly": "ours, in theirs",
        "surroreg translate norse": "all of one library",
    },
    arguments=_arguments,
    run=_run,
    order=40,
)
