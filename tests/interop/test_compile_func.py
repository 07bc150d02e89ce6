"""``torch.compile`` of ``torch.func``: where a custom backward is silently dropped, if nothing is done."""

import pytest
import torch
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

import surroreg
from tests.interop.cases import (
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

close = torch.testing.assert_close
pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]


@pytest.fixture(params=DETERMINISTIC)
def exact(request):
    """Every surrogate whose derivative draws nothing."""
    return build(request.param)


def compiled(f, backend="aot_eager"):
    return torch.compile(f, fullgraph=True, backend=backend)


def loss(s):
    return lambda x: (weights(x) * s(x)).sum()


# What takes one input is compiled together: a compilation costs more than what is in it.


def test_of_one_input(s):
    x, v = points(), weights(points())

    def everything(x, v):
        spikes, pull = vjp(s, x)
        return grad(loss(s))(x), spikes, pull(v)[0], jvp(s, (x,), (v,))

    found, spikes, pulled, (pushed_spikes, pushed) = compiled(everything)(x, v)
    assert torch.equal(spikes, s(x))
    assert torch.equal(pushed_spikes, s(x))
    for gradient in (found, pulled, pushed):
        assert_gradient(s, x, gradient, v)


def test_of_rows(s):
    x = torch.stack([points(), 1.2 * points()])

    def everything(x):
        return vmap(s, in_dims=1, out_dims=1, randomness="same")(x), vmap(grad(loss(s)), randomness="different")(x)

    spikes, found = compiled(everything)(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, found, weights(points()).expand(2, -1))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_grad_of_vmap(name):
    s, x = build(name), torch.stack([points(), 1.2 * points()])
    found = compiled(grad(lambda x: (weights(x) * vmap(s)(x)).sum()))(x)
    assert_gradient(s, x, found, weights(x))


def test_jacobians_and_hessian(exact):
    x = points()
    backward, forward, second = compiled(lambda x: (jacrev(exact)(x), jacfwd(exact)(x), hessian(loss(exact))(x)))(x)
    close(backward, exact.derivative(x).diag())
    close(forward, exact.derivative(x).diag())
    close(second, (weights(x) * second_derivative(exact, x)).diag())


def test_jacrev_of_grad():
    s, x = surroreg.load("fast_sigmoid"), points()
    close(compiled(jacrev(grad(loss(s))))(x), (weights(x) * second_derivative(s, x)).diag())


def test_grad_of_grad(exact):
    x = points()
    found = compiled(grad(lambda x: grad(loss(exact))(x).sum()))(x)
    close(found, weights(x) * second_derivative(exact, x))


def test_backward_through_a_compiled_vmap(s):
    x = torch.stack([points(), 1.2 * points()]).requires_grad_()
    spikes = compiled(vmap(s, randomness="different"))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x.detach(), torch.autograd.grad(spikes.sum(), x)[0])


def test_grad_in_half_precision(s):
    x = points(torch.float16)
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
