"""Every dtype in, the same dtype out; everything else is refused by name; no value breaks a gradient."""

import numpy as np
import pytest
import torch
from torch import nn

import surroreg
from tests.interop.cases import DETERMINISTIC, assert_gradient, build, gradient, model, points

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_is_kept(s, dtype):
    x = points(dtype).requires_grad_()
    spikes = s(x)
    assert spikes.dtype is dtype
    assert spikes.tolist() == [float(value > 0) for value in x.tolist()]
    assert_gradient(s, x.detach(), gradient(s, x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_is_as_exact_as_the_dtype_allows(s, dtype):
    x = points(dtype)
    eps = torch.finfo(dtype).eps * (1 if dtype in HALF else 16)
    found = gradient(s, x).double()
    assert_gradient(s, x.double(), found, rtol=eps, atol=torch.finfo(dtype).smallest_normal)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_is_finite_on_the_whole_range(s, dtype):
    info = torch.finfo(dtype)
    size = np.logspace(np.log10(info.tiny), np.log10(info.max) - 1e-3, 400)
    x = torch.tensor([*-size[::-1], 0.0, -0.0, *size, info.max, info.min, info.smallest_normal], dtype=dtype)
    assert x.isfinite().all()
    assert gradient(s, x).isfinite().all()
    assert torch.equal(s(x), torch.tensor([float(value > 0) for value in x.tolist()], dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_input(s, dtype):
    x = torch.tensor([-torch.inf, torch.inf], dtype=dtype)
    assert s(x).tolist() == [0, 1]
    assert gradient(s, x).isfinite().all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_does_not_spike_and_stays_where_it_is(s, dtype):
    x = torch.tensor([-0.5, torch.nan, 0.5], dtype=dtype)
    assert s(x).tolist() == [0, 0, 1]
    assert gradient(s, x)[[0, 2]].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64, torch.float8_e4m3fn])
@pytest.mark.parametrize("method", ["forward", "derivative", "primitive"])
def test_other_dtypes_are_refused(dtype, method):
    x = torch.ones(3).to(dtype)
    with pytest.raises(TypeError, match=f"float64, not {dtype}"):
        getattr(surroreg.load("atan"), method)(x)


@pytest.mark.parametrize("thing", [1.0, [1.0], None, np.ones(3)])
def test_what_is_no_tensor_is_refused(thing):
    with pytest.raises(TypeError, match=f"takes a tensor.* not {type(thing).__name__}"):
        surroreg.load("atan")(thing)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning")
@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_sparse_tensors_are_refused(layout):
    x = torch.eye(3).to_sparse(layout=layout)
    with pytest.raises(TypeError, match=rf"layout {layout}; call x\.to_dense"):
        surroreg.load("atan")(x)
    assert surroreg.load("atan")(x.to_dense()).sum() == 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_network_in_one_dtype(s, dtype):
    network = model(s, dtype)
    network(torch.randn(5, 4).to(dtype)).sum().backward()
    assert all(p.grad.dtype is dtype and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("dtype", HALF)
def test_autocast_keeps_the_dtype_of_the_input(s, dtype):
    layer, x = nn.Linear(4, 64), torch.randn(8, 4)
    with torch.autocast("cpu", dtype):
        current = layer(x)
        spikes = s(current)
        assert current.dtype is spikes.dtype is dtype
        assert s(x).dtype is torch.float32
        loss = spikes.float().sum()
    loss.backward()
    assert layer.weight.grad.dtype is torch.float32
    assert layer.weight.grad.isfinite().all()


def test_autocast_leaves_the_gradient_alone():
    s, x = surroreg.load("atan"), points(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = gradient(s, x)
    assert_gradient(s, x, found)


def test_fake_quantised_input(s):
    x = points(torch.float32).requires_grad_()
    quantised = torch.fake_quantize_per_tensor_affine(x, 0.25, 0, -128, 127)
    quantised.retain_grad()
    s(quantised).sum().backward()
    assert_gradient(s, quantised.detach(), x.grad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_many_half_precision_numbers_give_what_few_give(name, dtype):
    s, x = build(name), torch.linspace(-4, 4, 2**19 + 13).to(dtype)
    upstream = torch.linspace(1, 2, len(x)).to(dtype)
    whole, close = gradient(s, x, upstream), {"rtol": torch.finfo(dtype).eps, "atol": 0}
    transposed = gradient(s, x.repeat(2, 1).t().contiguous().t(), upstream.expand(2, -1))[1]
    parts = [gradient(s, *pair) for pair in zip(x.split(70_001), upstream.split(70_001), strict=True)]
    torch.testing.assert_close(whole, transposed, **close)
    torch.testing.assert_close(whole, torch.cat(parts), **close)
