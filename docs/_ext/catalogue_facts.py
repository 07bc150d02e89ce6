"""The facts about a surrogate in the catalogue, all of them computed or declared."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import surroreg
from surroreg.errors import in_one_line
from surroreg.module.values import shown
from surroreg.shape import Shape, shape
from surroreg.specs.parameters import Parameter

_SYMBOL = re.compile(r"([A-Za-zα-ωΑ-ΡΣ-Ω])([0-9]?)(²?)")


@dataclass(frozen=True)
class Entry:
    """A surrogate of the catalogue.

    Args:
        name: the name in ``surroreg.names()``.
        spec: the spec.
        plugin: the distribution and version of its plugin, if any.
    """

    name: str
    spec: surroreg.SurrogateSpec
    plugin: str = ""
    values: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        example = self.spec.examples[0] if self.spec.examples else {}
        needed = {p.name: example[p.name] for p in self.spec.parameters if p.required and p.name in example}
        defaults = {p.name: p.default for p in self.spec.parameters if not p.required}
        object.__setattr__(self, "values", {**defaults, **needed})

    @property
    def namespace(self) -> str:
        """``"builtin"``, or the namespace of its plugin."""
        return self.name.partition("/")[0] if "/" in self.name else "builtin"

    @property
    def document(self) -> str:
        """The path of its card below the catalogue, without a suffix."""
        return f"{self.namespace}/{self.spec.name}"

    @property
    def call(self) -> str:
        """The line of Python that loads the surrogate with all its parameters."""
        values = {p.name: shown(self.values[p.name]) if p.name in self.values else "..." for p in self.spec.parameters}
        given = "".join(f", {name}={value}" for name, value in values.items())
        return f'surroreg.load("{self.name}"{given})'

    @functools.cached_property
    def surrogate(self) -> Any:
        """The surrogate, at its defaults."""
        return self.spec(**self.values)

    @property
    def learnable(self) -> bool:
        """Whether a parameter can be an ``nn.Parameter``."""
        return self.spec.primitive is not None and any(p.type is float for p in self.spec.parameters)

    @functools.cached_property
    def shape(self) -> Shape | str:
        """Its shape at the defaults, or the reason why it has none."""
        if self.spec.traits.stochastic:
            return "The gradient is drawn at random, so it has no one shape."
        if required := [p.name for p in self.spec.parameters if p.required]:
            return f"It depends on {' and '.join(required)}."
        if self.spec.derivative is None:
            return "It is built by a factory, so its derivative is not available."
        try:
            surrogate = self.surrogate
            return shape(self.spec, {p.name: getattr(surrogate, p.name) for p in self.spec.parameters})
        except (Exception, SystemExit) as error:  # code of a plugin failed
            return f"It could not be computed: {in_one_line(error)}"


def entries() -> list[Entry]:
    """Return the surrogates of the built-ins and of every plugin, built-ins first."""
    plugins = {info.namespace: f"{info.distribution} {info.version}" for info in surroreg.plugins()}
    names = surroreg.names()
    listed = [Entry(name, surroreg.spec(name), plugins.get(name.rpartition("/")[0], "")) for name in names]
    return sorted(listed, key=lambda entry: (entry.namespace != "builtin", entry.name))


def symbol(parameter: Parameter) -> str:
    """Return a parameter's symbol in LaTeX: a letter, perhaps with an index and a square, or else its name."""
    match = _SYMBOL.fullmatch(parameter.symbol)
    if match is None:
        return rf"\mathtt{{{parameter.name}}}".replace("_", r"\_")
    letter, index, square = match.groups()
    return "{" + _letter(letter) + (f"_{{{index}}}" if index else "") + ("^{2}" if square else "") + "}"


def _letter(letter: str) -> str:
    name = unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ")
    # TeX has no command for an omicron, which looks like an o.
    return letter if " " in name or name == "OMICRON" else "\\" + name.lower().replace("lamda", "lambda")
