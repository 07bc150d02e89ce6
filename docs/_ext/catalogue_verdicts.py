"""The results of the conformance checks of each surrogate, kept from one build to the next."""

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
    """The results of the checks of one surrogate.

    Args:
        counts: the number of checks with each status.
        failed: the first line of the message of each failed check, by the check's id.
        trouble: the reason why the checks could not run, or ``""``.
    """

    counts: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


class Verdicts:
    """The verdicts of earlier builds, in a file. A verdict is valid as long as the code behind it is the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, Verdict]] = {}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._known = {name: {key: Verdict(**each) for key, each in one.items()} for name, one in kept.items()}

    def of(self, entry: Entry) -> Verdict:
        """Return the verdict on a surrogate. Run the checks if its code is new."""
        key = _fingerprint(entry.spec)
        if key not in self._known.get(entry.name, {}):
            self._known[entry.name] = {key: _checked(entry)}
        return self._known[entry.name][key]

    def save(self) -> None:
        """Write the verdicts to the file."""
        kept = {name: {key: asdict(verdict) for key, verdict in one.items()} for name, one in self._known.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _checked(entry: Entry) -> Verdict:
    from surroreg.conformance import check

    try:
        report = check(entry.name, devices=DEVICES, examples=EXAMPLES)
    except (Exception, SystemExit) as error:  # an error of a plugin's code is its verdict
        return Verdict(trouble=in_one_line(error))
    failed = {result.id: result.message.partition("\n")[0] for result in report.failures}
    return Verdict(report.counts(), failed)


def _fingerprint(spec: surroreg.SurrogateSpec) -> str:
    """Return a digest of everything that a verdict depends on: torch, surroreg, the spec and its package."""
    digest = hashlib.sha256(f"{torch.__version__} {DEVICES} {EXAMPLES} {json.dumps(spec.to_dict())}".encode())
    for package in sorted({"surroreg", package_of(spec)}):
        try:
            module = importlib.util.find_spec(package)
        except (ImportError, ValueError):  # a function declares its own module, and may declare any text
            continue
        if module is None or module.origin is None:
            continue
        home = Path(module.origin)
        for source in sorted(home.parent.rglob("*.py")) if home.name == "__init__.py" else [home]:
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
