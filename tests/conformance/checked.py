"""Checks run in this process, without what a report adds."""

from __future__ import annotations

from collections.abc import Collection

from surroreg.conformance import runner
from surroreg.conformance.report import Result
from surroreg.conformance.settings import Settings
from surroreg.conformance.targets import Selection

DEVICES = ("cpu", "meta")


def results(
    selection: Selection,
    devices: Collection[str] = DEVICES,
    *,
    examples: int,
    strict: bool = False,
    pattern: str = "*",
) -> list[Result]:
    """Run the checks of a pattern, or all of these but the strict ones, which cost the most."""
    settings = Settings(examples=examples, devices=tuple(devices))
    items = runner.plan(selection, settings.devices, pattern)
    return [runner.run(item, settings) for item in items if strict or item.check.severity != "strict"]


def failures(selection: Selection, *, examples: int, without: Collection[str] = ()) -> dict[str, str]:
    """Run all checks but the strict ones and some modules, and return the message of each that fails."""
    settings = Settings(examples=examples, devices=DEVICES)
    items = [
        item
        for item in runner.plan(selection, DEVICES)
        if item.check.severity != "strict" and item.check.run.__module__.rpartition(".")[2] not in without
    ]
    found = [runner.run(item, settings) for item in items]
    return {result.check: result.message for result in found if result.status == "failed"}
