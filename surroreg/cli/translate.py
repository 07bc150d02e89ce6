"""``surroreg translate``: what another library's surrogate is here, and ours there."""

from __future__ import annotations

import argparse

import surroreg
from surroreg.cli.listing import table
from surroreg.cli.output import say, say_json
from surroreg.cli.settings import settings
from surroreg.errors import did_you_mean
from surroreg.libraries import LIBRARIES, ROWS, Equivalent


def translate(arguments: argparse.Namespace) -> int:
    """Print a translation; without a name, or with a library's, the table of all that is known."""
    asked = arguments.name
    if asked is None or asked.lower() in LIBRARIES:
        return _print_known(asked and asked.lower(), arguments.json)
    if "." not in asked and arguments.to is None:
        hint = did_you_mean(asked, list(LIBRARIES))
        raise surroreg.SurroregError(
            f"{asked!r} is no library.{hint} Give 'library.Name', or one of ours with --to LIBRARY."
        )
    values = settings(arguments.set)
    found = surroreg.translate(asked, to=arguments.to, **values)
    if arguments.json:
        told = {"library": found.library, "name": found.name, "params": dict(found.params), "scale": found.scale}
        told |= {"shift": found.shift, "at_zero": found.at_zero, "library_at_zero": found.library_at_zero}
        told |= {"note": found.note, "line": str(found)}
        say_json(translation=told)
        return 0
    say(str(found))
    if found.note:
        say(f"  {found.note}")
    return 0


def _print_known(library: str | None, as_json: bool) -> int:
    rows = [row for row in ROWS if library in (None, row.library)]
    if as_json:
        say_json(equivalents=[{"theirs": _theirs(r), "ours": _ours(r) or None, "note": r.note} for r in rows])
        return 0
    say("\n".join(table((_theirs(row), _ours(row) or "no equivalent", row.note) for row in rows)))
    return 0


def _theirs(row: Equivalent) -> str:
    values = ", ".join(name if value is None else f"{name}={value:g}" for name, value in row.theirs.items())
    return f"{row.library}.{row.names[0]}({values})" if row.ours else f"{row.library}.{row.names[0]}"


def _ours(row: Equivalent) -> str:
    """Return the surrogate of ours in a row, its parameters as formulas of theirs; empty if there is none."""
    values = {**row.params, **({"scale": row.scale} if row.scale != "1" else {})}
    values |= {"shift": row.shift} if row.shift != "0" else {}
    return row.ours and f"{row.ours}({', '.join(f'{name}={text}' for name, text in values.items())})"
