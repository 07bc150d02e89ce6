"""``surroreg explore``: a page that overlays surrogates, and redraws them while a user drags their parameters."""

from __future__ import annotations

import argparse

from surroreg.cli import output
from surroreg.cli.arguments import FILES, NAMES, offer
from surroreg.cli.command import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    help = "surrogates that it shows at first (a few built-ins)"
    offer(NAMES, parser.add_argument("names", nargs="*", metavar="NAME", help=help))
    default = "surroreg-explorer.html"
    offer(FILES, parser.add_argument("-o", "--output", default=default, metavar="FILE", help="(%(default)s)"))


def _run(arguments: argparse.Namespace) -> int:
    """Write the page, and print its path."""
    from surroreg import files
    from surroreg.explorer import page

    text = page(arguments.names or None)
    if output.is_stdout(arguments.output):
        output.answer().write(text)
        return 0
    files.write(arguments.output, text.encode("utf-8", "backslashreplace"))
    output.say(arguments.output)
    return 0


COMMAND = Command(
    help="write a page on which surrogates are overlaid and dragged",
    text=(
        "Writes one self-contained web page on which surrogates are overlaid, their parameters dragged, and the line "
        "that loads the result copied. It needs no server and no network."
    ),
    examples={
        "surroreg explore": "surroreg-explorer.html in this folder",
        "surroreg explore atan zoo/gaussian -o compare.html": "with two of them shown at first",
    },
    arguments=_arguments,
    run=_run,
    order=130,
)
