"""``surroreg list`` and ``surroreg show``."""

from __future__ import annotations

import argparse
import fnmatch
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import surroreg
from surroreg.cli.blame import blamed
from surroreg.cli.output import plain, say, say_json, tell
from surroreg.cli.plot import print_curve
from surroreg.errors import printable
from surroreg.registry import process
from surroreg.registry.inventory import BUILTIN
from surroreg.specs import SurrogateSpec
from surroreg.specs.parameters import LIMITS

Form = TypeVar("Form")


def list_surrogates(arguments: argparse.Namespace) -> int:
    """Print the surrogates that match a pattern."""
    specs = {name: surroreg.spec(name) for name in surroreg.names(arguments.pattern)}
    if arguments.json:
        say_json(surrogates=_each(specs, lambda name, spec: plain({"surrogate": name, **spec.to_dict()})))
    elif specs:
        say("\n".join(table(_each(specs, lambda name, spec: (name, _call(spec), spec.summary)))))
    if not specs:
        tell(f"surroreg: nothing matches {arguments.pattern!r}; 'surroreg list' shows all")
        for info in surroreg.plugins():
            if info.status == "unavailable" and fnmatch.fnmatchcase(f"{info.namespace}/", arguments.pattern.lower()):
                tell(f"surroreg: {info.error}")
    return 0 if specs else 1


def _each(specs: Mapping[str, SurrogateSpec], form: Callable[[str, SurrogateSpec], Form]) -> list[Form]:
    """Return specs in some form; one that has none costs a warning, and hides no other."""
    found = []
    for name, spec in specs.items():
        try:
            with blamed(spec):
                found.append(form(name, spec))
        except surroreg.SurroregError as error:
            tell(f"surroreg: warning: {error}")
    return found


def show(arguments: argparse.Namespace) -> int:
    """Print all that is known of one surrogate."""
    name, spec = named(arguments.name)
    with blamed(spec):
        if arguments.json:
            say_json(surrogate={"surrogate": name, **spec.to_dict()})
        else:
            _show(spec)
    return 0


def _show(spec: SurrogateSpec) -> None:
    say(f"{spec.name}: {spec.summary}")
    if spec.formula:
        say(f"\n  d(x) = {spec.formula}\n")
    print_curve(spec)
    if spec.description:
        say(textwrap.fill(" ".join(spec.description.split()), 88) + "\n")
    rows = [(f"  {p.name}", p.symbol, _default(p.default, p.required), p.bounds, p.doc) for p in spec.parameters]
    for line in table(rows):
        say(line)
    if any(p.type is float for p in spec.parameters):
        say(f"  {LIMITS}")
    for label, values in {
        "aliases": spec.aliases,
        "traits": _traits(spec),
        "references": [reference.url for reference in spec.references],
        "defined in": [spec.origin],
    }.items():
        if values:
            say(f"{label}: {', '.join(values)}")


def named(asked: str) -> tuple[str, SurrogateSpec]:
    """Return the name that ``surroreg list`` shows for a surrogate, and its spec; errors as for ``surroreg.load``."""
    namespace, spec = process.registry.find(asked)
    if not namespace:  # asked for as "module:attribute"
        return asked, spec
    return spec.name if namespace == BUILTIN else f"{namespace}/{spec.name}", spec


def table(rows: Iterable[Iterable[str]]) -> list[str]:
    """Return rows as lines with aligned columns; columns that are empty throughout are left out."""
    # What does not stay on its line would look like rows.
    cells = [[printable(cell.replace("\n", " ").replace("\t", " ")) for cell in row] for row in rows]
    columns = [column for column in zip(*cells, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in zip(*columns, strict=True)]


def _call(spec: SurrogateSpec) -> str:
    return ", ".join(f"{p.name}={_default(p.default, p.required)}" for p in spec.parameters)


def _default(value: object, required: bool) -> str:
    return "required" if required else f"{value:g}" if isinstance(value, float) else str(value)


def _traits(spec: SurrogateSpec) -> list[str]:
    traits = spec.traits
    said = {
        "fires at zero": traits.fires_at_zero,
        "stochastic": traits.stochastic,
        "even": traits.even,
        "not even": traits.even is False,
        "non-negative": traits.non_negative,
        "can be negative": traits.non_negative is False,
        "a parameter can be learnt": spec.parameters and spec.primitive,
    }
    kept = {"input": "keeps its input", "sign": "keeps its spikes", "nothing": "keeps nothing"}[traits.reads]
    return [text for text, true in said.items() if true] + [f"{kept} for the backward pass"]
