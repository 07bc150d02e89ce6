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
    without: Collection[str] = (),
) -> list[Result]:
    """Run the checks of a pattern, without some modules, and without the strict ones, which cost the most."""
    settings = Settings(examples=examples, devices=tuple(devices))
    return [
        runner.run(item, settings)
        for item in runner.plan(selection, settings.devices, pattern)
        if strict or item.check.severity != "strict"
        if item.check.run.__module__.rpartition(".")[2] not in without
    ]


def failures(selection: Selection, *, examples: int, without: Collection[str] = ()) -> dict[str, str]:
    """Run all checks but the strict ones and some modules, and return the message of each that fails."""
    found = results(selection, examples=examples, without=without)
    return {result.check: result.message for result in found if result.status == "failed"}
