"""The times of several calls, measured in turn."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    times: dict[str, list[float]] = {name: [] for name in timers}
    for name in _turns(list(timers), rounds):
        times[name].append(timers[name].timeit(blocks[name]).mean)
    return {name: summary(measured) for name, measured in times.items()}


def one_by_one(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    device: str = "cpu",
    between: Callable[[], object] = lambda: None,
) -> dict[str, Time]:
    """Return the time of each call: in every round one call of each, with other work before it.

    Args:
        calls: what to time. Each runs twice before it counts.
        rounds: how often each is timed.
        device: where the calls work. A call on a GPU ends when the GPU is done.
        between: the other work. Its time does not count.
    """
    wait: Callable[[], object] = torch.cuda.synchronize if device == "cuda" else lambda: None
    for call in calls.values():
        call(), call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for name in _turns(list(calls), rounds):
        between()
        wait()
        started = time.perf_counter()
        calls[name]()
        wait()
        times[name].append(time.perf_counter() - started)
    return {name: summary(measured) for name, measured in times.items()}


def _turns(names: Sequence[str], rounds: int) -> Iterator[str]:
    """Yield each name once a round. Each comes first in turn, and the others follow in either direction."""
    for turn in range(rounds):
        first = turn % len(names)
        order = [*names[first:], *names[:first]]
        yield from order if turn // len(names) % 2 == 0 else [order[0], *order[:0:-1]]


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
