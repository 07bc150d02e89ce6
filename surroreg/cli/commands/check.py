"""``surroreg check``: the conformance checks, without pytest."""

from __future__ import annotations

import argparse
from typing import Any

import surroreg
from surroreg.cli.arguments import FILES, NAMES, count, offer
from surroreg.cli.command import Command
from surroreg.cli.output import progress, say, say_json, tell


def _arguments(parser: argparse.ArgumentParser) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    name = parser.add_argument(
        "name", metavar="NAME|NAMESPACE", help="such as 'atan', 'acme/bell', 'acme', 'my_module:bell'"
    )
    offer(NAMES, name)
    parser.add_argument("--check", default="*", metavar="GLOB", help="only checks whose id matches")
    parser.add_argument("--device", metavar="DEVICE", help="cpu, meta or cuda (all three)", **many)
    parser.add_argument("--require-device", metavar="DEVICE", help="fail if it is not there", **many)
    parser.add_argument(
        "--require-nvrtc", action="store_true", help="fail if NVRTC, which compiles for GPUs, is not there"
    )
    parser.add_argument("--strict", action="store_true", help="strict checks fail, as for surroreg's own surrogates")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything drawn (0)")
    parser.add_argument("--max-examples", type=count, default=50, metavar="N", help="inputs hypothesis tries (50)")
    parser.add_argument("--durations", type=count, metavar="N", help="list the N slowest checks, with their seconds")
    offer(FILES, parser.add_argument("--report", metavar="FILE", help="FILE.json, .md, .html, .badge.json", **many))
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Run the checks of a surrogate or of a plugin; the exit code is 1 if one fails, 2 if a report is not written."""
    from pathlib import Path

    try:
        from surroreg.conformance import known, nvrtc, report, runner, targets
        from surroreg.conformance.settings import DEVICES, Settings
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; install it with: pip install 'surroreg[conformance]'") from error

    files = [report.destination(file) for file in arguments.report]
    settings = Settings(
        devices=tuple(arguments.device or DEVICES),
        required=tuple(arguments.require_device),
        seed=arguments.seed,
        examples=arguments.max_examples,
        strict=arguments.strict,
    )
    if arguments.require_nvrtc:
        nvrtc.load()
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
    outcome = runner.report(selection, results, settings)
    if arguments.json:
        say_json(**outcome.to_dict())
    else:
        say("\n".join(outcome.summary()))
        if arguments.durations is not None:
            say("\n".join(["", *outcome.slowest(arguments.durations)]))
    code = 0
    for file in files:
        try:
            outcome.write(file)
        except surroreg.SurroregError as error:  # raised, it would lose the reports after this one
            tell(f"surroreg: {error}")
            code = 2
    return code if outcome.ok else 1


COMMAND = Command(
    help="check that a surrogate, or a whole plugin, keeps its promises",
    text=(
        "Runs the conformance checks without pytest: that the forward pass is a Heaviside step, that gradients have "
        "the right shape, dtype and values, and what surrounds them. A failure says what was promised, at which "
        "input it broke, and how to repeat it. Checks for a device that is not there count as NOT VERIFIED."
    ),
    examples={
        "surroreg check atan": "one surrogate, every check",
        "surroreg check acme --report acme.html": "a whole plugin, with a report to publish",
        "surroreg check my_module:bell --check 'backward_*' --device cpu": "one that is not installed",
    },
    arguments=_arguments,
    run=_run,
    order=70,
)
