"""``surroreg completion``: a script for bash, zsh or fish that completes commands and names."""

from __future__ import annotations

import argparse
import re

import surroreg
from surroreg.cli.command import Command
from surroreg.cli.output import say


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def _run(arguments: argparse.Namespace) -> int:
    """Print the script of a shell, which shtab writes from the parser."""
    try:
        import shtab
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; completion needs: pip install 'surroreg[cli]'") from error
    from surroreg.cli import parser

    # Without pages: shtab would describe a command by the first line of its paragraph, which ends within a sentence.
    script = shtab.complete(parser(pages=False), arguments.shell)
    if arguments.shell == "zsh":
        # In the script of shtab 1.13, a first name excludes others: 'surroreg plot atan fa' would offer nothing.
        script = re.sub(r'"\(\*\)::?', '"*:', script)
    say(script)
    return 0


COMMAND = Command(
    help="print a script that lets a shell complete commands and names",
    text=(
        "Prints a script that completes commands, options and the names of surrogates, those of plugins included, "
        "when Tab is pressed. The names come from 'surroreg list' at that moment. It needs 'surroreg[cli]'."
    ),
    examples={
        'eval "$(surroreg completion bash)"': "in ~/.bashrc",
        'surroreg completion zsh > "${fpath[1]}/_surroreg"': "once, before compinit runs",
        "surroreg completion fish > ~/.config/fish/completions/surroreg.fish": "once",
    },
    arguments=_arguments,
    run=_run,
    order=120,
)
