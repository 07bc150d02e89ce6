"""``surroreg plot``, and the curve that ``surroreg show`` draws in the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys

import surroreg
from surroreg.cli.demo import assignment
from surroreg.errors import did_you_mean
from surroreg.parameters import SCALE, SHIFT
from surroreg.specs import SurrogateSpec


def plot(arguments: argparse.Namespace) -> int:
    """Draw surrogates into one file, and print its path."""
    from surroreg.plot import save

    specs = [surroreg.spec(name) for name in arguments.names]
    values = dict(map(assignment, arguments.set))
    known = {name for spec in specs for name in _accepted(spec)}
    strange = sorted(values.keys() - known)
    if strange and len(specs) > 1:
        hint = did_you_mean(strange[0], known)
        raise surroreg.ParameterTypeError(f"none of {', '.join(arguments.names)} has a parameter {strange[0]!r}.{hint}")
    surrogates = [
        spec(**{name: values[name] for name in values if name in _accepted(spec) or name in strange}) for spec in specs
    ]
    print(save(surrogates, arguments.output or f"{specs[0].name if len(specs) == 1 else 'surrogates'}.svg"))
    return 0


def _accepted(spec: SurrogateSpec) -> set[str]:
    also = set() if spec.derivative is None else {SCALE.name, SHIFT.name}
    return also | {parameter.name for parameter in spec.parameters}


def print_curve(spec: SurrogateSpec) -> None:
    """Print the derivative at the defaults, as far as there are any; in colour on a terminal, if rich is installed."""
    from surroreg import curve

    if any(parameter.required for parameter in spec.parameters):
        return
    width = min(72, shutil.get_terminal_size().columns)
    try:
        drawn = curve.text(spec, width=width, encoding=sys.stdout.encoding or "ascii")
    except Exception as error:  # a plugin's code, and its formula, may do anything
        print(f"surroreg: no curve of {spec.name!r}: {type(error).__name__}: {error}", file=sys.stderr)
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        print(drawn, end="\n\n")
        return
    # Off a terminal, and where NO_COLOR is set, it prints plain text.
    coloured = Text(drawn)
    coloured.highlight_regex("[\u2801-\u28ff*]+", "bright_blue")
    Console().print(coloured, end="\n\n", soft_wrap=True)
