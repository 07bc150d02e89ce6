"""``surroreg plugins``: the installed plugins. It works however broken a plugin is."""

from __future__ import annotations

import argparse

from surroreg.cli import health
from surroreg.cli.command import Command
from surroreg.cli.output import say, say_json


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print every installed plugin with its status."""
    plugins = health.installed()
    if arguments.json:
        say_json(plugins=health.data(plugins))
    else:
        say("\n".join(health.lines(plugins)))
    return 0


COMMAND = Command(
    help="list the installed plugins, with the status of each",
    text=(
        "Prints each installed plugin with its package, version and status: loaded, failed, unavailable (a library "
        "that it wraps is not installed) or disabled (by an environment variable)."
    ),
    examples={
        "surroreg plugins": "a table",
        "surroreg plugins --json": "for a program, errors included",
    },
    arguments=_arguments,
    run=_run,
    order=50,
)
