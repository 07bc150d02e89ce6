"""The times of several calls, measured in turn."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.benchmark import Timer

#: The shortest block of calls, in seconds: long enough that reading the clock costs nothing beside it.
BLOCK = 0.004


@dataclass(frozen=True)
class Time:
    """Seconds per call.

    Args:
        median: over the rounds.
        spread: between the quartiles of the rounds.
    """

    median: float
    spread: float


def in_turn(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Time]:
    """Return the time of each call: in every round a block of each, one after the other.

    On a GPU a block ends when the GPU is done.
    """
    timers = {
        name: Timer("call()", globals={"call": call}, num_threads=torch.get_num_threads())
        for name, call in calls.items()
    }
    blocks = {}
    for name, timer in timers.items():
        timer.timeit(3)  # the first calls set up caches, and must not count
        blocks[name] = max(1, round(BLOCK / timer.timeit(3).mean))
    order = list(timers)
    times: dict[str, list[float]] = {name: [] for name in order}
    for turn in range(rounds):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:  # each call comes first in turn
            times[name].append(timers[name].timeit(blocks[name]).mean)
    return {name: summary(measured) for name, measured in times.items()}


def summary(times: list[float]) -> Time:
    """Return the median of some times, and their spread."""
    low, median, high = statistics.quantiles(times, n=4) if len(times) > 1 else times * 3
    return Time(median, high - low)


def machine() -> dict[str, Any]:
    """Return the facts about the machine that times depend on."""
    return {
        "platform": platform.platform(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
