"""How commands print surrogates: the name to load one by, and rows with aligned columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from surroreg.errors import printable

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec


def named(name: str) -> tuple[str, SurrogateSpec]:
    """Return the name that ``surroreg list`` shows for a surrogate, and its spec; errors as for ``surroreg.load``."""
    from surroreg.registry import process
    from surroreg.registry.qualified import listed

    namespace, spec = process.registry.find(name)
    # A spec without a namespace was named as "module:attribute".
    return (listed(namespace, spec.name) if namespace else name), spec


def table(rows: Iterable[Iterable[str]]) -> list[str]:
    """Return rows as lines with aligned columns. A column whose cells are all empty is left out."""
    # Without this, a cell with a line break would look like two rows.
    cells = [[printable(cell.replace("\n", " ").replace("\t", " ")) for cell in row] for row in rows]
    columns = [column for column in zip(*cells, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in zip(*columns, strict=True)]
