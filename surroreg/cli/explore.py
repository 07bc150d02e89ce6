"""``surroreg explore``: a page that overlays surrogates, and draws them anew as their parameters are dragged."""

from __future__ import annotations

import argparse

from surroreg import files
from surroreg.cli import output
from surroreg.explorer import page


def explore(arguments: argparse.Namespace) -> int:
    """Write the page, and print where it is."""
    text = page(arguments.names or None)
    if output.is_stdout(arguments.output):
        output.answer().write(text)
        return 0
    files.write(arguments.output, text.encode("utf-8", "backslashreplace"))
    output.say(arguments.output)
    return 0
