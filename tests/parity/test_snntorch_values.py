"""The values of snnTorch 1.0.0, computed by snnTorch 1.0.0: forward equal, gradients to the last bits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import surroreg
from tests.parity.side_by_side import (
    FINITE,
    MEMBRANES,
    PAIR,
    SMALLEST_NORMAL,
    UPSTREAM,
    WIDE,
    Pair,
    assert_same_bits,
    assert_same_gradient,
    assert_within,
    default_keywords,
    each_pair,
    gradient,
    sigmoid_reference,
    spikes,
    tensors,
)

SEEDS = st.integers(0, 2**31)
EXAMPLES = settings(deadline=None, max_examples=60)


@each_pair
@given(data=st.data())
@EXAMPLES
def test_spikes(pair: Pair, data: st.DataObject) -> None:
    params = data.draw(pair.keywords())
    (x,) = data.draw(tensors(MEMBRANES))
    assert_same_bits(spikes(pair.ours(**params), x.float()), spikes(pair.theirs(**params), x.float()))


@each_pair
@given(data=st.data(), seed=SEEDS)
@settings(deadline=None, max_examples=200)
def test_gradients(pair: Pair, data: st.DataObject, seed: int) -> None:
    params = data.draw(pair.keywords())
    # Where the sigmoid is measured in float64, an infinite upstream gradient meets zeros that are none.
    x, upstream = data.draw(tensors(MEMBRANES, FINITE if pair.name == "sigmoid" else UPSTREAM))
    assert_same_gradient(pair.ours(**params), pair.theirs(**params), x.float(), upstream.float(), seed)


@each_pair
@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0, 30.0, 1e4])
def test_gradients_of_many_values(pair: Pair, scale: float) -> None:
    torch.manual_seed(0)
    x, upstream = torch.randn(3, 50_021) * scale, torch.randn(3, 50_021)
    params = default_keywords(pair.name)
    assert_same_gradient(pair.ours(**params), pair.theirs(**params), x, upstream)
    assert_same_bits(spikes(pair.ours(**params), x), spikes(pair.theirs(**params), x))


LAYOUTS = {
    "transposed": lambda x: x.mT,
    "strided": lambda x: x[::2, 1::3],
    "channels_last": lambda x: x[:, :, None, None].expand(-1, -1, 4, 5).clone(memory_format=torch.channels_last),
    "expanded": lambda x: x[:1].expand(7, -1),
    "empty": lambda x: x[:0],
}


@each_pair
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_of_other_layouts(pair: Pair, layout: str) -> None:
    torch.manual_seed(0)
    x = LAYOUTS[layout](torch.randn(40, 60))
    params = default_keywords(pair.name)
    for upstream in (torch.randn(x.shape), torch.randn(()).expand(x.shape)):
        assert_same_gradient(pair.ours(**params), pair.theirs(**params), x, upstream)


def test_noise_is_drawn_in_every_backward_pass_alone() -> None:
    x = -torch.rand(100)
    for make in (PAIR["SSO"].ours, PAIR["SSO"].theirs):
        torch.manual_seed(3)
        first = gradient(make(), x)
        assert not torch.equal(first, gradient(make(), x))
        state = torch.get_rng_state()
        make()(x.requires_grad_())
        assert torch.equal(state, torch.get_rng_state())


@given(data=st.data(), slope=st.floats(0.01, 10))
@EXAMPLES
def test_tanh_is_snntorchs_sigmoid_of_twice_the_slope(data: st.DataObject, slope: float) -> None:
    x, upstream = (tensor.float() for tensor in data.draw(tensors(WIDE, FINITE)))
    exact = sigmoid_reference(x, upstream, 2 * slope) * 2 / slope
    bound = 8 * 2.0**-23 * exact.abs() + SMALLEST_NORMAL * (1 + 8 * upstream.double().abs())
    found = gradient(surroreg.load("tanh", slope=slope), x, upstream)
    known = exact.abs() < 3.4e38
    assert_within(found[known], exact[known], bound[known])
