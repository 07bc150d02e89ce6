"""The command line: ``surroreg COMMAND``. Each command is one module of ``surroreg.cli.commands``.

The answer of a command goes to standard output. Messages, and everything that a plugin prints, go to standard error.
``manual.CODES`` has the exit codes.
"""

from __future__ import annotations

import argparse
import contextlib
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import surroreg
from surroreg.cli import command, manual, output
from surroreg.errors import in_one_line, printable


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    with output.alone(whole_process=argv is None) as answer:
        root = parser()
        try:
            arguments = root.parse_args(argv)
            if arguments.run is None:  # the line has no command
                root.exit(2, root.format_help())
        except SystemExit:  # after help, version, or a usage error
            if answer.error is not None:
                raise SystemExit(2) from None
            raise
        code = _code_of(arguments)
        return code if answer.error is None else 2


def _code_of(arguments: argparse.Namespace) -> int:
    """Run a command and return its exit code."""
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        warnings.filters = _OursFirst(warnings.filters)
        try:
            return int(arguments.run(arguments))
        except surroreg.SurroregError as error:
            output.tell(f"surroreg: {_text(error)}")
            return 2
        except KeyboardInterrupt:
            return 130
        except Exception:  # a defect of surroreg: its traceback helps to find it
            raise
        except BaseException as error:  # such as SystemExit. surroreg raises none, so code of a plugin did.
            output.tell(f"surroreg: stopped by code that it loaded: {in_one_line(error)}.")
            return 2


def parser(*, pages: bool = True) -> Parser:
    """Return the parser of the whole command line.

    Args:
        pages: Whether each command has its page. Without a page, the line of the list describes the command.
    """
    root = Parser(prog="surroreg", description="Surrogate gradients for spiking neural networks.")
    root.add_argument("--version", action=_Version, help="show program's version number and exit")
    root.set_defaults(run=None)
    manual.teach(root)
    group = root.add_subparsers(metavar="COMMAND")
    for name, each in command.find().items():
        if isinstance(each, surroreg.SurroregError):
            root.commands[name] = group.add_parser(name, help=f"(cannot be used: 'surroreg {name}' says why)")
            root.commands[name].defect = str(each)
            continue
        root.commands[name] = subparser = group.add_parser(name, help=each.help)
        subparser.set_defaults(run=each.run)
        try:
            each.arguments(subparser)
            if pages:
                manual.add_page(subparser, each.text, each.examples)
        except Exception as error:
            subparser.defect = str(command.broken(name, in_one_line(error)))
    return root


class _OursFirst(list[Any]):
    """Filters of warnings that always show surroreg's own warnings, whatever filters a user or a plugin adds."""

    def __init__(self, filters: Iterable[Any]) -> None:
        ours = (surroreg.PluginWarning, surroreg.DeprecatedAliasWarning)
        super().__init__([*(("always", None, kind, None, 0) for kind in ours), *filters])

    def insert(self, place: Any, item: Any) -> None:
        """Insert a filter, but after our own: an earlier filter would decide over our warnings."""
        super().insert(int(place) + 2, item)


class Parser(argparse.ArgumentParser):
    """A parser that prints its help as the answer. Its errors show control characters in arguments as escapes.

    Attributes:
        commands: The parsers of the commands, by name.
        defect: The reason why the command cannot be used: the error of every line that begins with the command.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands: dict[str, Parser] = {}
        self.defect: str | None = None

    def parse_known_args(self, *args: Any, **kwargs: Any) -> Any:
        """Parse arguments, or exit with the defect of the command."""
        if self.defect is not None:
            self.error(self.defect)
        return super().parse_known_args(*args, **kwargs)

    def print_help(self, file: Any = None) -> None:
        """Print the help to a file, or as the answer if no file is given."""
        if file is not None:
            super().print_help(file)
            return
        with contextlib.redirect_stdout(output.answer().stream):  # argparse colours the help if this is a terminal
            text = self.format_help()
        output.answer().write(text)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        values = super()._get_values(action, arg_strings)
        if values == [] and action.nargs is None:  # older versions of Python parse "--option=--" to an empty list
            raise argparse.ArgumentError(action, "expected one argument")
        return values

    def error(self, message: str) -> NoReturn:
        """Print usage and message on standard error, and exit with 2."""
        super().error(printable(message))


class _Version(argparse.Action):
    """Print the version as the answer."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        output.say(f"surroreg {surroreg.__version__}")
        parser.exit()


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    output.tell(f"surroreg: warning: {message if isinstance(message, str) else _text(message)}")


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # a plugin may have derived the class from ours, and broken its __str__
        return in_one_line(error)
