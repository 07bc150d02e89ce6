"""The chain rule: what the backward pass makes of the upstream gradient, whatever its size."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from surroreg.conformance.case import Case, shown
from surroreg.conformance.table import ConformanceError, check

#: Powers of two that an upstream gradient is multiplied by: they change no digit.
SIZES = tuple(2.0**power for power in (-80, -40, -20, 14, 20, 40))
#: In float16 the product with the derivative must stay within reach.
SIZES_OF_HALF = tuple(2.0**power for power in (-10, -5, 5, 11))


@check(
    "The gradient is linear in the upstream gradient",
    why="The chain rule is linear; what clips, squares or ignores the upstream gradient trains towards something else.",
    bug="Gradients that pass on the sign, or the size, of what comes from above.",
)
def backward_linear(case: Case) -> None:
    """Of two upstream gradients, two and minus three times; of every size; for noise, the same noise each time."""
    x = case.points
    u, v = case.random(len(x), seed=1), case.random(len(x), seed=2)
    mixed = 2 * u - 3 * v
    parts = [case.gradient(x, g).double() for g in (u, v)]
    slope = case.gradient(x).double()
    # What spikes of a coarser dtype cost is told by forward_dtype: the upstream gradient has theirs.
    eps = max(case.eps, torch.finfo(case(x).dtype).eps)
    allowed = 16 * eps * slope.abs() * (2 * u.abs() + 3 * v.abs()).double()
    tiny = 16 * torch.finfo(case.dtype).smallest_normal * (case.eps if case.dtype is not torch.float16 else 1)
    want = 2 * parts[0] - 3 * parts[1]
    promise = "the gradient is linear in the upstream gradient: of 2u - 3v, twice u's less three times v's"
    _hold(case, promise, x, case.gradient(x, mixed), want, allowed + tiny)
    nothing = case.gradient(x, torch.zeros_like(x))
    if (nothing[~nothing.isnan()] != 0).any():  # NaN is told by backward_finite
        raise ConformanceError("no upstream gradient, no gradient", got="one that is not zero")
    if case.is_default or case.dtype is not torch.float16:  # an unusual factor may rightly overflow halfway in float16
        _hold_at_sizes(case, x, slope, eps)
    _pass_on(case, x, slope)


def _hold_at_sizes(case: Case, x: Tensor, slope: Tensor, eps: float) -> None:
    """Multiply an upstream gradient by many sizes."""
    upstream = case.tensor(torch.linspace(0.5, 1.0, len(x))) * case.random(len(x), seed=6).sign()
    part = slope * upstream.double()
    finite = slope.abs()[slope.isfinite()]
    height = max(1.0, float(finite.max())) if len(finite) else 1.0
    smallest = torch.finfo(case.dtype).smallest_normal * case.eps
    for size in SIZES_OF_HALF if case.dtype is torch.float16 else SIZES:
        promise = f"the gradient is linear in the upstream gradient: at {size:.3g} times, {size:.3g} times as large"
        # The smallest numbers have few digits, and the product of two of them may be zero.
        allowed = 16 * eps * part.abs() * size + smallest * (16 * height + 2 * size)
        got = case.gradient(x, upstream * size)
        if case.dtype is torch.float16:  # at a derivative of zero, an intermediate product may be infinite
            got = got.masked_fill((part == 0) & got.isnan(), 0.0)
        _hold(case, promise, x, got, part * size, allowed)


def _hold(case: Case, promise: str, x: Tensor, got: Tensor, want: Tensor, allowed: Tensor) -> None:
    """Compare where the right value fits the dtype; elsewhere refuse a number, which hides the overflow."""
    largest = torch.finfo(case.dtype).max
    fits = want.abs() < 0.9 * largest
    fits |= want.isnan() & got.isnan()  # backward_finite reports NaN
    case.compare(promise, x[fits], got[fits], want[fits], allowed[fits])
    hidden = want.isfinite() & (want.abs() > 1.1 * largest) & got.isfinite()
    if hidden.any():
        at, number, right = (shown(values[hidden][0]) for values in (x, got, want))
        raise ConformanceError(
            "a product that does not fit the dtype is infinite", at=f"x = {at}", got=number, expected=right
        )


def _pass_on(case: Case, x: Tensor, slope: Tensor) -> None:
    """Send down infinity and NaN: at every input, and at every third.

    Where the derivative is zero, both zero and NaN are right: infinity times zero.
    """
    third = torch.arange(len(x), device=x.device) % 3 == 1
    for value in (math.inf, -math.inf, math.nan):
        for places in (third, torch.ones_like(third)):
            got = case.gradient(x, torch.ones_like(x).masked_fill(places, value))
            wrong = places & got.isfinite() & ((slope != 0) | (got != 0)) & ~slope.isnan()
            if wrong.any():
                raise ConformanceError(
                    "an upstream gradient that is not finite gives a gradient that is not: a loss scaler looks for it",
                    at=f"x = {shown(x[wrong][0])}, upstream gradient {shown(value)}",
                    got=shown(got[wrong][0]),
                    expected="infinity, or nan",
                )
