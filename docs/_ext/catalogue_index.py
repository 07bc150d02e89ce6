"""The page of all surrogates: a gallery, and a table to compare them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from catalogue_facts import Entry
from catalogue_markup import WIDE, breakable, directive, page, prose, table, text
from catalogue_plots import Plot

from surroreg.specs.display import typeset
from surroreg.specs.parameters import LIMITS

COLUMNS = (
    "name",
    "namespace",
    "peak",
    "area",
    "half-width",
    "tail",
    "bounded support",
    "even",
    "non-negative",
    "learnable",
    "keeps",
    "aliases",
)


def index(entries: Sequence[Entry], thumbnails: Mapping[str, Plot]) -> str:
    """Return the page, in Markdown."""
    return page(
        [
            WIDE,
            "# Catalogue",
            f"{len(entries)} surrogates: the built-ins, and those of the plugins that were installed when this page "
            "was built. Each has a card with its formula, plots, shape, names in other libraries and conformance. "
            f"[Compare them in a table](#compare). What a card calls allowed are the declared bounds. {LIMITS}",
            directive("grid", "2 3 4 5", "\n\n".join(_cards(entries, thumbnails)), {"gutter": "2"}),
            "(compare)=\n\n## Compare",
            "At the defaults; lengths are in membrane units. The tail is the power by which the heavier tail falls: 2 "
            "if as 1/x², 0 if not at all, ∞ if faster than any. A dash means that nothing is promised, or that there "
            "is nothing to compute.",
            directive("table", "", table(COLUMNS, map(_row, entries)), {"class": "catalogue-table"}),
            directive("toctree", "", "\n".join(entry.document for entry in entries), {"hidden": "", "maxdepth": "1"}),
        ]
    )


def _cards(entries: Sequence[Entry], thumbnails: Mapping[str, Plot]) -> Iterator[str]:
    for entry in entries:
        plot = thumbnails.get(entry.name)
        options = {"link": entry.document, "link-type": "doc", "class-card": "catalogue-card"}
        if plot is not None:
            options |= {
                "img-top": f"_plots/{plot.path.parent.name}/{plot.path.name}",
                "img-alt": plot.alt,
                "class-img-top": "dark-light",
            }
        yield directive("grid-item-card", breakable(entry.name), prose(entry.spec.summary), options)


def _row(entry: Entry) -> list[str]:
    shape, traits = entry.shape, entry.spec.traits
    numbers = ["–"] * 5
    if not isinstance(shape, str):
        bounded = all(map(_finite, shape.support))
        numbers = [*map(typeset, (shape.peak, shape.area, shape.half_width, shape.tail)), _answer(bounded)]
    return [
        f"[{text(entry.name)}]({entry.document}.md)",
        entry.namespace,
        *numbers,
        _answer(traits.even),
        _answer(traits.non_negative),
        _answer(entry.learnable),
        {"input": "input", "sign": "spikes", "nothing": "nothing"}[traits.reads],
        text(", ".join(entry.spec.aliases)),
    ]


def _finite(value: float) -> bool:
    return abs(value) < float("inf")


def _answer(value: bool | None) -> str:
    return "–" if value is None else "yes" if value else "no"
