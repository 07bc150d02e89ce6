"""The check of ``saved_dtype`` fails where the core keeps something else than the nearest number."""

import pytest
import torch

import surroreg
from surroreg.autograd import functions, narrow

NARROWED = narrow.Narrow.narrowed


def truncated(self, x):
    """Round towards zero."""
    kept = NARROWED(self, x)
    above = kept.to(x.dtype).abs() > x.abs()
    codes = kept.view(torch.uint8 if kept.dtype.itemsize == 1 else torch.uint16)
    return torch.where(above, codes.int() - 1, codes.int()).to(codes.dtype).view(kept.dtype)


def without_sides(self, x):
    """Let small numbers become zero."""
    return x.clamp(-self._largest, self._largest).to(self.dtype)


def overflowing(self, x):
    """Turn what is too large into NaN, as PyTorch once did."""
    return NARROWED(self, x.masked_fill(x.abs() > self._largest, torch.nan))


def cleaned(self, x):
    """Take NaN for zero."""
    return NARROWED(self, x.nan_to_num(nan=0.0, posinf=torch.inf, neginf=-torch.inf))


def wide(self, x):
    """Keep the narrower number in a wide dtype."""
    return NARROWED(self, x).to(x.dtype)


def unsigned(self, x):
    """Lose the sign."""
    return NARROWED(self, x.abs())


BROKEN = {
    truncated: ("atan", "the derivative at the nearest number"),
    without_sides: ("inverse_spike_operator", "stays on its side"),
    overflowing: ("atan", "what is beyond the largest number gives no NaN"),
    cleaned: ("atan", "a gradient at NaN is NaN"),
    unsigned: ("sparse_fast_sigmoid", "the derivative at the nearest number"),
    wide: ("atan", "keeps 2 bytes for each number"),
}


def failures(name):
    return surroreg.conformance.check(name, checks="saved_narrow", devices=("cpu",)).failures


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_core_that_keeps_something_else_fails_the_check(monkeypatch, broken):
    name, promise = BROKEN[broken]
    assert not failures(name)
    monkeypatch.setattr(narrow.Narrow, "narrowed", broken)
    (failure,) = failures(name)
    assert promise in failure.message
    assert "saved_dtype=" in failure.message


def test_core_that_changes_spikes_fails_the_check(monkeypatch):
    forward = functions.NarrowSpike.forward

    def opposite(ctx, rule, x, numbers, *tensors):
        spikes, zero = forward(ctx, rule, x, numbers, *tensors)
        return 1 - spikes, zero

    monkeypatch.setattr(functions.NarrowSpike, "forward", opposite)
    (failure,) = failures("atan")
    assert "changes no spike" in failure.message
