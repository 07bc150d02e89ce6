"""Numbers as 0-d tensors: fused operations take nothing else, and the others take them twice as fast."""

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
    """Return a number as a 0-d tensor beside ``like``, not to be written to."""
    # One that was made on a GPU may belong to a CUDA graph, one made in a tracer's mode is not real: both are not kept.
    if like.is_cpu and type(like) is Tensor and not modes_active():
        return _cached(value, like.dtype)
    return torch.full((), value, dtype=like.dtype, device=like.device)
