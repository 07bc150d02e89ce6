"""``torch.compile`` of ``torch.func``: where a custom backward is silently dropped, if nothing is done."""

import pytest
import torch
from interop_cases import (
    DETERMINISTIC,
    FUNCTION_WARNS,
    SCRIPT_WARNS,
    STOCHASTIC,
    assert_gradient,
    batch,
    build,
    gradients,
    model,
    points,
    second_derivative,
    weights,
)
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

import surroreg

close = torch.testing.assert_close
pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]


#: A smooth one, one with kinks, one that is constant, and a user's: tracing a derivative of a derivative takes seconds.
KINDS = ["atan", "piecewise_linear", "straight_through_estimator", "custom_surrogate"]
kinds = pytest.mark.parametrize("name", KINDS)
kinds_and_noise = pytest.mark.parametrize("name", [*KINDS, *STOCHASTIC])


def compiled(f, backend="aot_eager"):
    return torch.compile(f, fullgraph=True, backend=backend)


def loss(s):
    return lambda x: (weights(x) * s(x)).sum()


def test_grad(s):
    x = points()
    assert_gradient(s, x, compiled(grad(loss(s)))(x), weights(x))


@kinds_and_noise
def test_vjp(name):
    s, x = build(name), points()
    spikes, found = compiled(lambda x, v: (lambda out, pull: (out, pull(v)[0]))(*vjp(s, x)))(x, weights(x))
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, found, weights(x))


def test_jvp(s):
    x = points()
    spikes, tangent = compiled(lambda x, v: jvp(s, (x,), (v,)))(x, weights(x))
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, tangent, weights(x))


@kinds_and_noise
def test_vmap(name):
    s, x = build(name), torch.stack([points(), 1.2 * points()])
    assert torch.equal(compiled(vmap(s, in_dims=1, out_dims=1, randomness="same"))(x), s(x))


def test_vmap_of_grad(s):
    x = torch.stack([points(), 1.2 * points()])
    found = compiled(vmap(grad(loss(s)), randomness="different"))(x)
    assert_gradient(s, x, found, weights(points()).expand(2, -1))


@kinds
def test_grad_of_vmap(name):
    s, x = build(name), torch.stack([points(), 1.2 * points()])
    found = compiled(grad(lambda x: (weights(x) * vmap(s)(x)).sum()))(x)
    assert_gradient(s, x, found, weights(x))


@kinds
def test_jacobians(name):
    s, x = build(name), points()
    backward, forward = compiled(lambda x: (jacrev(s)(x), jacfwd(s)(x)))(x)
    close(backward, s.derivative(x).diag())
    close(forward, s.derivative(x).diag())


@kinds
def test_hessian(name):
    s, x = build(name), points()
    close(compiled(hessian(loss(s)))(x), (weights(x) * second_derivative(s, x)).diag())


def test_jacrev_of_grad():
    s, x = surroreg.load("fast_sigmoid"), points()
    close(compiled(jacrev(grad(loss(s))))(x), (weights(x) * second_derivative(s, x)).diag())


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_grad_of_grad(name):
    s, x = build(name), points()
    found = compiled(grad(lambda x: grad(loss(s))(x).sum()))(x)
    close(found, weights(x) * second_derivative(s, x))


@kinds_and_noise
def test_backward_through_a_compiled_vmap(name):
    s, x = build(name), torch.stack([points(), 1.2 * points()]).requires_grad_()
    spikes = compiled(vmap(s, randomness="different"))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x.detach(), torch.autograd.grad(spikes.sum(), x)[0])


@kinds_and_noise
def test_grad_in_half_precision(name):
    s, x = build(name), points(torch.float16)
    assert_gradient(s, x, compiled(grad(lambda x: s(x).sum()))(x))


@pytest.mark.parametrize("name", STOCHASTIC)
def test_noise_in_forward_mode_is_the_noise_of_one_draw(name):
    s, x = build(name), points()
    spikes, tangent = compiled(lambda x: jvp(s, (x,), (torch.ones_like(x),)))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, tangent)


def test_per_sample_gradients():
    network, x = model(surroreg.load("atan"), torch.float64), batch(torch.float64)

    def one(params, row):
        return functional_call(network, params, (row[None],)).square().sum()

    found = compiled(vmap(grad(one), in_dims=(None, 0)))(dict(network.named_parameters()), x)
    for k, row in enumerate(x):
        close([g[k] for g in found.values()], list(gradients(network, row[None])))


@pytest.mark.filterwarnings("ignore:`torch._prims_common.check` is deprecated:FutureWarning")
def test_inductor():
    s, x = surroreg.load("atan"), points(torch.float32)

    def everything(x):
        one = torch.ones_like(x)
        return grad(loss(s))(x), vmap(grad(s))(x), jvp(s, (x,), (one,)), hessian(loss(s))(x)

    first, rows, (spikes, tangent), second = compiled(everything, "inductor")(x)
    assert_gradient(s, x, first, weights(x))
    assert_gradient(s, x, rows)
    assert_gradient(s, x, tangent)
    assert torch.equal(spikes, s(x))
    close(second, (weights(x) * second_derivative(s, x)).diag())


def test_infinite_and_nan(s):
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    found, spikes = compiled(lambda x: vmap(grad_and_value(s), randomness="same")(x))(x)
    assert spikes.tolist() == [0, 1, 0]
    assert found[:2].isfinite().all()
