"""An input that is kept for the backward pass in fewer bytes."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from surroreg.autograd.graph import kept_bytes
from surroreg.conformance.case import ROUNDINGS, Case, shown
from surroreg.conformance.table import KEEPS_INPUT, ConformanceError, check
from surroreg.specs.validation import SAVED_DTYPES


@check(
    "An input that is kept in fewer bytes gives the derivative at its nearest number there",
    why="The membranes that are kept are most of the memory of a training step; a halved membrane must not cost more "
    "than its last digits.",
    gate=KEEPS_INPUT,
    sweep="parameters",
    dtypes=(torch.float64, torch.float32, torch.bfloat16, torch.float16),
)
def saved_narrow(case: Case) -> None:
    """Every dtype of ``saved_dtype``: ordinary, small, large, infinite inputs, NaN, zeros; what is kept is weighed.

    Other values of the parameters are tried in float32, with the dtype of the fewest digits.
    """
    if not case.is_default and case.dtype is not torch.float32:
        return
    for name in SAVED_DTYPES if case.is_default else SAVED_DTYPES[-1:]:
        narrow = getattr(torch, name)
        if narrow.itemsize >= case.dtype.itemsize:
            continue
        kept = replace(case, bare=case.spec(saved_dtype=name, **case.params), _surrogate=None)
        x = case.points
        case.compare(f"saved_dtype={name!r} changes no spike", x, kept.spikes_of(x)[1], case(x))
        least = torch.finfo(narrow).smallest_normal * torch.finfo(narrow).eps
        x = x[(x.abs() >= least) & (x.abs() <= torch.finfo(narrow).max)]
        _hold_to_nearest(case, kept, name, x, x.to(narrow).to(case.dtype))
        _hold_at_ends(case, kept, name)
        if case.dtype is not torch.float16:  # its least number may lie outside the peak of a steep surrogate
            _hold_sides(case, kept, name, least)
        many = case.random(64).requires_grad_()
        weight, allowed = kept_bytes(kept, many), narrow.itemsize * many.numel() + case.dtype.itemsize
        if weight > allowed:
            promise = f"saved_dtype={name!r} keeps {narrow.itemsize} bytes for each number"
            raise ConformanceError(promise, got=f"{weight} bytes for {many.numel()}")


def _hold_to_nearest(case: Case, kept: Case, name: str, x: Tensor, nearest: Tensor) -> None:
    promise = f"with saved_dtype={name!r} the gradient is the derivative at the nearest number"
    want = case.gradient(nearest)
    case.compare(promise, x, kept.gradient(x), want, ROUNDINGS * case.eps * want.double().abs())


def _hold_at_ends(case: Case, kept: Case, name: str) -> None:
    """NaN gives NaN; what is too large gives a number, if the surrogate itself gives one there."""
    largest = torch.finfo(getattr(torch, name)).max
    far = case.tensor([-math.inf, -4 * largest, 4 * largest, math.inf])
    lost = kept.gradient(far).isnan() & case.gradient(far).isfinite()
    if lost.any():
        promise = f"with saved_dtype={name!r} what is beyond the largest number gives no NaN"
        raise ConformanceError(promise, at=f"x = {shown(far[lost][0])}", got="nan")
    nan = case.tensor([math.nan])
    if case.gradient(nan).isnan().all() and not kept.gradient(nan).isnan().all():
        got = shown(kept.gradient(nan)[0])
        raise ConformanceError(f"with saved_dtype={name!r} a gradient at NaN is NaN", at="x = nan", got=got)


def _hold_sides(case: Case, kept: Case, name: str, least: float) -> None:
    """A number too small for the dtype keeps its side of zero, where that makes a difference; zero is kept."""
    tiny = torch.finfo(case.dtype).smallest_normal
    small = case.tensor([-tiny, 0.0, tiny])
    want, beside = case.gradient(small), case.gradient(small.sign() * least)
    allowed = ROUNDINGS * case.eps * want.double().abs() + (beside.double() - want.double()).abs()
    promise = f"with saved_dtype={name!r} zero is kept, and a smaller number than the least stays on its side"
    case.compare(promise, small, kept.gradient(small), want, allowed)
