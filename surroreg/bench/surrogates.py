"""One forward and backward pass of a surrogate, against its peers and against copying."""

from __future__ import annotations

import math
import os
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
from surroreg.bench.timing import Time, in_turn

SIZES = (1_000, 100_000, 1_000_000, 8_000_000)
DTYPES = (torch.float32, torch.float64, torch.bfloat16)

#: The passes over memory that every surrogate needs, in units of a copy, which reads and writes. The forward pass reads
#: x and writes the spikes. The backward pass reads x and the upstream gradient, and writes a gradient.
LIMIT = 2.5
#: The number of calls whose kernels are timed one by one.
PROFILED = 50
OURS, COPY = "surroreg", "copy"
#: Times closer than this fraction, or than their spread, count as equal.
NOISE = 0.05


@dataclass(frozen=True)
class Cell:
    """The measurements of one surrogate, size, dtype, mode and device.

    Args:
        name: the name of the built-in surrogate.
        size: the number of elements.
        dtype, mode, device: their names.
        times: seconds for one forward and one backward pass, by library. Ours are under ``"surroreg"``.
        limit: seconds for the passes over memory that every surrogate needs.
        kept: bytes per element that are kept for the backward pass, by library.
        fused: for compiled code, the seconds of our kernels alone, without the calls.
    """

    name: str
    size: int
    dtype: str
    mode: str
    device: str
    times: dict[str, Time]
    limit: float
    kept: dict[str, float]
    fused: float | None = None

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
        times = in_turn({**calls, COPY: lambda: target.copy_(x.detach())}, rounds)
        fused = _fused(surroreg.load(name), x) if mode == "compiled" else None
    limit = LIMIT * times.pop(COPY).median
    return Cell(name, size, str(dtype).removeprefix("torch."), mode, device, times, limit, kept, fused)


def _step(function: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], object]:
    upstream = torch.randn_like(function(x).detach())
    return lambda: torch.autograd.grad(function(x), x, upstream)


def _fused(function: Callable[[Tensor], Tensor], x: Tensor) -> float | None:
    """Return the seconds of a compiled function's kernels in both passes, or ``None`` if the profiler sees none."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes to standard error
    torch.compiler.reset()
    with kernel_profiling():  # must be on while the compiler makes the kernels
        call = _step(torch.compile(function), x)
        call()
    for _ in range(PROFILED):
        call()
    with torch.autograd.profiler.profile(use_kineto=x.is_cuda) as recorded:
        for _ in range(PROFILED):
            call()
    times: dict[str, list[float]] = {}
    for event in recorded.function_events or ():
        if "fused" in event.name:
            time = event.self_device_time_total if x.is_cuda else event.self_cpu_time_total
            times.setdefault(event.name, []).append(time * 1e-6)
    return sum(map(statistics.median, times.values())) if times else None


def means(cells: Iterable[Cell]) -> dict[tuple[str, str, str, int, str], float]:
    """Return the geometric means over surrogates of each peer's time over ours.

    The keys are device, mode, dtype, size and library.
    """
    ratios: dict[tuple[str, str, str, int, str], list[float]] = {}
    for cell in cells:
        for library, ratio in cell.peers.items():
            ratios.setdefault((cell.device, cell.mode, cell.dtype, cell.size, library), []).append(ratio)
    return {key: math.exp(sum(map(math.log, several)) / len(several)) for key, several in ratios.items()}


def slower(cells: Iterable[Cell]) -> Iterator[tuple[Cell, str, float]]:
    """Yield the cells in which a peer is faster beyond noise, with the fastest peer and its time over ours."""
    for cell in cells:
        if cell.peers:
            library = min(cell.peers, key=cell.peers.__getitem__)
            spread = max(cell.times[library].spread, cell.times[OURS].spread)
            if cell.times[library].median < min((1 - NOISE) * cell.ours, cell.ours - spread):
                yield cell, library, cell.peers[library]
