"""A command is one module of ``surroreg.cli.commands``, and the parser finds it there."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple

from surroreg.cli import commands
from surroreg.errors import SurroregError, in_one_line


class Command(NamedTuple):
    """One command: the ``COMMAND`` of a module that is named like the command.

    Attributes:
        help: One line for the list of commands.
        text: The paragraph of the command's own ``--help``.
        examples: Two or three lines to type, with the purpose of each.
        arguments: Adds arguments to the parser of the command.
        run: Runs the command and returns the exit code. Slow imports belong in this function, because every command
            line imports the modules of all commands.
        order: Position in the list of commands. The lowest comes first, a command without an order last.
    """

    help: str
    text: str
    examples: Mapping[str, str]
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    order: float = math.inf


def find() -> dict[str, Command | SurroregError]:
    """Return every command by name, in the order of the help.

    A broken module breaks no other command: an error that names the module takes the place of its own.
    """
    files = [file for folder in commands.__path__ for file in os.listdir(folder)]  # pkgutil would import inspect
    names = {file.removesuffix(".py") for file in files if file.endswith(".py") and not file.startswith("_")}
    return dict(sorted(((name, _load(name)) for name in names), key=_position))


def _position(item: tuple[str, Command | SurroregError]) -> tuple[float, str]:
    name, command = item
    return (command.order if isinstance(command, Command) else math.inf), name


def _load(name: str) -> Command | SurroregError:
    place = f"{commands.__name__}.{name}"
    try:
        command = getattr(import_module(place), "COMMAND", None)
    except Exception as error:
        return broken(name, in_one_line(error))
    if not isinstance(command, Command):
        return broken(name, "it defines no COMMAND, a surroreg.cli.command.Command")
    if not (command.text and command.examples):
        return broken(name, "its COMMAND has no page: give it a text and examples")
    return command


def broken(name: str, reason: str) -> SurroregError:
    """Return the error that takes the place of a command."""
    return SurroregError(f"the command {name!r} cannot be used: {commands.__name__}.{name}: {reason}.")
