"""The cost of the registry itself: importing, listing, loading, scanning, calling."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function

import surroreg
from surroreg.bench.peers import peers
from surroreg.bench.timing import Time, in_turn, summary
from surroreg.registry import discovery
from surroreg.registry.metadata import metadata

DISTRIBUTIONS = (50, 300, 1000)
ONE_ELEMENT = "one element, forward and backward: "

_FIRST_LOAD = """
import time, torch, surroreg
started = time.perf_counter()
surroreg.load("atan")
print(time.perf_counter() - started)
"""


class BareSpike(Function):
    """The smallest surrogate in Python: the straight-through estimator, without any check."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: D102
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: D102
        return grad


def measure(rounds: int) -> dict[str, Time]:
    """Return the times by the name of the step."""
    name = "straight_through_estimator"
    ours, x, upstream = surroreg.load(name), torch.ones(1, requires_grad=True), torch.ones(1)
    spikes: dict[str, Callable[[Tensor], Tensor]] = {"surroreg": ours, "bare Function": BareSpike.apply, **peers(name)}

    def call(function: Callable[[Tensor], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(function(x), x, upstream)

    steps = in_turn({"a later load": lambda: surroreg.load("atan")}, rounds)
    steps |= in_turn({ONE_ELEMENT + who: call(function) for who, function in spikes.items()}, rounds)
    python = [sys.executable, "-c"]
    commands = {
        "python": [*python, "pass"],
        "python, import surroreg": [*python, "import surroreg"],
        "surroreg list": [sys.executable, "-m", "surroreg", "list"],
    }
    steps |= {step: summary(times) for step, times in _processes(commands, rounds).items()}
    first = [float(subprocess.check_output([*python, _FIRST_LOAD], text=True)) for _ in range(rounds)]
    steps["the first load, after import torch"] = summary(first)
    for count in DISTRIBUTIONS:
        steps[f"a scan of {count} distributions"] = summary([_scan(count) for _ in range(rounds)])
    return steps


def _processes(commands: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {step: [] for step in commands}
    for _ in range(rounds):
        for step, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[step].append(time.perf_counter() - started)
    return times


def _scan(count: int) -> float:
    """Return the seconds of a scan of a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            info = Path(folder, f"stranger_{number}-1.0.dist-info")
            info.mkdir()
            info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger-{number}\nVersion: 1.0\n")
            info.joinpath("entry_points.txt").write_text("[console_scripts]\nstranger = stranger:main\n")
        started = time.perf_counter()
        discovery.candidates(metadata.distributions(path=[folder]))
        return time.perf_counter() - started


def overhead(times: dict[str, Time]) -> float:
    """Return the extra time of our call of one element, as a fraction of the time of a bare Function."""
    return times[ONE_ELEMENT + "surroreg"].median / times[ONE_ELEMENT + "bare Function"].median - 1
