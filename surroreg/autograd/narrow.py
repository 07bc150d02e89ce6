"""What the backward pass keeps of its input, in fewer bytes: a number of a narrower format.

The number that is kept is a neighbour of the input: the nearest number of the format, as PyTorch converts. The
gradient is the derivative there. NaN and zero are kept, and infinities where the format has them. What is beyond the
largest number of the format counts as infinite, or as that number in ``float8_e4m3fn``, which has no infinity.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.fx import Proxy

from surroreg.autograd.private import modes_active
from surroreg.errors import SpecError


class Narrow:
    """A format of fewer bytes for the inputs of one surrogate.

    Args:
        name: the name of the torch dtype.
        keeps_sides: whether no number but zero may become zero, because the derivative may jump there.

    Raises:
        SpecError: this version of PyTorch lacks the dtype, or cannot convert to it and back.
    """

    def __init__(self, name: str, *, keeps_sides: bool) -> None:
        self.dtype = dtype_of(name)
        info = torch.finfo(self.dtype)
        self._least, self._largest = info.smallest_normal * info.eps, info.max
        self._has_infinity = self.dtype is not torch.float8_e4m3fn
        self._keeps_sides = keeps_sides

    def applies(self, x: Tensor) -> bool:
        """Whether the format has fewer bytes than ``x``."""
        if isinstance(x, Proxy):  # its dtype is not known yet
            return True
        return self.dtype.itemsize < x.dtype.itemsize and x.layout is torch.strided

    def narrowed(self, x: Tensor) -> Tensor:
        """Return ``x`` in the format: same shape, device and strides."""
        kept = self._converted(x)
        if kept.dtype.itemsize == 1 or not modes_active():
            return kept
        # Inductor of torch 2.9 drops a conversion to 16 bits and back, and keeps x: it must not see that they match.
        return kept.view(torch.int16).bitwise_not()

    def widened(self, kept: Tensor, dtype: torch.dtype) -> Tensor:
        """Return what :meth:`narrowed` gave in a wider dtype. Every number stays as it is."""
        return _widened(kept.bitwise_not().view(self.dtype) if kept.dtype is torch.int16 else kept, dtype)

    def _converted(self, x: Tensor) -> Tensor:
        if self._keeps_sides:
            x = x.sign() * x.abs().clamp(min=self._least)  # the sign of zero is zero
        if not self._has_infinity:  # not every version and device of PyTorch turns what is too large into the largest
            x = x.clamp(-self._largest, self._largest)
        return x.to(self.dtype)

    def rounded(self, x: Tensor) -> Tensor:
        """Return the numbers that the format keeps of ``x``, in the dtype of ``x``, with the derivative of ``x``."""
        if not self.applies(x):
            return x
        still = x.detach()
        finite = still.abs() < math.inf
        # What is too large must stay finite here: the slope of a derivative at infinity may be NaN.
        kept = self._converted(torch.where(finite, still.clamp(-self._largest, self._largest), still)).to(x.dtype)
        return kept + torch.where(finite, x - still, 0.0)  # x - still is zero with slope one


def _widened(kept: Tensor, dtype: torch.dtype) -> Tensor:
    """Return numbers of a narrow dtype in a wider one."""
    if kept.is_cpu and type(kept) is Tensor and not modes_active():
        # PyTorch converts 8 bits on a CPU number by number; these ways are four and five times as fast.
        if kept.dtype is torch.float8_e5m2:  # it is the upper half of a float16
            return kept.view(torch.uint8).to(torch.int16).bitwise_left_shift_(8).view(torch.float16).to(dtype)
        if kept.dtype is torch.float8_e4m3fn and kept.is_contiguous():  # else the result would have other strides
            codes = kept.view(torch.uint8)
            return _numbers(dtype).index_select(0, codes.reshape(-1).int()).view(codes.shape)
    return kept.to(dtype)


@functools.cache
def _numbers(dtype: torch.dtype) -> Tensor:
    """Return all 256 numbers of ``float8_e4m3fn``."""
    with torch.inference_mode(False):
        return torch.arange(256, dtype=torch.uint8, device="cpu").view(torch.float8_e4m3fn).to(dtype)


@functools.cache
def dtype_of(name: str) -> torch.dtype:
    """Return a dtype by its name.

    Raises:
        SpecError: this version of PyTorch lacks the dtype, or cannot convert to it and back.
    """
    dtype = getattr(torch, name, None)
    try:
        if not isinstance(dtype, torch.dtype):
            raise NotImplementedError(f"it has no torch.{name}")
        torch.ones(1, device="cpu").to(dtype).float()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise SpecError(f"torch {torch.__version__} cannot keep {name}: {error}. Give another saved_dtype.") from error
    return dtype
