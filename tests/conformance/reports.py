"""Reports in JSON, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def strict_json(text: str) -> Any:
    """Return parsed JSON. NaN and infinity are refused, as JSON does not know them."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def report_in(path: Path) -> Any:
    """Return a report without its times, so that two reports can be compared."""
    report = strict_json(path.read_text(encoding="utf-8"))
    for result in report["results"]:
        assert result.pop("seconds") >= 0
    return report
