"""What PyTorch's profiler records of a call."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch


def recorded(call: Callable[[], object], *, on_gpu: bool = False, memory: bool = False) -> Any:
    """Return the profile of one call: on a GPU its kernels, with ``memory`` every allocation."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes to standard error
    with torch.autograd.profiler.profile(use_kineto=on_gpu, profile_memory=memory) as profile:
        call()
    return profile
