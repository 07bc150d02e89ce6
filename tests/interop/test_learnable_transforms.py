"""Learnt parameters through every transform: the gradient is there, and is the eager one."""

import io

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vmap
from torch.fx import symbolic_trace
from torch.utils.checkpoint import checkpoint

from tests.interop.cases import (
    BUFFER_WARNS,
    FUNCTION_WARNS,
    LEARNABLE,
    SCRIPT_WARNS,
    TRACE_WARNS,
    assert_same_training,
    batch,
    build,
    gradients,
    model,
    points,
    weights,
)

close = torch.testing.assert_close
pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]
every = pytest.mark.parametrize(("name", "parameter"), LEARNABLE)
VALUE = torch.tensor([0.7], dtype=torch.float64)


class Loss(nn.Module):
    """A weighted sum of the spikes of a surrogate, or of its primitive."""

    def __init__(self, s, method):
        super().__init__()
        self.s = s
        self.method = method

    def forward(self, x):
        return (weights(x) * getattr(self.s, self.method)(x)).sum()


def pair(name, parameter):
    """Return the loss of (value, input) through the surrogate, and the same through its primitive."""
    s = build(name, **{parameter: nn.Parameter(VALUE.clone())})
    spiking, smooth = Loss(s, "forward"), Loss(s, "primitive")

    def of(module):
        return lambda value, x: functional_call(module, {f"s.{parameter}": value}, (x,))

    return of(spiking), of(smooth)


def network(name="fast_sigmoid", parameter="slope", shape=(1,)):
    return model(build(name, **{parameter: nn.Parameter(torch.full(shape, 0.7))}), torch.float64)


@every
def test_func_grad_and_second_order(name, parameter):
    loss, smooth = pair(name, parameter)
    for transform in (grad, jacrev, jacfwd):
        close(transform(loss, argnums=(0, 1))(VALUE, points()), transform(smooth, argnums=(0, 1))(VALUE, points()))
    close(hessian(loss, argnums=(0, 1))(VALUE, points()), hessian(smooth, argnums=(0, 1))(VALUE, points()))


@every
def test_jvp(name, parameter):
    loss, smooth = pair(name, parameter)
    at, along = (VALUE, points()), (torch.ones_like(VALUE), weights(points()))
    assert jvp(smooth, at, along)[1] != 0
    close(jvp(loss, at, along)[1], jvp(smooth, at, along)[1])
    close(
        jvp(lambda v: loss(v, points()), at[:1], along[:1])[1], jvp(lambda v: smooth(v, points()), at[:1], along[:1])[1]
    )


@every
def test_vmap_over_values(name, parameter):
    loss, smooth = pair(name, parameter)
    values = torch.tensor([[0.6], [0.7], [0.8]], dtype=torch.float64)
    found = vmap(grad(loss, argnums=(0, 1)), in_dims=(0, None))(values, points())
    close(found, vmap(grad(smooth, argnums=(0, 1)), in_dims=(0, None))(values, points()))


@every
def test_vmap_over_inputs(name, parameter):
    loss, smooth = pair(name, parameter)
    rows = torch.stack([points(), 1.2 * points()])
    found = vmap(grad(loss), in_dims=(None, 0))(VALUE, rows)
    close(found, vmap(grad(smooth), in_dims=(None, 0))(VALUE, rows))


#: Every parameter by the graph of Dynamo, which is what drops a gradient; one with the traced backward pass too.
EACH = [*((*case, "eager") for case in LEARNABLE), ("fast_sigmoid", "slope", "aot_eager")]


@pytest.mark.parametrize(("name", "parameter", "backend"), EACH)
def test_compiled_func_has_the_gradients_of_the_primitive(name, parameter, backend):
    loss, smooth = pair(name, parameter)

    def both(f):
        def run(value, x):
            tangent = jvp(f, (value, x), (torch.ones_like(value), weights(x)))[1]
            rows = vmap(grad(f), in_dims=(None, 0))(value, torch.stack([x, 1.2 * x]))
            return *grad(f, argnums=(0, 1))(value, x), tangent, rows

        return run

    found = torch.compile(both(loss), fullgraph=True, backend=backend)(VALUE, points())
    close(found, both(smooth)(VALUE, points()))


def test_compiled_hessian():
    loss, smooth = pair("atan", "alpha")
    found = torch.compile(hessian(loss), fullgraph=True, backend="aot_eager")(VALUE, points())
    close(found, hessian(smooth)(VALUE, points()))


@every
@pytest.mark.parametrize("shape", [(1,), (), (8,)], ids=str)
def test_compiled_network(name, parameter, shape):
    eager = network(name, parameter, shape)
    assert_same_training(torch.compile(eager, fullgraph=True, backend="aot_eager"), eager, batch(torch.float64))


def test_compiled_with_inductor():
    eager = network(shape=(8,))
    assert_same_training(torch.compile(eager, fullgraph=True), eager, batch(torch.float64))


@every
@pytest.mark.parametrize("strict", [False, True])
def test_exported_and_trained(name, parameter, strict):
    eager = network(name, parameter)
    program = torch.export.export(eager, (batch(torch.float64),), strict=strict)
    assert_same_training(program.module(), eager, batch(torch.float64))


@BUFFER_WARNS
def test_exported_saved_loaded_and_trained():
    eager, file = network(), io.BytesIO()
    torch.export.save(torch.export.export(eager, (batch(torch.float64),)), file)
    file.seek(0)
    assert_same_training(torch.export.load(file).module(), eager, batch(torch.float64))


@every
def test_symbolic_trace(name, parameter):
    eager = network(name, parameter)
    assert_same_training(symbolic_trace(eager), eager, batch(torch.float64))


@TRACE_WARNS
def test_jit_trace():
    eager = network()
    traced = torch.jit.trace(eager, (batch(torch.float64),))
    assert_same_training(traced, eager, batch(torch.float64))


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(reentrant):
    eager, x = network(), batch(torch.float64).requires_grad_()
    expected = torch.autograd.grad(eager(x).square().sum(), list(eager.parameters()))
    checkpoint(eager, x, use_reentrant=reentrant).square().sum().backward()
    close(tuple(p.grad for p in eager.parameters()), expected)


def test_ensemble_with_different_values():
    networks, x = [network() for _ in range(3)], batch(torch.float64)
    for k, each in enumerate(networks):
        nn.init.constant_(each[1].slope, 0.5 + k)
    params, buffers = stack_module_state(networks)

    def loss(params, buffers):
        return functional_call(networks[0], (params, buffers), (x,)).square().sum()

    found = vmap(grad(loss))(params, buffers)
    for k, each in enumerate(networks):
        close([g[k] for g in found.values()], list(gradients(each, x)))


@every
def test_forward_mode_dual_numbers(name, parameter):
    loss, smooth = pair(name, parameter)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(VALUE, torch.ones_like(VALUE))
        tangent = torch.autograd.forward_ad.unpack_dual(loss(dual, points())).tangent
    close(tangent, grad(smooth)(VALUE, points()).sum())
