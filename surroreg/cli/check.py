"""``surroreg check``: the conformance checks, without pytest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import surroreg
from surroreg.cli.output import print_json


def check(arguments: argparse.Namespace) -> int:
    """Run the checks of a surrogate or of a plugin; the exit code is 1 if one fails."""
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
            print(f"FAILED {result.id}\n{result.message}\n")
        elif sys.stderr.isatty():
            print(f"\r\x1b[K{len(results)}/{len(items)} {result.id}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    told = runner.report(selection, results, settings)
    if arguments.json:
        print_json(**told.to_dict())
    else:
        for line in told.summary():
            print(line)
    for file in files:
        told.write(file)
    return 0 if told.ok else 1
