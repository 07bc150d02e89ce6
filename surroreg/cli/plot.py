"""``surroreg plot``, and the curve that ``surroreg show`` draws in the terminal."""

from __future__ import annotations

import argparse
import io
import shutil

import surroreg
from surroreg.cli.blame import blamed
from surroreg.cli.output import answer, say, tell
from surroreg.cli.settings import settings
from surroreg.errors import did_you_mean, in_one_line
from surroreg.specs import SurrogateSpec
from surroreg.specs.parameters import SCALE, SHIFT


def plot(arguments: argparse.Namespace) -> int:
    """Draw surrogates into one file, and print its path."""
    from surroreg.plot import save

    specs = [surroreg.spec(name) for name in arguments.names]
    values = settings(arguments.set)
    known = {name for spec in specs for name in _accepted(spec)}
    strange = sorted(values.keys() - known)
    if strange and len(specs) > 1:
        hint = did_you_mean(strange[0], known)
        raise surroreg.ParameterTypeError(f"none of {', '.join(arguments.names)} has a parameter {strange[0]!r}.{hint}")
    with blamed(*specs):
        surrogates = [
            spec(**{name: values[name] for name in values if name in _accepted(spec) or name in strange})
            for spec in specs
        ]
        path = save(surrogates, arguments.output or f"{specs[0].name if len(specs) == 1 else 'surrogates'}.svg")
    say(str(path))
    return 0


def _accepted(spec: SurrogateSpec) -> set[str]:
    also = set() if spec.derivative is None else {SCALE.name, SHIFT.name}
    return also | {parameter.name for parameter in spec.parameters}


def print_curve(spec: SurrogateSpec) -> None:
    """Print the derivative at the defaults, as far as there are any; in colour on a terminal, if rich is installed."""
    from surroreg.drawing.text import as_text

    if any(parameter.required for parameter in spec.parameters):
        return
    width, stream = min(72, shutil.get_terminal_size().columns), answer().stream
    try:
        drawn = as_text(spec, width=width, encoding=getattr(stream, "encoding", None) or "ascii")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's code, and its formula, may do anything
        tell(f"surroreg: no curve of {spec.name!r}: {in_one_line(error)}")
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        say(f"{drawn}\n")
        return
    # Off a terminal, and where NO_COLOR is set, it gives plain text.
    coloured = Text(drawn)
    coloured.highlight_regex("[\u2801-\u28ff*]+", "bright_blue")
    # Not into the stream itself: that may be full, or closed.
    drawing = io.StringIO()
    console = Console(file=drawing, force_terminal=True if stream is not None and stream.isatty() else None)
    console.print(coloured, end="\n\n", soft_wrap=True)
    answer().write(drawing.getvalue())
