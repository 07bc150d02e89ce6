"""``surroreg check --durations``: where the time of a check goes."""

from __future__ import annotations

from surroreg.conformance import Report, Result


def test_slowest_checks_are_listed_longest_first():
    seconds = {"quick": 0.01, "slow": 2.5, "medium": 0.5}
    report = Report([Result("acme/bell", name, "cpu", "passed", seconds=time) for name, time in seconds.items()])
    assert report.slowest(2) == ["  2.50s acme/bell::slow[cpu]", "  0.50s acme/bell::medium[cpu]"]
