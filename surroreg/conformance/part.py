"""One part of the state of the process: how it is read, what counts as a change, how it is put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Entries = Mapping[Any, Any]


@dataclass(frozen=True)
class Part:
    """A named part of the state of the process.

    Args:
        name: as a message names it, after "leaves".
        read: returns its entries. Their values compare with ``==``, or are the same object.
        write: puts entries back; ``None`` where nothing can.
        counts: what is a change: ``"all"`` differences; only ``"added"`` entries, because others may end at any time;
            only ``"kept"`` entries that are lost or replaced, because a lazy import rightly adds some.
        excusable: whether a plugin may change it by importing a library that does.
    """

    name: str
    read: Callable[[], Entries]
    write: Callable[[Any], None] | None = None
    counts: Literal["all", "added", "kept"] = "all"
    excusable: bool = True

    def differing(self, before: Entries, after: Entries) -> list[Any]:
        """Return the keys of the entries that have changed."""
        added = [key for key in after if key not in before]
        if self.counts == "added":
            return added
        lost = object()
        changed = [key for key, value in before.items() if _differ(value, after.get(key, lost))]
        return changed if self.counts == "kept" else changed + added


def _differ(one: Any, other: Any) -> bool:
    return one is not other and bool(one != other)
