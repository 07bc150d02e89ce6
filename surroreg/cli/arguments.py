"""Parts that the arguments of several commands share: a type for counts, and the words that a shell offers at Tab."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

#: A shell command that prints the names of all surrogates, one a line, and nothing else.
_LISTED = "surroreg list 2>/dev/null | cut -d' ' -f1"

#: Lets Tab offer the names of surrogates, those of plugins included, in the form that shtab takes. Each script lists
#: the names when Tab is pressed. With shtab.cmd, zsh would list them only once, when it loads the script.
NAMES: Mapping[str, Any] = {
    "bash": "_surroreg_names",
    "zsh": "_surroreg_names",
    "fish": f"({_LISTED})",
    "preamble": {
        "bash": f'_surroreg_names() {{ compgen -W "$({_LISTED})" -- "$1"; }}',
        "zsh": f'_surroreg_names() {{ compadd "$@" -- ${{(f)"$({_LISTED})"}}; }}',
    },
}

#: Lets Tab offer files. For an argument without this mark, a shell offers none.
FILES = "file"


def offer(words: Mapping[str, Any] | str, argument: argparse.Action) -> None:
    """Let a shell complete an argument with ``NAMES`` or ``FILES``. An argument with choices needs no mark."""
    argument.complete = words  # type: ignore[attr-defined]  # shtab reads this attribute


def count(text: str) -> int:
    """Return a text as a whole number of at least 1. For the ``type`` of an argument."""
    try:
        number = int(text)
    except ValueError:  # no number, or more digits than int reads
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, not {text!r}")
    return number
