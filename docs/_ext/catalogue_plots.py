"""The catalogue's plots as SVG: the figures of :mod:`surroreg.plot`, and thumbnails.

A plot has no background and black letters; the stylesheet inverts it on a dark page. The name of a file holds a digest
of its content, so a plot is drawn again only if its content changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from catalogue_facts import Entry
from matplotlib.figure import Figure

from surroreg import plot
from surroreg.drawing import curve
from surroreg.specs.parameters import Parameter

#: Letters stay letters, in a font of the reader. A fixed salt makes the same ids in every build.
STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "surroreg"}


@dataclass(frozen=True)
class Plot:
    """The file of a plot, with its caption and its description in words."""

    path: Path
    caption: str
    alt: str


def plots(entry: Entry, folder: Path) -> Iterator[Plot]:
    """Draw a surrogate at its defaults, and at three values of each of its parameters."""
    parts = "Derivative and primitive" if entry.spec.primitive is not None else "Derivative"
    description = f"{parts} of {entry.name}"
    usual = "at the values above" if any(p.required for p in entry.spec.parameters) else "at the defaults"
    yield Plot(_drawn(folder, entry, [entry.surrogate]), usual, f"{description} {usual}")
    for parameter in entry.spec.parameters:
        values = around(parameter, entry.values.get(parameter.name))
        if len(values) > 1:
            surrogates = [entry.spec(**{**entry.values, parameter.name: value}) for value in values]
            varied = f"{parameter.name} = {', '.join(f'{value:g}' for value in values)}"
            yield Plot(_drawn(folder, entry, surrogates), varied, f"{description} for {varied}")


def thumbnail(entry: Entry, folder: Path) -> Plot:
    """Draw the derivative, small and without numbers."""
    return Plot(_drawn(folder, entry, [entry.surrogate], small=True), "", f"Derivative of {entry.name}")


def around(parameter: Parameter, default: Any) -> list[float]:
    """Return up to three permitted values of a parameter: one below the default, the default, one above."""
    if parameter.type not in (int, float) or default is None:
        return []
    low = next((bound for bound in (parameter.gt, parameter.ge) if bound is not None), min(default, 0))
    if default == low:
        candidates = [default - 1, default, default + 1, default + 2]
    else:
        candidates = [low + (default - low) * factor for factor in (0.5, 1, 2)]
    allowed: list[float] = []
    for value in candidates:
        try:
            checked = parameter.check(round(value) if parameter.type is int else value)
        except ValueError:
            continue
        allowed += [checked] if checked not in allowed else []
    return allowed[:3]


def _drawn(folder: Path, entry: Entry, surrogates: Sequence[Any], small: bool = False) -> Path:
    """Return the file that shows surrogates; draw it if it does not exist."""
    sources = "".join(Path(file).read_text(encoding="utf-8") for file in (__file__, plot.__file__))
    shown = repr([(repr(each), each.spec.primitive is None, curve.of(each)) for each in surrogates])
    digest = hashlib.sha256(f"{small} {mpl.__version__} {shown} {sources}".encode()).hexdigest()[:12]
    path = folder / f"{entry.spec.name}-{digest}.svg"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        figure = _thumbnail(surrogates[0]) if small else plot.plot(surrogates)
        with mpl.rc_context(STYLE):
            figure.savefig(path, transparent=True, metadata={"Date": None})
    return path


def _thumbnail(surrogate: Any) -> Figure:
    drawn = curve.of(surrogate)
    figure = Figure(figsize=(2.2, 1.2), layout="constrained")
    axes = figure.subplots()
    for line in drawn.lines:
        x, y, lowest, highest = zip(*line, strict=True)
        axes.plot(x, y, color=plot.COLOURS[0], linewidth=2)
        axes.fill_between(x, lowest, highest, color=plot.COLOURS[0], alpha=0.3, linewidth=0)
        axes.fill_between(x, y, color=plot.COLOURS[0], alpha=0.12, linewidth=0)
    axes.axvline(0, color=plot.GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.axhline(0, color=plot.GREY, linewidth=0.8, zorder=0)
    axes.margins(x=0)
    axes.set_axis_off()
    return figure
