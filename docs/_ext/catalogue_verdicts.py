"""What conformance says of each surrogate, kept from one build to the next."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from catalogue_facts import Entry

import surroreg
from surroreg.errors import in_one_line
from surroreg.specs.origin import package_of

DEVICES = ("cpu", "meta")
EXAMPLES = 10


@dataclass(frozen=True)
class Verdict:
    """What became of the checks of one surrogate.

    Args:
        counts: how many checks have each status.
        failed: the id of each check that failed, and the first line of its message.
        trouble: why there are no counts, if there are none.
    """

    counts: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


class Verdicts:
    """The verdicts of earlier builds, in a file; each holds as long as the code behind it is the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, Verdict]] = {}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._known = {name: {key: Verdict(**each) for key, each in one.items()} for name, one in kept.items()}

    def of(self, entry: Entry) -> Verdict:
        """Return the verdict on a surrogate, checking it if its code is new."""
        key = _fingerprint(entry.spec)
        if key not in self._known.get(entry.name, {}):
            self._known[entry.name] = {key: _checked(entry)}
        return self._known[entry.name][key]

    def save(self) -> None:
        """Write what is known."""
        kept = {name: {key: asdict(verdict) for key, verdict in one.items()} for name, one in self._known.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _checked(entry: Entry) -> Verdict:
    from surroreg.conformance import check

    try:
        report = check(entry.name, devices=DEVICES, examples=EXAMPLES)
    except (Exception, SystemExit) as error:  # whatever a plugin's code raises is its verdict
        return Verdict(trouble=in_one_line(error))
    failed = {result.id: result.message.partition("\n")[0] for result in report.failures}
    return Verdict(report.counts(), failed)


def _fingerprint(spec: surroreg.SurrogateSpec) -> str:
    """Return a digest of all that a verdict depends on: torch, surroreg, the spec and the package it is from."""
    digest = hashlib.sha256(f"{torch.__version__} {DEVICES} {EXAMPLES} {json.dumps(spec.to_dict())}".encode())
    for package in sorted({"surroreg", package_of(spec)}):
        try:
            found = importlib.util.find_spec(package)
        except (ImportError, ValueError):  # a function says itself where it is from, and may say anything
            continue
        if found is None or found.origin is None:
            continue
        home = Path(found.origin)
        for source in sorted(home.parent.rglob("*.py")) if home.name == "__init__.py" else [home]:
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
