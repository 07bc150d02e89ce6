"""The command line: ``surroreg list | show | translate | plugins | doctor | check | new | bench | demo``, and more.

Data goes to standard output, everything else to standard error, whatever a plugin prints. Exit codes: 0 for success,
1 where something was found wrong, 2 where the question was, or where there could be no answer.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import surroreg
from surroreg.cli import manual, output
from surroreg.errors import in_one_line, printable


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    with output.alone(whole_process=argv is None) as answer:
        root = parser()
        try:
            arguments = root.parse_args(argv)
            if arguments.run is None:  # without a command
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
        except Exception:  # a defect of surroreg, which its traceback helps to find
            raise
        except BaseException as error:  # SystemExit, say: surroreg raises none, so that it comes from what it loaded
            output.tell(f"surroreg: stopped by code that it loaded: {in_one_line(error)}.")
            return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = _Parser(prog="surroreg", description="Surrogate gradients for spiking neural networks.")
    root.add_argument("--version", action=_Version, help="show program's version number and exit")
    root.set_defaults(run=None)
    commands = root.add_subparsers(metavar="COMMAND")

    listing = commands.add_parser("list", help="list the surrogates, or those that match a pattern")
    listing.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="such as '*sigmoid*' or 'acme/*'")
    listing.add_argument("--json", action="store_true", help="print full descriptions as JSON")
    listing.set_defaults(run=_run("listing", "list_surrogates"))

    show = commands.add_parser("show", help="describe one surrogate")
    show.add_argument("name", metavar="NAME", help="of a surrogate, or an alias")
    show.add_argument("--json", action="store_true", help="print its full description as JSON")
    show.set_defaults(run=_run("listing", "show"))

    plot = commands.add_parser("plot", help="draw surrogates into a file")
    plot.add_argument("names", nargs="+", metavar="NAME", help="surrogates, which are overlaid")
    plot.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="of each that has it")
    plot.add_argument("-o", "--output", metavar="FILE", help="FILE.svg, .pdf or .png (NAME.svg)")
    plot.set_defaults(run=_run("plot", "plot"))

    translate = commands.add_parser("translate", help="say what another library's surrogate is here, or ours there")
    translate.add_argument("name", nargs="?", metavar="NAME", help="'spikingjelly.SuperSpike', say, or a library (all)")
    translate.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="set a parameter")
    translate.add_argument("--to", metavar="LIBRARY", help="into another library instead; NAME may be one of ours")
    translate.add_argument("--json", action="store_true", help="print as JSON")
    translate.set_defaults(run=_run("translate", "translate"))

    plugins = commands.add_parser("plugins", help="list the installed plugins, and what became of each")
    plugins.add_argument("--json", action="store_true", help="print as JSON")
    plugins.set_defaults(run=_run("health", "plugins"))

    doctor = commands.add_parser("doctor", help="say what is wrong with the installation, if anything")
    doctor.add_argument("--json", action="store_true", help="print as JSON")
    doctor.set_defaults(run=_run("health", "doctor"))

    check = commands.add_parser("check", help="check that a surrogate, or a whole plugin, keeps its promises")
    check.add_argument("name", metavar="NAME|NAMESPACE", help="such as 'atan', 'acme/bell', 'acme', 'my_module:bell'")
    check.add_argument("--check", default="*", metavar="GLOB", help="only checks whose id matches")
    check.add_argument("--device", action="append", default=[], metavar="DEVICE", help="cpu, meta or cuda (all three)")
    check.add_argument(
        "--require-device", action="append", default=[], metavar="DEVICE", help="fail if it is not there"
    )
    check.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything drawn (0)")
    check.add_argument("--max-examples", type=_count, default=50, metavar="N", help="inputs hypothesis tries (50)")
    check.add_argument(
        "--report", action="append", default=[], metavar="FILE", help="FILE.json, .md, .html, .badge.json"
    )
    check.add_argument("--json", action="store_true", help="print the whole report as JSON")
    check.set_defaults(run=_run("check", "check"))

    new = commands.add_parser("new", help="write a plugin of your own into a new folder, complete and tested")
    new.add_argument("package", metavar="PACKAGE", help="such as 'surroreg-acme', or 'acme' for short")
    new.add_argument("--namespace", metavar="NAMESPACE", help="of its surrogates (what follows 'surroreg-')")
    new.add_argument("--surrogate", default="bump", metavar="NAME", help="of its first surrogate (bump)")
    new.add_argument("--json", action="store_true", help="print the names and the files as JSON")
    new.set_defaults(run=_run("new", "new"))

    bench = commands.add_parser("bench", help="measure speed and memory, against other libraries that are installed")
    bench.add_argument("names", nargs="*", metavar="NAME", help="built-in surrogates (all)")
    many: dict[str, Any] = {"action": "append", "default": []}
    bench.add_argument("--size", type=_elements, metavar="N", help="elements, such as 1e6 (1e3, 1e5, 1e6, 8e6)", **many)
    dtypes = ("float16", "bfloat16", "float32", "float64")
    bench.add_argument("--dtype", choices=dtypes, help="(float32, float64, bfloat16)", **many)
    bench.add_argument("--mode", choices=("eager", "compiled"), help="(eager)", **many)
    bench.add_argument("--device", metavar="DEVICE", help="cpu or cuda (what there is)", **many)
    bench.add_argument("--rounds", type=_count, default=9, metavar="N", help="rounds in which all take turns (9)")
    what = bench.add_mutually_exclusive_group()
    what.add_argument("--network", action="store_true", help="a training step of an snnTorch network instead")
    what.add_argument("--registry", action="store_true", help="what importing, loading, scanning, calling cost instead")
    bench.add_argument("--json", action="store_true", help="print as JSON")
    bench.set_defaults(run=_run("bench", "bench"))

    demo = commands.add_parser("demo", help="train a small spiking network on handwritten digits")
    demo.add_argument("name", nargs="?", default="atan", metavar="NAME", help="surrogate to train with (atan)")
    demo.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="set a parameter")
    demo.add_argument("--epochs", type=_count, default=20, metavar="N", help="passes over the training data (20)")
    demo.set_defaults(run=_run("demo", "demo"))

    cite = commands.add_parser("cite", help="print the BibTeX of where surrogates come from")
    cite.add_argument("names", nargs="*", metavar="NAME", help="of surrogates (surroreg itself)")
    cite.add_argument("--json", action="store_true", help="print as JSON")
    cite.set_defaults(run=_run("cite", "cite"))

    completion = commands.add_parser("completion", help="print a script that lets a shell complete commands and names")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    completion.set_defaults(run=_run("completion", "completion"))

    explore = commands.add_parser("explore", help="write a page on which surrogates are overlaid and dragged")
    explore.add_argument("names", nargs="*", metavar="NAME", help="surrogates that it shows at first (a few built-ins)")
    explore.add_argument("-o", "--output", default="surroreg-explorer.html", metavar="FILE", help="(%(default)s)")
    explore.set_defaults(run=_run("explore", "explore"))

    manual.teach(root, commands.choices)
    return root


class _OursFirst(list[Any]):
    """Filters of warnings that always show surroreg's own, whatever the user asked for, or a plugin adds."""

    def __init__(self, filters: Iterable[Any]) -> None:
        ours = (surroreg.PluginWarning, surroreg.DeprecatedAliasWarning)
        super().__init__([*(("always", None, kind, None, 0) for kind in ours), *filters])

    def insert(self, place: Any, item: Any) -> None:
        """Insert a filter, after those that come first."""
        super().insert(int(place) + 2, item)


class _Parser(argparse.ArgumentParser):
    """A parser whose help is an answer like others, and whose errors show what was typed without obeying it."""

    def print_help(self, file: Any = None) -> None:
        """Print the help: as the answer, where no file is given."""
        if file is not None:
            super().print_help(file)
            return
        with contextlib.redirect_stdout(output.answer().stream):  # it is coloured if that is a terminal
            text = self.format_help()
        output.answer().write(text)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        values = super()._get_values(action, arg_strings)
        if values == [] and action.nargs is None:  # what older versions of Python make of "--option=--"
            raise argparse.ArgumentError(action, "expected one argument")
        return values

    def error(self, message: str) -> NoReturn:
        """Print usage and message on standard error, and exit with 2."""
        super().error(printable(message))


class _Version(argparse.Action):
    """Print the version, as an answer like others."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        output.say(f"surroreg {surroreg.__version__}")
        parser.exit()


def _run(module: str, function: str) -> Any:
    """Return a command that imports what it needs when it runs."""

    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        return int(getattr(import_module(f"surroreg.cli.{module}"), function)(arguments))

    return run


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:  # the reason may be its length
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, not {text!r}")
    return number


def _elements(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (1 <= number < math.inf and number == int(number)):
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, not {text!r}")
    return int(number)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    output.tell(f"surroreg: warning: {message if isinstance(message, str) else _text(message)}")


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # a plugin may have derived a class from ours
        return in_one_line(error)
