"""Numbers as 0-d tensors: fused operations require them, and other operations are twice as fast with them."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from surroreg.autograd.private import modes_active


@functools.lru_cache(maxsize=512)
def _cached(value: float, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):
        return torch.full((), value, dtype=dtype, device="cpu")


def constant(value: float, like: Tensor) -> Tensor:
    """Return a number as a 0-d tensor of the dtype and device of ``like``. It is shared: never write to it."""
    # Not cached: a tensor on a GPU may belong to a CUDA graph, and under a tracer's mode the tensor is a fake.
    if like.is_cpu and type(like) is Tensor and not modes_active():
        return _cached(value, like.dtype)
    return torch.full((), value, dtype=like.dtype, device=like.device)
