"""``surroreg check``: the conformance checks, without pytest."""

from __future__ import annotations

import argparse
from pathlib import Path

import surroreg
from surroreg.cli.output import progress, say, say_json, tell


def check(arguments: argparse.Namespace) -> int:
    """Run the checks of a surrogate or of a plugin; the exit code is 1 if one fails, 2 if a report is not written."""
    try:
        from surroreg.conformance import known, report, runner, targets
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; install it with: pip install 'surroreg[conformance]'") from error

    files = [report.destination(file) for file in arguments.report]
    settings = runner.Settings(
        devices=tuple(arguments.device or runner.DEVICES),
        required=tuple(arguments.require_device),
        seed=arguments.seed,
        examples=arguments.max_examples,
    )
    declared = known.read(Path("pyproject.toml"))
    selection = targets.named(arguments.name)
    items = runner.plan(selection, settings.devices, arguments.check)
    if not items:
        raise surroreg.SurroregError(f"no check of {arguments.name!r} matches {arguments.check!r}.")
    results = []
    for item in items:
        result = known.judged(runner.run(item, settings), declared)
        results.append(result)
        if result.status == "failed" and not arguments.json:
            progress("")
            say(f"FAILED {result.id}\n{result.message}\n")
        else:
            progress(f"{len(results)}/{len(items)} {result.id}")
    progress("")
    told = runner.report(selection, results, settings)
    if arguments.json:
        say_json(**told.to_dict())
    else:
        say("\n".join(told.summary()))
    code = 0
    for file in files:
        try:
            told.write(file)
        except surroreg.SurroregError as error:  # the others are not lost with it
            tell(f"surroreg: {error}")
            code = 2
    return code if told.ok else 1
