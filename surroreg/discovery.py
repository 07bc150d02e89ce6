"""Installed distributions -> plugin candidates, without importing any plugin.

The environment is not trusted. Each distribution is read on its own, so that one with malformed
metadata cannot hide the others; only those that mention the group ``surroreg`` are parsed at all.
Order never decides: of several copies of one distribution the first on the path counts, and of
several in one folder (stale leftovers of an upgrade) the newest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

GROUP = "surroreg"
UNNAMED = "<unnamed>"


@dataclass(frozen=True)
class Candidate:
    """An entry point that offers a plugin. ``problem`` says why it cannot even be tried."""

    namespace: str
    value: str
    distribution: str
    version: str
    problem: str = ""

    @property
    def described(self) -> str:
        """Who this is, for messages."""
        return f"plugin '{self.namespace}' (entry point {self.value!r} of {self.distribution} {self.version})"


class Remark(NamedTuple):
    """Something odd about an installed distribution that offers a plugin."""

    distribution: str
    text: str


@dataclass(frozen=True)
class Switches:
    """The environment variables that choose plugins; each entry is a namespace or a distribution.

    ``SURROREG_DISABLE_PLUGINS=a,b`` leaves out, ``SURROREG_PLUGINS=a,b`` admits only those (set but
    empty: none), ``SURROREG_STRICT=1`` raises where a broken plugin would only cost a warning. Entries
    are kept by their normalised name, as they were typed.
    """

    allowed: Mapping[str, str] | None = None
    disabled: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False

    @classmethod
    def read(cls) -> Switches:
        """Read the switches from the environment."""

        def entries(text: str) -> dict[str, str]:
            return {normalised(part): part.strip() for part in text.split(",") if part.strip()}

        allowed = os.environ.get("SURROREG_PLUGINS")
        return cls(
            allowed=None if allowed is None else entries(allowed),
            disabled=entries(os.environ.get("SURROREG_DISABLE_PLUGINS", "")),
            strict=os.environ.get("SURROREG_STRICT", "") not in ("", "0"),
        )

    def admit(self, *names: str) -> bool:
        """Whether the switches let something with these names be imported."""
        keys = {normalised(name) for name in names}
        return keys.isdisjoint(self.disabled) and (self.allowed is None or not keys.isdisjoint(self.allowed))

    def unmatched(self, candidates: Iterable[Candidate]) -> list[str]:
        """Return the entries, as typed, that name nothing installed: most likely typing errors."""
        known = {normalised(name) for c in candidates for name in (c.namespace, c.distribution)}
        entries = {**self.disabled, **(self.allowed or {})}
        return sorted(typed for key, typed in entries.items() if key not in known)


def normalised(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def scan() -> tuple[list[Candidate], list[Remark]]:
    """Return the installed plugin candidates, sorted, and remarks on copies passed over."""
    from surroreg._compat import metadata

    return candidates(metadata.distributions())


def candidates(distributions: Iterable[Any]) -> tuple[list[Candidate], list[Remark]]:
    """Return the plugin candidates among ``distributions``, and remarks on copies passed over."""
    copies: dict[str | int, list[Copy]] = {}
    for distribution in distributions:
        copy = identify(distribution)
        copies.setdefault(id(distribution) if copy.name == UNNAMED else copy.name, []).append(copy)
    found: list[Candidate] = []
    remarks: set[Remark] = set()
    for same in copies.values():
        kept = max((c for c in same if c.folder == same[0].folder), key=lambda c: _release(c.version))
        found += offers(kept)
        remarks |= {
            Remark(
                other.name,
                f"{other.name} {other.version} in {other.folder} is passed over for {kept.version} in {kept.folder}: "
                "one copy of a distribution counts. Remove the stale one to silence this.",
            )
            for other in same
            if other.version != kept.version and (_mentions_group(other) or _mentions_group(kept))
        }
    return sorted(found, key=lambda c: (c.namespace, c.distribution, c.value)), sorted(remarks)


@dataclass(frozen=True)
class Copy:
    """One distribution as found in one folder."""

    name: str
    version: str
    folder: str
    source: Any


def identify(distribution: Any) -> Copy:
    """Return a distribution with its normalised name and its version, even where METADATA is missing."""
    path: Any = getattr(distribution, "_path", None)
    # The folder's name says both: no file is read, and none need be there.
    stem, _, kind = getattr(path, "name", "").rpartition(".")
    if kind in ("dist-info", "egg-info"):
        name, _, version = stem.partition("-")
        version = version.partition("-")[0] or _version(distribution)
        return Copy(normalised(name), version, str(path.parent), distribution)
    try:
        return Copy(normalised(distribution.metadata["Name"]), _version(distribution), "", distribution)
    except Exception:  # no METADATA, or one that cannot be read
        return Copy(UNNAMED, _version(distribution), "", distribution)


def _version(distribution: Any) -> str:
    try:
        return str(distribution.version or "<unknown>")
    except Exception:  # as above
        return "<unknown>"


def _release(version: str) -> list[tuple[int, int, str]]:
    """Order versions as PEP 440 does, near enough for leftovers in one folder: 1.dev1 < 1rc1 < 1 < 1.post1 < 1.1."""
    words = {"dev": 0, "post": 3}
    parts = [
        (4, int(part), "") if part.isdigit() else (words.get(part, 1), 0, part)
        for part in re.findall(r"\d+|[a-z]+", version.lower())
    ]
    return [*parts, (2, 0, "")]


def _mentions_group(copy: Copy) -> bool:
    try:
        return f"[{GROUP}]" in (copy.source.read_text("entry_points.txt") or "")
    except UnicodeDecodeError as error:
        return f"[{GROUP}]".encode() in error.object
    except Exception:  # unreadable metadata offers nothing
        return False


def offers(copy: Copy) -> list[Candidate]:
    """Return what one distribution offers; malformed entry points make one candidate with a problem."""
    # A search in the text tells most distributions apart before anything is parsed.
    if not _mentions_group(copy):
        return []
    try:
        points = [point for point in copy.source.entry_points if point.group == GROUP]
    except Exception as error:
        problem = f"its entry_points.txt is malformed ({type(error).__name__}: {error})"
        return [Candidate(copy.name, "", copy.name, copy.version, problem)]
    return [Candidate(point.name, point.value, copy.name, copy.version) for point in points]
