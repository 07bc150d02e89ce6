"""What the arguments of several commands have in common: a count, and the words that a shell offers at Tab."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

#: Prints the names of all surrogates, one a line, and nothing else.
_LISTED = "surroreg list 2>/dev/null | cut -d' ' -f1"

#: Offers names of surrogates, those of plugins included, in the form that shtab takes. Each script asks for the names
#: when Tab is pressed: shtab.cmd would freeze them when zsh loads the script.
NAMES: Mapping[str, Any] = {
    "bash": "_surroreg_names",
    "zsh": "_surroreg_names",
    "fish": f"({_LISTED})",
    "preamble": {
        "bash": f'_surroreg_names() {{ compgen -W "$({_LISTED})" -- "$1"; }}',
        "zsh": f'_surroreg_names() {{ compadd "$@" -- ${{(f)"$({_LISTED})"}}; }}',
    },
}

#: Offers files. A shell offers none for an argument that is not marked with this.
FILES = "file"


def offer(words: Mapping[str, Any] | str, argument: argparse.Action) -> None:
    """Let a shell complete an argument with ``NAMES`` or ``FILES``; choices are completed without."""
    argument.complete = words  # type: ignore[attr-defined]  # shtab reads this attribute


def count(text: str) -> int:
    """Return the whole number, at least 1, that a text is; the type of an argument."""
    try:
        number = int(text)
    except ValueError:  # also for more digits than int reads
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, not {text!r}")
    return number
