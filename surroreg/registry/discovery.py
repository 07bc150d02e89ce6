"""Installed distributions -> plugin candidates, without importing any plugin.

The environment is not trusted. Each distribution is read on its own, so that one with malformed
metadata cannot hide the others; only those that mention the group ``surroreg`` are parsed at all.
Order never decides: of several copies of one distribution the first on the path counts, and of
several in one folder (stale leftovers of an upgrade) the newest.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from surroreg.errors import in_one_line, printable, shortened
from surroreg.registry.versions import order

GROUP = "surroreg"
UNNAMED, UNKNOWN = "<unnamed>", "<unknown>"
#: Bytes of an entry_points.txt above which it is not parsed. The longest of real packages have some thousand.
LONGEST = 1_000_000


@dataclass(frozen=True)
class Candidate:
    """An entry point that offers a plugin. ``problem`` is the reason why it cannot be imported at all, or ``""``."""

    namespace: str
    value: str
    distribution: str
    version: str
    problem: str = ""

    @property
    def described(self) -> str:
        """The distribution, version and entry point, for messages."""
        point = f"entry point {shortened(self.value)} of {self.distribution} {self.version}"
        return f"plugin {shortened(self.namespace)} ({point})"

    @property
    def switch(self) -> str:
        """The names under which environment variables can switch the plugin."""
        return self.namespace if self.distribution == UNNAMED else self.distribution


class Remark(NamedTuple):
    """A warning about an installed distribution that offers a plugin."""

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
        """Return the entries that name no installed plugin, as the user typed them."""
        known = {normalised(name) for c in candidates for name in (c.namespace, c.distribution)}
        entries = {**self.disabled, **(self.allowed or {})}
        return sorted(typed for key, typed in entries.items() if key not in known)


def normalised(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def scan() -> tuple[list[Candidate], list[Remark]]:
    """Return the installed plugin candidates, sorted, and remarks on distributions that were ignored."""
    distributions, trouble = _installed()
    found, remarks = candidates(distributions)
    return found, trouble + remarks


def versions() -> dict[str, str]:
    """Return the versions of all installed distributions, by normalised name; the first on the path counts."""
    return {copy.name: copy.version for copy in map(identify, reversed(_installed()[0]))}


def _installed() -> tuple[list[Any], list[Remark]]:
    """Return all distributions that can be found, and remarks on the finders that raise."""
    from surroreg.registry.metadata import metadata

    trouble: list[Remark] = []
    try:
        return [*metadata.distributions()], trouble
    except KeyboardInterrupt:
        raise
    except BaseException:  # of one of the finders
        return [*_finder_by_finder(metadata, trouble)], trouble


def _finder_by_finder(metadata: Any, trouble: list[Remark]) -> Iterator[Any]:
    """Yield the distributions of all finders that work, and add a remark on each that raises."""
    for finder in sys.meta_path:
        try:
            find = getattr(finder, "find_distributions", None)
            yield from find(metadata.DistributionFinder.Context()) if find else ()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            told = f"{shortened(finder)} on sys.meta_path cannot list installed packages: {in_one_line(error)}."
            trouble.append(Remark(UNNAMED, f"{told} The plugins that it knows are left out."))


def candidates(distributions: Iterable[Any]) -> tuple[list[Candidate], list[Remark]]:
    """Return the plugin candidates among ``distributions``, and remarks on copies passed over."""
    copies: dict[str | int, list[Copy]] = {}
    for distribution in distributions:
        copy = identify(distribution)
        copies.setdefault(id(distribution) if copy.name == UNNAMED else copy.name, []).append(copy)
    found: dict[Candidate, None] = {}
    remarks: set[Remark] = set()
    for same in copies.values():
        here = [copy for copy in same if copy.folder == same[0].folder]
        kept = max(here, key=lambda copy: order(copy.version)) if len(here) > 1 else here[0]
        found |= dict.fromkeys(offers(kept))  # a line that stands twice in the file is one offer
        remarks |= {
            Remark(
                other.name,
                printable(
                    f"{other.name} {other.version} in {other.folder} is passed over for {kept.version} in "
                    f"{kept.folder}: one copy of a distribution counts. Remove the stale one to silence this."
                ),
            )
            for other in same
            if other.version != kept.version and (_mentions_group(_content(other)) or _mentions_group(_content(kept)))
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
    try:
        path = distribution._path
        # The folder's name has both, so no file is read; METADATA may be missing.
        stem, _, kind = path.name.rpartition(".")
        folder = str(path.parent)
    except Exception:  # a distribution from a custom finder may have no folder
        stem = kind = folder = ""
    if kind in ("dist-info", "egg-info"):
        name, _, version = stem.partition("-")
        return Copy(_named(name), _plain(version.partition("-")[0]) or _version(distribution), folder, distribution)
    try:
        return Copy(_named(distribution.metadata["Name"]), _version(distribution), "", distribution)
    except Exception:  # no METADATA, or one that cannot be read
        return Copy(UNNAMED, _version(distribution), "", distribution)


def _named(name: str) -> str:
    return normalised(_plain(name)) or UNNAMED


def _plain(text: str) -> str:
    return " ".join(printable(text).split())


def _version(distribution: Any) -> str:
    try:
        path = getattr(distribution, "_path", None)
        if path is not None and not all(map(_ends, (path, path / "METADATA", path / "PKG-INFO"))):
            return UNKNOWN
        return _plain(distribution.version) or UNKNOWN
    except Exception:  # as above
        return UNKNOWN


def _ends(file: Any) -> bool:
    """Whether a file is a regular one: reading a pipe may never end."""
    return file.is_file() or file.is_dir() or not file.exists()


def _content(copy: Copy) -> bytes:
    """Return the entry_points.txt of a distribution, or the beginning of one that is too long; empty if it has none."""
    try:
        path = getattr(copy.source, "_path", None)
        if path is None:
            return (copy.source.read_text("entry_points.txt") or "").encode("utf-8", "surrogatepass")
        if not isinstance(path, os.PathLike):  # in an archive
            file = path / "entry_points.txt"
            return file.read_bytes()[: LONGEST + 1] if file.is_file() else b""
        # O_NONBLOCK: opening a pipe must not wait for its other end.
        number = os.open(os.path.join(path, "entry_points.txt"), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            status = os.fstat(number)
            return os.read(number, min(status.st_size, LONGEST) + 1) if stat.S_ISREG(status.st_mode) else b""
        finally:
            os.close(number)
    except UnicodeDecodeError as error:
        return error.object
    except Exception:  # unreadable metadata offers nothing
        return b""


def _mentions_group(content: bytes) -> bool:
    # Without the zeros between the letters of UTF-16.
    return f"[{GROUP}]".encode() in content.replace(b"\0", b"")


def offers(copy: Copy) -> list[Candidate]:
    """Return what one distribution offers; malformed entry points make one candidate with a problem."""
    # Most distributions offer nothing: a search in the text is much faster than parsing.
    content = _content(copy)
    if not _mentions_group(content):
        return []
    problem = ""
    if len(content) > LONGEST:
        problem = f"its entry_points.txt is longer than {LONGEST:,} bytes"
    elif content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        problem = "its entry_points.txt is UTF-16, or begins with a byte order mark: it must be UTF-8 without one"
    else:
        try:
            points = [point for point in copy.source.entry_points if point.group == GROUP]
            return [Candidate(str(point.name), str(point.value), copy.name, copy.version) for point in points]
        except Exception as error:
            problem = f"its entry_points.txt is malformed ({in_one_line(error)})"
    return [Candidate(copy.name, "", copy.name, copy.version, problem)]
