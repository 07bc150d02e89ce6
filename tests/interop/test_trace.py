"""Symbolic tracing, ``make_fx``, TorchScript and ONNX: a traced surrogate keeps its gradient, or says it cannot."""

import pytest
import torch
from torch.fx import symbolic_trace
from torch.fx.experimental.proxy_tensor import make_fx

import surroreg
from tests.interop.cases import (
    DETERMINISTIC,
    SCRIPT_WARNS,
    STOCHASTIC,
    TRACE_WARNS,
    assert_gradient,
    assert_same_training,
    batch,
    build,
    gradient,
    model,
    points,
    second_derivative,
    weights,
)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_symbolic_trace(name):
    network = model(build(name))
    assert_same_training(symbolic_trace(network), network, batch())


@pytest.mark.parametrize("name", STOCHASTIC)
def test_symbolic_trace_of_noise(name):
    s, x = build(name), points()
    traced = symbolic_trace(s)
    assert torch.equal(traced(x), s(x))
    assert_gradient(s, x, gradient(traced, x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_symbolic_trace_in_other_dtypes(s, dtype):
    x = points(dtype)
    traced = symbolic_trace(s)
    assert torch.equal(traced(x), s(x))
    # The dtype is not known while tracing, so that half precision is not computed in float32 here.
    assert_gradient(s, x, gradient(traced, x), rtol=8 * torch.finfo(dtype).eps, atol=torch.finfo(dtype).eps)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_symbolic_trace_second_order(name):
    s, x = build(name), points().requires_grad_()
    upstream = weights(points()).requires_grad_()
    (first,) = torch.autograd.grad(symbolic_trace(s)(x), x, upstream, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, materialize_grads=True)
    torch.testing.assert_close(second, weights(points()) * second_derivative(s, x))


def test_symbolic_trace_infinite_and_nan(s):
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    traced = symbolic_trace(s)
    assert traced(x).tolist() == [0, 1, 0]
    assert gradient(traced, x)[:2].isfinite().all()


def test_symbolic_trace_at_zero(s):
    zero = torch.zeros(1)
    assert symbolic_trace(s)(zero) == 0
    assert symbolic_trace(build(s.spec.name, at_zero=1))(zero) == 1


@TRACE_WARNS
def test_jit_trace(s):
    x = points(torch.float32)
    traced = torch.jit.trace(s, (x,), check_trace=False)
    assert torch.equal(traced(x), s(x))
    assert_gradient(s, x, gradient(traced, x, weights(x)), weights(x))


@TRACE_WARNS
def test_jit_traced_network_on_another_batch():
    network = model(surroreg.load("atan"))
    traced = torch.jit.trace(network, (batch(),))
    assert_same_training(traced, network, batch(size=11))


@SCRIPT_WARNS
def test_jit_script_is_refused():
    # Deprecated in PyTorch; it must not compile something that has lost the gradient.
    with pytest.raises((RuntimeError, ValueError)):
        torch.jit.script(surroreg.load("atan"))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_make_fx_of_forward_and_backward(name):
    s, x = build(name), points()

    def step(x):
        x = x.detach().requires_grad_()
        spikes = s(x)
        return spikes, torch.autograd.grad(spikes, x, weights(x))[0]

    spikes, found = make_fx(step)(torch.zeros_like(x))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, found, weights(x))


@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_make_fx_modes(mode):
    s, x = surroreg.load("atan"), points()
    found = make_fx(torch.func.grad(lambda x: s(x).sum()), tracing_mode=mode)(torch.zeros_like(x))(x)
    assert_gradient(s, x, found)


@TRACE_WARNS
@pytest.mark.filterwarnings("ignore:You are using the legacy TorchScript-based ONNX export:DeprecationWarning")
def test_onnx(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    network = model(surroreg.load("atan")).eval()
    with torch.no_grad():
        torch.onnx.export(network, (batch(),), str(tmp_path / "network.onnx"), dynamo=False)
    graph = onnx.load(tmp_path / "network.onnx").graph
    assert {node.op_type for node in graph.node} <= {"Gemm", "Greater", "Cast", "Constant"}
