"""Shapes and strides: what goes in comes out, and nothing is shared with it or changed."""

import pytest
import torch

import surroreg
from tests.interop.cases import DETERMINISTIC, FUNCTION_WARNS, assert_gradient, build, gradient, weights

LAYOUTS = {
    "contiguous": lambda: torch.randn(2, 3, 4, 5),
    "0-d": lambda: torch.tensor(0.3),
    "0-d below": lambda: torch.tensor(-0.3),
    "transposed": lambda: torch.randn(3, 4).t(),
    "permuted": lambda: torch.randn(2, 3, 4).permute(2, 0, 1),
    "sliced": lambda: torch.randn(6, 8)[1::2, ::3],
    "expanded": lambda: torch.randn(3, 1).expand(3, 4),
    "overlapping": lambda: torch.randn(8).as_strided((3, 3), (2, 1)),
    "offset": lambda: torch.randn(10)[3:],
    "channels_last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "channels_last_3d": lambda: torch.randn(2, 3, 4, 5, 6).to(memory_format=torch.channels_last_3d),
}
DENSE = ["contiguous", "transposed", "permuted", "channels_last", "channels_last_3d"]
EMPTY = [(0,), (3, 0, 2), (0, 0)]


def leaf(x):
    """Return ``x`` as a leaf with the same strides."""
    return x.detach().requires_grad_()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_forward_does_not_depend_on_the_layout(s, layout):
    x = LAYOUTS[layout]()
    assert torch.equal(s(x), (x > 0).float())
    assert torch.equal(s(leaf(x)), (x > 0).float())


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_does_not_depend_on_the_layout(name, layout):
    s, x = build(name), leaf(LAYOUTS[layout]())
    (found,) = torch.autograd.grad(s(x), x, weights(x))
    contiguous = x.detach().contiguous()
    torch.testing.assert_close(found, weights(x) * s.derivative(contiguous))


@pytest.mark.parametrize("layout", DENSE)
def test_strides_are_kept(s, layout):
    x = leaf(LAYOUTS[layout]())
    spikes = s(x)
    (found,) = torch.autograd.grad(spikes, x, torch.ones_like(x))
    assert spikes.stride() == found.stride() == s(x.detach()).stride() == x.stride()


@pytest.mark.parametrize("shape", EMPTY)
def test_empty(s, shape):
    x = torch.empty(shape)
    assert s(x).shape == gradient(s, x).shape == shape


@FUNCTION_WARNS
@pytest.mark.parametrize("layout", ["transposed", "sliced", "expanded", "channels_last"])
def test_compiled_strides_are_the_eager_ones(layout):
    s, x = surroreg.load("atan"), LAYOUTS[layout]()
    compiled = torch.compile(s, fullgraph=True, backend="aot_eager")
    assert compiled(leaf(x)).stride() == s(leaf(x)).stride()


def test_input_and_upstream_gradient_are_left_alone(s):
    x, upstream = torch.randn(5, 4), torch.randn(5, 4)
    x_before, upstream_before = x.clone(), upstream.clone()
    gradient(s, x, upstream)
    s(x)
    assert torch.equal(x, x_before)
    assert torch.equal(upstream, upstream_before)


@pytest.mark.parametrize("recording", [False, True])
def test_output_is_new_memory(s, recording):
    x = torch.randn(5, 4).requires_grad_(recording)
    assert s(x).untyped_storage().data_ptr() != x.untyped_storage().data_ptr()


def test_output_may_be_changed_in_place():
    # The ones that keep their output for the backward pass say so: see test_memory.py.
    s, x = surroreg.load("atan"), torch.randn(5)
    (found,) = torch.autograd.grad(s(leaf_x := leaf(x)).mul_(2).sum(), leaf_x)
    assert_gradient(s, x, found, 2.0)


def test_expanded_upstream_gradient(s):
    x = torch.randn(5, 4)
    assert_gradient(s, x, gradient(s, x, torch.tensor(1.5).expand(5, 4)), 1.5)
