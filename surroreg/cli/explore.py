"""``surroreg explore``: a page that overlays surrogates, and draws them anew as their parameters are dragged."""

from __future__ import annotations

import argparse
from pathlib import Path

import surroreg
from surroreg.explorer import page


def explore(arguments: argparse.Namespace) -> int:
    """Write the page, and print where it is."""
    text = page(arguments.names or None)
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise surroreg.SurroregError(f"{arguments.output!r} cannot be written: {error}") from error
    print(arguments.output)
    return 0
