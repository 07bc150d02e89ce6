"""One table of inputs, arranged in many ways: an elementwise function gives the same for each input in all of them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from surroreg.conformance.case import Case, pull

#: Entries of the table. A prime: rows, tiles and vectors of any size begin at different entries.
ENTRIES = 61
SCALES = (1.0, 0.03, 0.3, 3.0, 1.0, 30.0, 1e-3, 0.1, 1e-7)

SHAPES: tuple[tuple[int, ...], ...] = (
    # Lengths of vectors, of tiles and of blocks, and their neighbours.
    *((size,) for size in (*range(1, 10), 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257)),
    *((size,) for size in (500, 511, 512, 513, 784, 1000, 1023, 1024, 1025)),
    (),
    *((1, 1), (1, 7), (7, 1), (2, 3), (3, 2), (7, 5), (16, 16), (32, 4), (33, 4), (4, 32), (64, 10), (10, 64)),
    *((128, 2), (2, 128), (100, 3), (3, 100), (256, 3)),
    *((1, 1, 5), (2, 3, 4), (4, 1, 3), (3, 16, 5), (32, 2, 3), (5, 3, 32)),
    *((1, 1, 4, 4), (2, 3, 4, 5), (4, 1, 3, 3), (2, 16, 2, 3), (32, 3, 2, 2), (8, 3, 1, 1)),
    *((1, 2, 1, 3, 3), (4, 2, 3, 2, 2), (2, 1, 3, 4, 4), (2, 1, 2, 2, 1, 3)),
)
LARGE_SHAPES: tuple[tuple[int, ...], ...] = (
    *((size,) for size in (2000, 2047, 2048, 2049, 3072, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 10_000, 16_384)),
    *((size,) for size in (20_000, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 100_000)),
    *((512, 10), (1000, 7), (1024, 3), (2048, 5), (4096, 2), (2, 4096), (65_537, 1), (1, 65_537), (65_537, 2)),
    *((65_537, 1, 1), (1, 65_537, 1), (2, 1, 65_537), (16, 32, 14, 14)),
    *((65_537, 1, 1, 1), (1, 65_537, 1, 1), (1, 1, 1, 65_537), (65_537, 1, 1, 1, 1)),
)
#: Which third of the arrangements a dtype takes.
THIRDS = {torch.float64: 0, torch.bfloat16: 1, torch.float16: 2}


class Table:
    """Inputs and upstream gradients of a case, with the spikes and the gradients that belong to them.

    The table itself is one contiguous vector, with both signs and several magnitudes.

    Args:
        case: the surrogate, and the dtype.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        scales = torch.tensor([SCALES[entry % len(SCALES)] for entry in range(ENTRIES)], dtype=torch.float64)
        # Rounding must leave no zero: at zero a spike is a matter of declaration.
        self.x = (case.random(ENTRIES, seed=31).double() * scales.to(case.device)).to(case.dtype)
        signs = case.random(ENTRIES, seed=32).sign()
        order = torch.randperm(ENTRIES, generator=torch.Generator().manual_seed(33))
        self.upstream = signs * case.tensor(torch.linspace(0.5, 2.0, ENTRIES)[order])

    @functools.cached_property
    def spikes(self) -> Tensor:
        """The spikes of the inputs."""
        return self.case(self.x.clone().requires_grad_()).detach().clone()

    @functools.cached_property
    def slopes(self) -> Tensor:
        """The gradients at an upstream gradient of one."""
        return self.case.gradient(self.x.clone()).clone()

    @functools.cached_property
    def gradients(self) -> Tensor:
        """The gradients at the upstream gradients of the table."""
        return self.case.gradient(self.x.clone(), self.upstream).clone()

    @functools.cached_property
    def allowed(self) -> Tensor:
        """The error allowed of each gradient: vectorised and scalar code may round differently."""
        return allowed(self.case, self.slopes, self.upstream)

    def expect_spikes(self, arrangement: str, index: Tensor, x: Tensor, kept: Tensor | None = None) -> None:
        """Raise unless the spikes of ``x``, the inputs at ``index``, are those of the table, where ``kept``.

        Raises:
            ConformanceError: with the worst input, and both values there.
        """
        got, want = self.case(x.clone().requires_grad_()).detach(), self.spikes[index]
        if got.numel() == want.numel():  # forward_shape reports another shape
            got = got.reshape(want.shape)
        if kept is not None:
            x, got, want = x[kept], got[kept], want[kept]
        if not torch.equal(got, want):
            promise = f"each spike depends on its own input only: {arrangement}"
            self.case.compare(promise, x, got, want)

    def expect_gradients(
        self, arrangement: str, index: Tensor, x: Tensor, upstream: Tensor, kept: Tensor | None = None
    ) -> None:
        """Raise unless the gradients at ``x``, the inputs at ``index``, are those of the table, where ``kept``.

        Raises:
            ConformanceError: with the worst input, and both values there.
        """
        leaf, spikes = self.case.spikes_of(x.clone())
        got = pull(leaf, spikes, upstream.reshape(spikes.shape) if upstream.numel() == spikes.numel() else upstream)
        want, bound = self.gradients[index], self.allowed[index]
        if kept is not None:
            x, got, want, bound = x[kept], got[kept], want[kept], bound[kept]
        if not torch.equal(got, want):  # several times as fast as a comparison within bounds
            promise = f"each gradient depends on its own input and upstream gradient only: {arrangement}"
            self.case.compare(promise, x, got, want, bound)


def allowed(case: Case, slopes: Tensor, upstream: Tensor) -> Tensor:
    """Return the error allowed of ``slopes * upstream`` between two orders of the same operations."""
    size = slopes.detach().double().abs()
    finite = size[size.isfinite()]
    largest = finite.max() if finite.numel() else 0.0
    # Half precision rounds what single precision computes, so its last digits differ less often.
    digits = 64 if case.eps < 1e-4 else 8
    underflow = torch.finfo(case.dtype).smallest_normal * (1 if case.eps < 1e-4 else 8 * case.eps)
    return digits * case.eps * (size + largest) * upstream.detach().double().abs() + underflow


Arrangement = TypeVar("Arrangement")


def some(case: Case, arrangements: Iterable[Arrangement]) -> Iterator[Arrangement]:
    """Return all arrangements in float32, in which most is trained; of each other dtype another third of them."""
    first, step = (0, 1) if case.dtype is torch.float32 else (THIRDS.get(case.dtype, 0), 3)
    return itertools.islice(arrangements, first, None, step)


def shapes(table: Table) -> Iterator[tuple[str, Tensor]]:
    """Yield arrangements of the table in tensors of many shapes: large ones in float32 alone."""
    for shape in SHAPES + LARGE_SHAPES if table.case.dtype is torch.float32 else SHAPES:
        count = math.prod(shape)
        yield f"in a tensor of shape {shape}", (torch.arange(count) % ENTRIES).reshape(shape).to(table.x.device)


def companies(table: Table) -> Iterator[tuple[str, Tensor]]:
    """Yield arrangements in which all inputs have something in common, in one dimension and in two."""
    x = table.x.double()
    order = x.argsort()
    size = x.abs()
    kinds = {
        "all negative": (x < 0).nonzero()[:, 0],
        "all positive": (x > 0).nonzero()[:, 0],
        "all within 0.1 of zero": (size < 0.1).nonzero()[:, 0],
        "all below zero, and close to it": ((size < 0.1) & (x < 0)).nonzero()[:, 0],
        "all further than 2 from zero": (size > 2).nonzero()[:, 0],
        "all above 0.2": (x > 0.2).nonzero()[:, 0],
        "all below -0.2": (x < -0.2).nonzero()[:, 0],
        "in ascending order": order,
        "in descending order": order.flip(0),
        "with upstream gradients that are all positive": (table.upstream > 0).nonzero()[:, 0],
        "with upstream gradients that are all negative": (table.upstream < 0).nonzero()[:, 0],
        "with upstream gradients in ascending order": table.upstream.argsort(),
    }
    equal = (order[0], order[ENTRIES // 4], order[ENTRIES // 2], order[-ENTRIES // 4], order[-1])
    kinds |= {f"all {float(x[entry])!r}": entry.reshape(1) for entry in equal}
    for name, entries in kinds.items():
        yield f"inputs {name}", entries
        for shape in ((48,), (8, 6), (300,)):
            place = torch.arange(math.prod(shape), device=x.device) % len(entries)
            yield f"{math.prod(shape)} inputs {name}", entries[place].reshape(shape)


def neighbours(case: Case) -> dict[str, float]:
    """Return the values that one bad neuron may have, finite ones within the dtype."""
    info = torch.finfo(case.dtype)
    return {
        "1e30": min(1e30, info.max / 4),
        "the largest number": info.max,
        "the smallest number": info.smallest_normal * info.eps,
        "0": 0.0,
        "infinity": math.inf,
        "-infinity": -math.inf,
        "NaN": math.nan,
    }


def beside(table: Table) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """Yield arrangements in which some places take another value: its name, the indices, the places, the value."""
    for name, value in neighbours(table.case).items():
        for shape in ((40,), (8, 5)):
            index = torch.arange(40, device=table.x.device).reshape(shape) + 7
            for place in (0, 18, 39):
                replaced = torch.zeros(40, dtype=torch.bool, device=index.device)
                replaced[place] = True
                yield f"{name} at place {place} of shape {shape}", index, replaced.reshape(shape), value
