"""The state of the process that every program shares: a snapshot of named parts, and what differs between two."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from surroreg.conformance import process_state, torch_state
from surroreg.conformance.part import Part

Snapshot = dict[str, Mapping[Any, Any]]

#: Those of torch first: a message names the first part that changed.
PARTS: tuple[Part, ...] = (*torch_state.PARTS, *process_state.PARTS)

#: Seconds that a thread, a process or a file may need to end after its last use.
GRACE = 0.5

_ABSENT = "absent"


@dataclass(frozen=True)
class Change:
    """A part of the state that differs between two snapshots.

    Args:
        part: its name.
        before, after: the entries that differ, as text.
        excusable: whether it is no fault of a plugin that a library which it imports makes the same change.
    """

    part: str
    before: str
    after: str
    excusable: bool


def snapshot() -> Snapshot:
    """Return the entries of every part of the state."""
    return {part.name: part.read() for part in PARTS}


def changes(before: Snapshot) -> list[Change]:
    """Return what has changed since a snapshot.

    A thread, a process or a file that is about to end gets a moment to do so.
    """
    deadline = time.monotonic() + GRACE
    while True:
        differing = [(part, keys) for part in PARTS if (keys := part.differing(before[part.name], part.read()))]
        if not any(part.counts == "added" for part, _ in differing) or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return [
        Change(part.name, _listed(before[part.name], keys), _listed(part.read(), keys), part.excusable)
        for part, keys in differing
    ]


def restore(before: Snapshot) -> None:
    """Put the parts that have changed since a snapshot back, where that is possible."""
    for part in PARTS:
        if part.write is not None and part.differing(before[part.name], part.read()):
            with contextlib.suppress(Exception):  # a part that cannot be restored must not hide the result
                part.write(before[part.name])


@contextlib.contextmanager
def restored() -> Iterator[Snapshot]:
    """Yield a snapshot, and put the state back afterwards."""
    before = snapshot()
    try:
        yield before
    finally:
        restore(before)


def _listed(entries: Mapping[Any, Any], keys: list[Any]) -> str:
    """Return some entries of a part as text: the first of many."""
    texts = [f"{key}: {_text(entries[key])}" if key in entries else f"{key}: {_ABSENT}" for key in keys[:3]]
    return "; ".join([*texts, *(["and others"] if len(keys) > 3 else [])])


def _text(value: Any) -> str:
    # The state of a generator is thousands of bytes, of which no reader learns anything.
    return f"state {hash(value) & 0xFFFF:04x}" if isinstance(value, bytes) else str(value)[:200]
