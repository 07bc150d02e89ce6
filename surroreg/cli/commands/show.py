"""``surroreg show``: one surrogate, with its curve."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

from surroreg.cli.arguments import NAMES, offer
from surroreg.cli.blame import blamed
from surroreg.cli.command import Command
from surroreg.cli.listing import named, table
from surroreg.cli.output import answer, say, say_json, tell
from surroreg.errors import in_one_line

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec


def _arguments(parser: argparse.ArgumentParser) -> None:
    offer(NAMES, parser.add_argument("name", metavar="NAME", help="of a surrogate, or an alias"))
    parser.add_argument("--json", action="store_true", help="print its full description as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print the description of a surrogate."""
    name, spec = named(arguments.name)
    with blamed(spec):
        if arguments.json:
            say_json(surrogate={"surrogate": name, **spec.to_dict()})
        else:
            _describe(spec)
    return 0


def _describe(spec: SurrogateSpec) -> None:
    from surroreg.specs.display import brief_default
    from surroreg.specs.parameters import LIMITS

    say(f"{spec.name}: {spec.summary}")
    if spec.formula:
        say(f"\n  d(x) = {spec.formula}\n")
    _draw(spec)
    if spec.description:
        say(textwrap.fill(" ".join(spec.description.split()), 88) + "\n")
    for line in table((f"  {p.name}", p.symbol, brief_default(p), p.bounds, p.doc) for p in spec.parameters):
        say(line)
    if any(parameter.type is float for parameter in spec.parameters):
        say(f"  {LIMITS}")
    for label, values in {
        "aliases": spec.aliases,
        "traits": _traits(spec),
        "references": [reference.url for reference in spec.references],
        "defined in": [spec.origin],
    }.items():
        if values:
            say(f"{label}: {', '.join(values)}")


def _draw(spec: SurrogateSpec) -> None:
    """Print the curve of the derivative, in colour on a terminal with rich. Skip it if a parameter has no default."""
    import io
    import shutil

    from surroreg.drawing.text import as_text

    if any(parameter.required for parameter in spec.parameters):
        return
    width, stream = min(72, shutil.get_terminal_size().columns), answer().stream
    try:
        curve = as_text(spec, width=width, encoding=getattr(stream, "encoding", None) or "ascii")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the derivative and the formula of a plugin may do anything
        tell(f"surroreg: no curve of {spec.name!r}: {in_one_line(error)}")
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        say(f"{curve}\n")
        return
    coloured = Text(curve)
    coloured.highlight_regex("[\u2801-\u28ff*]+", "bright_blue")
    # Without a terminal, or with NO_COLOR, the console gives plain text. It writes into memory, and not to the stream:
    # the stream may be full or closed, and only Answer.write reports this.
    memory = io.StringIO()
    console = Console(file=memory, force_terminal=True if stream is not None and stream.isatty() else None)
    console.print(coloured, end="\n\n", soft_wrap=True)
    answer().write(memory.getvalue())


def _traits(spec: SurrogateSpec) -> list[str]:
    traits = spec.traits
    phrases = {
        "fires at zero": traits.fires_at_zero,
        "stochastic": traits.stochastic,
        "even": traits.even,
        "not even": traits.even is False,
        "non-negative": traits.non_negative,
        "can be negative": traits.non_negative is False,
        "a parameter can be learnt": spec.parameters and spec.primitive,
    }
    saved = {"input": "keeps its input", "sign": "keeps its spikes", "nothing": "keeps nothing"}[traits.reads]
    return [phrase for phrase, holds in phrases.items() if holds] + [f"{saved} for the backward pass"]


COMMAND = Command(
    help="describe one surrogate",
    text=(
        "Prints the facts for choosing a surrogate: the formula of its derivative, its parameters with "
        "defaults and bounds, its traps, and where it comes from. An alias of another library will do as its name."
    ),
    examples={
        "surroreg show atan": "one of the built-ins",
        "surroreg show SpikeRateEscape": "by its name in snnTorch",
        "surroreg show fast_sigmoid --json": "for a program",
    },
    arguments=_arguments,
    run=_run,
    order=20,
)
