"""The memory that a training step takes: the bytes saved for the backward pass, and the peak."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.autograd.profiler_util import MEMORY_EVENT_NAME

from surroreg.autograd.graph import kept_storages
from surroreg.bench.profiling import recorded


def saved_bytes(forward: Callable[[], Tensor], existing: Iterable[Tensor]) -> int:
    """Return the bytes that a forward pass saves for the backward pass, each memory counted once.

    Args:
        forward: returns the loss.
        existing: the parameters and the data. Their memory is in use anyway, and does not count.
    """
    addresses = {tensor.untyped_storage().data_ptr() for tensor in existing}
    return sum(size for address, size in kept_storages(forward).items() if address not in addresses)


def peak_bytes(call: Callable[[], object], device: str) -> int:
    """Return the most bytes that a call has in use at any moment, beyond those in use before it.

    On a CPU these are the bytes that PyTorch's allocator hands out, to compiled code, too.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    return max(itertools.accumulate(allocations(call), initial=0))


def allocations(call: Callable[[], object]) -> list[int]:
    """Return the bytes of each allocation of a call on a CPU, in order. A negative number is memory given back."""
    events = recorded(call, memory=True).kineto_results.events()
    changes = [(event.start_ns(), event.nbytes()) for event in events if event.name() == MEMORY_EVENT_NAME]
    return [size for _, size in sorted(changes, key=lambda change: change[0])]
