"""``surroreg plot``: surrogates in one picture, as a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import surroreg
from surroreg.cli.arguments import FILES, NAMES, offer
from surroreg.cli.blame import blamed
from surroreg.cli.command import Command
from surroreg.cli.output import say
from surroreg.cli.settings import settings
from surroreg.errors import did_you_mean

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec


def _arguments(parser: argparse.ArgumentParser) -> None:
    offer(NAMES, parser.add_argument("names", nargs="+", metavar="NAME", help="surrogates, which are overlaid"))
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE", help="of each that has it")
    file = parser.add_argument("-o", "--output", metavar="FILE", help="FILE.svg, .pdf or .png (NAME.svg)")
    offer(FILES, file)


def _run(arguments: argparse.Namespace) -> int:
    """Draw surrogates into one file, and print its path."""
    from surroreg.plot import save

    specs = [surroreg.spec(name) for name in arguments.names]
    values = settings(arguments.set)
    known = {name for spec in specs for name in _accepted(spec)}
    unknown = sorted(values.keys() - known)
    if unknown and len(specs) > 1:
        hint = did_you_mean(unknown[0], known)
        raise surroreg.ParameterTypeError(f"none of {', '.join(arguments.names)} has a parameter {unknown[0]!r}.{hint}")
    with blamed(*specs):
        # A single surrogate gets the unknown parameter, too, because its error names the parameters that it has.
        surrogates = [
            spec(**{name: values[name] for name in values if name in _accepted(spec) or name in unknown})
            for spec in specs
        ]
        path = save(surrogates, arguments.output or f"{specs[0].name if len(specs) == 1 else 'surrogates'}.svg")
    say(str(path))
    return 0


def _accepted(spec: SurrogateSpec) -> set[str]:
    from surroreg.specs.parameters import SCALE, SHIFT

    also = set() if spec.derivative is None else {SCALE.name, SHIFT.name}
    return also | {parameter.name for parameter in spec.parameters}


COMMAND = Command(
    help="draw surrogates into a file",
    text=(
        "Draws the derivative of surrogates, overlaid, into a file for a paper or a slide. The file's name decides "
        "its form: svg, pdf or png."
    ),
    examples={
        "surroreg plot atan": "atan.svg in this folder",
        "surroreg plot atan sigmoid fast_sigmoid -o compared.pdf": "three in one picture",
        "surroreg plot sigmoid --set slope=10 -o gentle.png": "with a parameter set",
    },
    arguments=_arguments,
    run=_run,
    order=30,
)
