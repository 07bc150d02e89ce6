"""The kill matrix, at the end of a session that ran mutants."""

from __future__ import annotations

from typing import Any

PROPERTY = "surroreg_mutant"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print, for every mutant, the check meant for it and the others that kill it; from all workers."""
    reports = [report for category in terminalreporter.stats.values() for report in category]
    rows = [
        row
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, row in report.user_properties
        if name == PROPERTY
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row["place"], not row["alone"], row["mutant"]))
    killed = sum(row["kills"] in row["killed"] for row in rows)
    checks = len({row["kills"] for row in rows if row["kills"] in row["killed"]})
    terminalreporter.section("mutants")
    terminalreporter.line(f"{killed} of {len(rows)} killed by the check meant for them; {checks} checks killed theirs")
    width = max(len(row["mutant"]) for row in rows)
    previous = ""
    for row in rows:
        others = " ".join(name for name in row["killed"] if name != row["kills"])
        missed = "" if row["kills"] in row["killed"] else "not run here" if row["absent"] else "SURVIVES"
        check = "" if row["kills"] == previous else row["kills"]
        terminalreporter.line(f"{check:25} {row['mutant']:{width}}  {others or missed}".rstrip())
        previous = row["kills"]
