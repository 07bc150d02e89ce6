"""The values of snnTorch 1.0.0 in float16, bfloat16 and float64; that its spikes come in float32 is another matter."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parity.side_by_side import (
    FINITE,
    FUSED,
    MEMBRANES,
    PAIR,
    PAIRS,
    Pair,
    assert_same_bits,
    assert_within,
    each_pair,
    exact_gradient,
    gradient,
    rectified,
    spikes,
    tensors,
)

SEEDS = st.integers(0, 2**31)
HALVES = [torch.float16, torch.bfloat16]
EXAMPLES = settings(deadline=None, max_examples=60)


@each_pair
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
@given(data=st.data())
@EXAMPLES
def test_spikes_in_other_dtypes(pair: Pair, dtype: torch.dtype, data: st.DataObject) -> None:
    params = data.draw(pair.keywords())
    x = data.draw(tensors(MEMBRANES))[0].to(dtype)
    # The values; snnTorch's dtype is another matter, see test_snntorch_differences.py.
    assert_same_bits(spikes(pair.ours(**params), x).float(), spikes(pair.theirs(**params), x))


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.name != "sigmoid"], ids=repr)
@given(data=st.data(), seed=SEEDS)
@EXAMPLES
def test_gradients_in_float64(pair: Pair, data: st.DataObject, seed: int) -> None:
    params = {
        # Even in float64 snnTorch multiplies the upstream gradient by a gain in float32: with an upstream gradient
        # that is a power of two and a gain that float32 can hold, that is exact.
        key: float(torch.tensor(value)) if isinstance(value, float) else value
        for key, value in data.draw(pair.keywords()).items()
    }
    powers = st.integers(-20, 20).map(lambda exponent: 2.0**exponent)
    x, upstream = data.draw(tensors(MEMBRANES | st.floats(), powers))
    ours = gradient(pair.ours(**params), x, upstream, seed)
    theirs = gradient(pair.theirs(**params), x, upstream, seed)
    known = theirs.isfinite()
    assert_same_bits(ours.isnan() & known, torch.zeros_like(known))
    # By value: where snnTorch adds a zero, or flows back float32, the sign of a zero or a NaN may be another.
    if pair.name not in FUSED:
        torch.testing.assert_close(ours[known], theirs[known], rtol=0, atol=0)
        return
    # Both are rounded, in the exponent as well if there is one.
    exponent = float(params.get("beta", 1)) * (x - 1).abs() if pair.name == "spike_rate_escape" else 0.0
    bound = 2.0**-52 * (8 + 3 * torch.as_tensor(exponent)) * theirs.abs() + 2.0**-1000
    assert_within(ours[known], theirs[known], bound[known])


@given(data=st.data(), slope=st.floats(0.125, 100, width=32))
@EXAMPLES
def test_gradient_of_the_sigmoid_in_float64(data: st.DataObject, slope: float) -> None:
    # Where exp(-kx) squared is finite.
    (x,) = data.draw(tensors(st.floats(-350 / slope, 700 / slope)))
    ours, theirs = (gradient(PAIR["sigmoid"].ours(slope=slope), x), gradient(PAIR["sigmoid"].theirs(slope=slope), x))
    assert_within(ours, theirs, 16 * 2.0**-52 * theirs)


@each_pair
@pytest.mark.parametrize("dtype", HALVES, ids=str)
@given(data=st.data())
@EXAMPLES
def test_half_precision_gradient_is_float32_rounded_once(pair: Pair, dtype: torch.dtype, data: st.DataObject) -> None:
    # snnTorch's own gradients in half precision are rounded at every step and overflow; its float32 on the same
    # numbers is what both mean. A surrogate that draws is compared in another test.
    params = {**data.draw(pair.keywords()), **({"variance": 0} if pair.name == "SSO" else {})}
    x, upstream = (tensor.to(dtype) for tensor in data.draw(tensors(MEMBRANES, FINITE)))
    ours = gradient(pair.ours(**params), x, upstream)
    assert ours.dtype is dtype
    if pair.name not in FUSED:
        theirs = gradient(pair.theirs(**params), x.float(), upstream.float()).to(dtype)
        known = theirs.isfinite()
        torch.testing.assert_close(ours[known], theirs[known], rtol=0, atol=0)
        return
    exact, bound = exact_gradient(pair.ours(**params), pair.theirs(**params), x.float(), upstream.float())
    info = torch.finfo(dtype)
    bound += 0.5001 * info.eps * exact.abs() + info.smallest_normal * info.eps
    known = exact.abs() < 0.99 * info.max
    assert_within(ours[known], exact[known], bound[known])


@pytest.mark.parametrize("name", ["fast_sigmoid", "atan", "sigmoid", "spike_rate_escape", "custom_surrogate"])
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision_gradient_near_zero_is_snntorchs(name: str, dtype: torch.dtype) -> None:
    x = torch.linspace(-0.2, 0.2, 2001).to(dtype)
    params = {"custom_surrogate_function": rectified} if name == "custom_surrogate" else {}
    ours, theirs = (gradient(make(**params), x) for make in (PAIR[name].ours, PAIR[name].theirs))
    assert ours.dtype is theirs.dtype is dtype
    torch.testing.assert_close(ours, theirs, rtol=8 * torch.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@given(seed=SEEDS, mean=st.floats(-2, 2), variance=st.floats(0, 4))
@EXAMPLES
def test_half_precision_noise_is_snntorchs_but_for_rounding(
    dtype: torch.dtype, seed: int, mean: float, variance: float
) -> None:
    draws = [torch.rand(9, dtype=kind, generator=torch.Generator().manual_seed(0)) for kind in (dtype, torch.float32)]
    if not torch.equal(draws[0], draws[1].to(dtype)):
        pytest.skip(f"torch {torch.__version__} draws other numbers in half precision than in float32")
    torch.manual_seed(seed)
    x, upstream = torch.randn(2, 50).to(dtype)
    ours, theirs = (
        gradient(make(mean=mean, variance=variance), x, upstream, seed)
        for make in (PAIR["SSO"].ours, PAIR["SSO"].theirs)
    )
    # snnTorch draws in half precision, which is the same draw rounded, save that torch makes 0 of a U that would
    # be rounded to 1. It then rounds after each of three operations.
    torch.manual_seed(seed)
    known = (x > 0) | (torch.rand(x.shape).to(dtype) < 1)
    atol = 4 * torch.finfo(dtype).eps * (1 + abs(mean)) * variance * upstream.abs().max().item()
    atol += torch.finfo(dtype).tiny
    torch.testing.assert_close(ours[known], theirs[known], rtol=torch.finfo(dtype).eps, atol=atol)
