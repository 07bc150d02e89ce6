"""Tensors that are not plain ones: parameters, fakes, subclasses, nested ones; and the modes of autograd."""

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.testing._internal.two_tensor import TwoTensor

import surroreg
from tests.interop.cases import FUNCTION_WARNS, assert_gradient, gradient, points


class Tagged(torch.Tensor):
    """A subclass with nothing but ``__torch_function__``, which it inherits."""


class Counter(TorchFunctionMode):
    calls = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


def test_parameter_as_input(s):
    x = nn.Parameter(points())
    spikes = s(x)
    spikes.sum().backward()
    assert type(spikes) is torch.Tensor
    assert_gradient(s, x.detach(), x.grad)


def test_meta(s):
    x = torch.empty(3, 4, device="meta", requires_grad=True)
    spikes = s(x)
    spikes.sum().backward()
    assert spikes.is_meta
    assert x.grad.is_meta
    assert spikes.shape == x.grad.shape == s.to("meta")(x.detach()).shape == x.shape


def test_fake_tensors(s):
    with FakeTensorMode():
        x = torch.randn(3, 4, requires_grad=True)
        spikes = s(x)
        spikes.sum().backward()
    assert spikes.shape == x.grad.shape == x.shape


def test_torch_function_subclass(s):
    x = points().as_subclass(Tagged)
    assert type(s(x)) is Tagged
    assert s(x).tolist() == [float(value > 0) for value in x.tolist()]


def test_torch_function_subclass_gradient(s):
    x = points().as_subclass(Tagged).requires_grad_()
    spikes = s(x)
    (found,) = torch.autograd.grad(spikes.sum(), x)
    assert type(spikes) is Tagged
    assert_gradient(s, points(), found.as_subclass(torch.Tensor))


def test_torch_function_mode(s):
    with Counter() as counter:
        found = gradient(s, points())
    assert counter.calls
    assert_gradient(s, points(), found)


def test_torch_dispatch_subclass(s):
    x = TwoTensor(points(), 2 * points()).requires_grad_()
    spikes = s(x)
    (found,) = torch.autograd.grad(spikes, x, TwoTensor(torch.ones_like(points()), torch.ones_like(points())))
    assert type(spikes) is type(found) is TwoTensor
    assert spikes.a.tolist() == spikes.b.tolist() == s(points()).tolist()
    assert_gradient(s, points(), found.a)


@FUNCTION_WARNS
def test_torch_dispatch_subclass_compiled():
    s = surroreg.load("atan")
    x = TwoTensor(points(), 2 * points()).requires_grad_()
    spikes = torch.compile(s, fullgraph=True, backend="aot_eager")(x)
    (found,) = torch.autograd.grad(spikes.sum(), x)
    assert type(spikes) is TwoTensor
    assert_gradient(s, points(), found.a)
    assert_gradient(s, 2 * points(), found.b)


def test_nested_jagged(s):
    rows = [points().requires_grad_(), points()[2:].clone().requires_grad_()]
    x = torch.nested.as_nested_tensor(rows, layout=torch.jagged)
    spikes = s(x)
    assert spikes.is_nested
    assert [row.tolist() for row in spikes.unbind()] == [s(row.detach()).tolist() for row in rows]
    found = torch.autograd.grad(spikes.values().sum(), rows)
    for row, grad in zip(rows, found, strict=True):
        assert_gradient(s, row.detach(), grad)


def test_inference_mode(s):
    with torch.inference_mode():
        x = points()
        spikes = s(x)
    assert spikes.is_inference()
    assert spikes.tolist() == s(points()).tolist()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_no_grad_records_nothing(s, context):
    x = points().requires_grad_()
    with context():
        spikes = s(x)
    assert spikes.grad_fn is None
    assert not spikes.requires_grad


def test_constant_input_records_nothing(s):
    assert s(points()).grad_fn is None


def test_deterministic_algorithms(s):
    # Deterministic mode also fills what torch.empty returns with NaN.
    torch.use_deterministic_algorithms(True)
    try:
        assert_gradient(s, points(), gradient(s, points()))
        assert s(points()).tolist() == [float(value > 0) for value in points().tolist()]
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled:UserWarning")
def test_anomaly_mode(s):
    with torch.autograd.detect_anomaly():
        assert_gradient(s, points(), gradient(s, points()))
