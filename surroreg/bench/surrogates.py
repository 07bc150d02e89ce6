"""One forward and backward pass of a surrogate, against its peers and against copying."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

import surroreg
from surroreg.autograd.graph import kept_bytes
from surroreg.autograd.private import kernel_profiling
from surroreg.bench.peers import peers
from surroreg.bench.profiling import recorded
from surroreg.bench.timing import BLOCK, Time, in_turn, one_by_one

SIZES = (1_000, 100_000, 1_000_000, 8_000_000)
DTYPES = (torch.float32, torch.float64, torch.bfloat16)

#: The passes over memory that every surrogate needs, in units of a copy, which reads and writes. The forward pass reads
#: x and writes the spikes. The backward pass reads x and the upstream gradient, and writes a gradient.
LIMIT = 2.5
#: The most single calls in a round.
SINGLE = 8
#: The number of calls whose kernels are timed one by one.
PROFILED = 50
OURS, COPY = "surroreg", "copy"
#: Times closer than this fraction, or than their spread, count as equal.
NOISE = 0.05


@dataclass(frozen=True)
class Contest:
    """The times of one forward and one backward pass.

    Args:
        times: seconds, by library. Ours are under ``"surroreg"``.
        limit: seconds for the passes over memory that every surrogate needs.
    """

    times: dict[str, Time]
    limit: float

    @classmethod
    def of(cls, times: dict[str, Time]) -> Contest:
        """Return the contest of the times of surrogates and of a copy."""
        return cls({library: time for library, time in times.items() if library != COPY}, LIMIT * times[COPY].median)

    @property
    def ours(self) -> float:
        """Our seconds."""
        return self.times[OURS].median

    @property
    def peers(self) -> dict[str, float]:
        """The time of each peer over ours."""
        return {library: time.median / self.ours for library, time in self.times.items() if library != OURS}

    @property
    def of_limit(self) -> float:
        """Our time, in units of the limit."""
        return self.ours / self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-safe."""
        return {**asdict(self), "of_limit": self.of_limit, "peers": self.peers}


@dataclass(frozen=True)
class Cell:
    """The measurements of one surrogate, size, dtype, mode and device.

    Args:
        name: the name of the built-in surrogate.
        size: the number of elements.
        dtype, mode, device: their names.
        kept: bytes per element that are kept for the backward pass, by library.
        cold: the times of single calls, with other work before each of them, as in a network.
        warm: the times of blocks of calls. The code and the tensors are then in the caches.
        fused: for compiled code, the seconds of our kernels alone, without the calls.
    """

    name: str
    size: int
    dtype: str
    mode: str
    device: str
    kept: dict[str, float]
    cold: Contest
    warm: Contest
    fused: float | None = None

    @property
    def contests(self) -> dict[str, Contest]:
        """Both contests, by name."""
        return {"cold": self.cold, "warm": self.warm}

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-safe."""
        return {**asdict(self), **{state: contest.to_dict() for state, contest in self.contests.items()}}


def measurable(name: str) -> bool:
    """Whether a surrogate can be built without a value for any parameter."""
    return not any(p.required for p in surroreg.spec(name).parameters)


def plan(
    names: Iterable[str],
    sizes: Sequence[int],
    dtypes: Sequence[torch.dtype],
    modes: Sequence[str],
    devices: Sequence[str],
) -> list[tuple[str, int, torch.dtype, str, str]]:
    """Return the arguments for each call of :func:`measure`."""
    return [
        (name, size, dtype, mode, device)
        for device in devices
        for mode in modes
        for name in names
        for dtype in dtypes
        for size in sizes
    ]


def measure(name: str, size: int, dtype: torch.dtype, mode: str, device: str, rounds: int) -> Cell:
    """Return the measurements of one cell, for surroreg and every installed peer."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(size, generator=generator).to(device, dtype).requires_grad_()
    functions: dict[str, Callable[[Tensor], Tensor]] = {OURS: surroreg.load(name), **peers(name)}
    kept = {library: kept_bytes(function, x) / size for library, function in functions.items()}
    target = torch.empty_like(x, requires_grad=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler warns about itself and about the code of peers
        if mode == "compiled":
            torch.compiler.reset()
            functions = {library: torch.compile(function) for library, function in functions.items()}
        calls = {library: _step(function, x) for library, function in functions.items()}
        calls |= {COPY: lambda: target.copy_(x.detach())}
        warm = in_turn(calls, rounds)
        several = round(BLOCK / max(time.median for time in warm.values()))
        cold = one_by_one(calls, rounds * min(max(several, 1), SINGLE), device, _layer(device))
        fused = _fused(surroreg.load(name), x) if mode == "compiled" else None
    contests = Contest.of(cold), Contest.of(warm)
    return Cell(name, size, str(dtype).removeprefix("torch."), mode, device, kept, *contests, fused)


def _layer(device: str) -> Callable[[], object]:
    """Return the work of a layer of a network: its weights fill the caches next to a core, its code is another."""
    x, weights = torch.rand(32, 1000, device=device), torch.rand(1000, 1000, device=device)
    return lambda: torch.mm(x, weights)


def _step(function: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], object]:
    upstream = torch.randn_like(function(x).detach())
    return lambda: torch.autograd.grad(function(x), x, upstream)


def _fused(function: Callable[[Tensor], Tensor], x: Tensor) -> float | None:
    """Return the seconds of a compiled function's kernels in both passes, or ``None`` if the profiler sees none."""
    torch.compiler.reset()
    with kernel_profiling():  # must be on while the compiler makes the kernels
        call = _step(torch.compile(function), x)
        call()
    for _ in range(PROFILED):
        call()
    profile = recorded(lambda: [call() for _ in range(PROFILED)], on_gpu=x.is_cuda)
    times: dict[str, list[float]] = {}
    for event in profile.function_events or ():
        if "fused" in event.name:
            time = event.self_device_time_total if x.is_cuda else event.self_cpu_time_total
            times.setdefault(event.name, []).append(time * 1e-6)
    return sum(map(statistics.median, times.values())) if times else None


def means(cells: Iterable[Cell]) -> dict[tuple[str, str, str, str, int, str], float]:
    """Return the geometric means over surrogates of each peer's time over ours.

    The keys are ``"cold"`` or ``"warm"``, device, mode, dtype, size and library.
    """
    ratios: dict[tuple[str, str, str, str, int, str], list[float]] = {}
    for cell in cells:
        for state, contest in cell.contests.items():
            for library, ratio in contest.peers.items():
                key = state, cell.device, cell.mode, cell.dtype, cell.size, library
                ratios.setdefault(key, []).append(ratio)
    return {key: math.exp(sum(map(math.log, several)) / len(several)) for key, several in ratios.items()}


def slower(cells: Iterable[Cell]) -> Iterator[tuple[Cell, str, str, float]]:
    """Yield where a peer is faster beyond noise: the cell, cold or warm, the fastest peer, and its time over ours."""
    for cell in cells:
        for state, contest in cell.contests.items():
            if contest.peers:
                library = min(contest.peers, key=contest.peers.__getitem__)
                theirs, ours = contest.times[library], contest.times[OURS]
                if theirs.median < min((1 - NOISE) * ours.median, ours.median - max(theirs.spread, ours.spread)):
                    yield cell, state, library, contest.peers[library]
