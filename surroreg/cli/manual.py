"""The layout of ``--help``: the page of the whole command line, and the page of a command."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping

#: Every environment variable that surroreg reads. ``surroreg doctor`` prints their values.
VARIABLES = {
    "SURROREG_PLUGINS": "a,b: admit only these plugins; empty: none",
    "SURROREG_DISABLE_PLUGINS": "a,b: leave these out, by namespace or package",
    "SURROREG_STRICT": "1: a broken plugin is an error, not a warning",
    "NO_COLOR": "anything: print without colours",
}

#: The exit codes of every command.
CODES = {
    0: "done, and nothing is wrong",
    1: "something was found wrong, or nothing was found",
    2: "the question was wrong, or there is no answer; a message says why",
    130: "interrupted",
}

#: The first lines to type.
FIRST = {
    "surroreg list": "the surrogates there are",
    "surroreg show atan": "one of them",
    "surroreg demo": "train a network with it",
}

WIDTH = 79


def teach(root: argparse.ArgumentParser) -> None:
    """Give the parser of the whole command line its page: first steps, variables and exit codes."""
    root.formatter_class = argparse.RawDescriptionHelpFormatter
    introduction = (
        "'surroreg COMMAND --help' explains a command. Data goes to standard output, messages to standard error; "
        "--json prints the data for programs."
    )
    codes = {str(code): meaning for code, meaning in CODES.items()}
    root.epilog = "\n\n".join(
        [
            _filled(introduction),
            _listed("examples:", FIRST),
            _listed("environment:", VARIABLES),
            _listed("exit codes:", codes),
        ]
    )


def add_page(parser: argparse.ArgumentParser, text: str, examples: Mapping[str, str]) -> None:
    """Give the parser of a command its page: a paragraph, and lines to type with the purpose of each."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = _filled(text)
    parser.epilog = _listed("examples:", examples)


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _listed(title: str, rows: Mapping[str, str]) -> str:
    """Return rows below a title: in two columns where they fit, else each meaning below its key."""
    width = max(map(len, rows))
    if all(width + 4 + len(meaning) <= WIDTH for meaning in rows.values()):
        return "\n".join([title, *(f"  {key:{width}}  {meaning}" for key, meaning in rows.items())])
    lines = [title]
    for key, meaning in rows.items():
        lines += [f"  {key}", textwrap.fill(meaning, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]
    return "\n".join(lines)
