"""The result of every check, and the forms in which a report is written."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from surroreg import files
from surroreg.conformance.table import CHECKS
from surroreg.errors import SurroregError, printable
from surroreg.specs.plain import json_safe

Status = Literal["passed", "failed", "warned", "known", "skipped", "unverified"]

#: Version of the JSON that a report is written as.
SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """The result of one check of one surrogate on one device.

    Args:
        target: qualified name of the surrogate, or the namespace for a check of a whole plugin.
        check: id of the check.
        device: where it ran.
        status: ``"warned"`` is a failure that is only a warning, ``"known"`` one that was declared,
            ``"unverified"`` a check that wants a device, or a library, which is not there.
        message: the reason, unless it passed.
        worst: largest error met, in units of what is allowed; ``None`` where nothing was measured.
        measures: other numbers met on the way, by name.
        seconds: time it took.
    """

    target: str
    check: str
    device: str
    status: Status
    message: str = ""
    worst: float | None = None
    measures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def id(self) -> str:
        """``target::check[device]``, as known failures and reports name it."""
        return f"{self.target}::{self.check}[{self.device}]"


@dataclass(frozen=True)
class Report:
    """The results of a run.

    Args:
        results: in a stable order.
        surrogates: a description of each surrogate, as ``SurrogateSpec.to_dict`` gives, by qualified name.
        plugins: ``namespace``, ``distribution`` and ``version`` of each plugin.
        environment: Python, torch, device.
        settings: seed, dtypes, examples.
    """

    results: Sequence[Result]
    surrogates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    plugins: Sequence[Mapping[str, str]] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failures(self) -> list[Result]:
        """The results that fail the run, each with its check's id and the message."""
        return [result for result in self.results if result.status == "failed"]

    @property
    def unverified(self) -> list[Result]:
        """The results that are missing because a device, or a library, is."""
        return [result for result in self.results if result.status == "unverified"]

    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing failed; what could not be verified is not counted."""
        return not self.failures and any(result.status in ("passed", "known", "warned") for result in self.results)

    def counts(self, target: str | None = None) -> dict[str, int]:
        """Return how many results have each status, of one target or of all."""
        return dict(Counter(result.status for result in self.results if target in (None, result.target)))

    def summary(self) -> list[str]:
        """Return one line per surrogate, and one per reason for which something was not verified."""
        width = max((len(result.target) for result in self.results), default=0)
        lines = []
        for target in dict.fromkeys(result.target for result in self.results):
            counts = self.counts(target)
            parts = ", ".join(f"{counts[status]} {text}" for status, text in SHOWN.items() if status in counts)
            lines.append(f"{target:{width}}  {parts}")
        missing = Counter((result.device, result.message) for result in self.unverified)
        for (device, why), number in sorted(missing.items()):
            lines.append(f"{device}: {number} checks NOT VERIFIED ({why})")
        return lines

    def slowest(self, number: int) -> list[str]:
        """Return one line for each of the slowest checks, the slowest first."""
        results = sorted(self.results, key=lambda result: -result.seconds)[:number]
        return [f"{result.seconds:6.2f}s {result.id}" for result in results]

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-safe."""
        used = {result.check for result in self.results}
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "counts": self.counts(),
            "environment": dict(self.environment),
            "settings": dict(self.settings),
            "plugins": [dict(plugin) for plugin in self.plugins],
            "surrogates": {name: dict(described) for name, described in self.surrogates.items()},
            "checks": {
                check.id: {
                    "title": check.title,
                    "why": check.why,
                    "bug": check.bug,
                    "severity": check.severity,
                    "gate": check.gate.trait,
                }
                for check in CHECKS.values()
                if check.id in used
            },
            "results": [{"id": result.id, **asdict(result)} for result in self.results],
        }

    def badge(self) -> dict[str, Any]:
        """Return a badge as shields.io's endpoint reads it."""
        counts, devices = self.counts(), sorted({r.device for r in self.results if r.status == "passed"})
        passed, failed = counts.get("passed", 0), counts.get("failed", 0)
        where = " ".join(device for device in devices if device in ("cpu", "cuda")) or "nothing"
        known = f", {counts['known']} known failures" if "known" in counts else ""
        return {
            "schemaVersion": 1,
            "label": "surroreg conformance",
            "message": f"{failed} failed"
            if failed
            else f"{passed} checks on {where}{known}"
            if self.ok
            else "no checks",
            "color": "brightgreen" if self.ok and not known else "yellow" if self.ok else "red",
        }

    def markdown(self) -> str:
        """Return a table of surrogates, and the text of what did not pass; a message cannot leave its place."""
        lines = ["# Conformance report", ""]
        lines += [f"- {name}: {value}" for name, value in {**self.environment, **self.settings}.items()]
        lines += ["", "| surrogate | " + " | ".join(SHOWN.values()) + " |", "| --- |" + " ---: |" * len(SHOWN)]
        for target in dict.fromkeys(result.target for result in self.results):
            counts = self.counts(target)
            lines.append(f"| {_code(target)} | " + " | ".join(str(counts.get(status, 0)) for status in SHOWN) + " |")
        for status in ("failed", "warned", "known"):
            chosen = [result for result in self.results if result.status == status]
            lines += ["", f"## {SHOWN[status].capitalize()}"] if chosen else []
            for result in chosen:
                fence = _fence(result.message, 3)
                lines += ["", f"### {_code(result.id)}", "", f"{fence}text", result.message, fence]
        return printable("\n".join(lines)) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the report in the form that the file's name asks for; a file that exists is replaced as a whole.

        Raises:
            SurroregError: as :func:`destination`; or the file cannot be written.
        """
        path = destination(path)
        if path.name == "badge.json" or path.name.endswith(".badge.json"):
            text = json.dumps(self.badge(), indent=2)
        elif path.suffix == ".json":
            text = json.dumps(json_safe(self.to_dict()), indent=2)
        elif path.suffix == ".md":
            text = self.markdown()
        else:
            from surroreg.conformance.html import page

            text = page(self)
        files.write(path, text.encode("utf-8", "backslashreplace"))  # messages may hold anything


def _code(text: str) -> str:
    """Return text as code in Markdown, in one line and in one cell of a table."""
    text = " ".join(text.split()).replace("|", "\\|")
    fence = _fence(text, 1)
    return f"`{text}`" if fence == "`" else f"{fence} {text} {fence}"


def _fence(text: str, least: int) -> str:
    """Return more backticks than follow one another in a text."""
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))


def destination(path: str | Path) -> Path:
    """Return where a report goes, as an absolute path.

    Raises:
        SurroregError: the name ends in none of ``.badge.json``, ``.json``, ``.md``, ``.html``, or it can be seen
            that the file cannot be written.
    """
    try:
        path = Path(path).absolute()
    except OSError as error:
        raise SurroregError(f"cannot write {path}: the current folder is gone.") from error
    if path.suffix not in (".json", ".md", ".html"):
        raise SurroregError(f"a report is written as .json, .md, .html or .badge.json, not {path.name!r}.")
    if not os.path.isdir(path.parent):  # Path.is_dir raises where a name is too long
        raise SurroregError(f"cannot write {path}: there is no folder {path.parent}.")
    files.refuse_unwritable(path)
    return path


#: The text of each status, in the order of columns.
SHOWN: dict[str, str] = {
    "passed": "passed",
    "failed": "failed",
    "warned": "warnings",
    "known": "known failures",
    "skipped": "not applicable",
    "unverified": "NOT VERIFIED",
}
