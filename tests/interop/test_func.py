"""``torch.func`` in eager mode: every transform, and the ways they are nested."""

import pytest
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, linearize, stack_module_state, vjp, vmap

from tests.interop.cases import (
    DETERMINISTIC,
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
pytestmark = SCRIPT_WARNS  # torch scripts the rules of forward mode when it first needs one


def loss(s):
    return lambda x: (weights(x) * s(x)).sum()


@pytest.fixture(params=DETERMINISTIC)
def exact(request):
    """Every surrogate whose derivative draws nothing."""
    return build(request.param)


def test_grad(s):
    x = points()
    assert_gradient(s, x, grad(loss(s))(x), weights(x))


def test_vjp(s):
    x = points()
    spikes, pull = vjp(s, x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, pull(weights(x))[0], weights(x))


@pytest.mark.parametrize("dim", [0, 1])
def test_vmap(s, dim):
    x = torch.stack([points(), -points(), 2 * points()])
    assert torch.equal(vmap(s, in_dims=dim, out_dims=dim)(x), s(x))


def test_vmap_of_grad(s):
    x = torch.stack([points(), 1.2 * points()])
    found = vmap(grad(loss(s)), randomness="different")(x)
    assert_gradient(s, x, found, weights(points()).expand(2, -1))


def test_vmap_of_vmap_of_grad(s):
    x = torch.stack([points(), 1.2 * points()])
    found = vmap(vmap(grad(s), randomness="different"), randomness="different")(x)
    assert_gradient(s, x, found)


def test_grad_of_vmap(s):
    x = torch.stack([points(), 1.2 * points()])
    found = grad(lambda x: (weights(x) * vmap(s, randomness="different")(x)).sum())(x)
    assert_gradient(s, x, found, weights(x))


def test_jvp(s):
    x = points()
    spikes, tangent = jvp(s, (x,), (weights(x),))
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, tangent, weights(x))


@pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning")  # also for torch.sin
def test_linearize(s):
    x = points()
    spikes, push = linearize(s, x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, push(weights(x)), weights(x))
    assert_gradient(s, x, push(2 * weights(x)), 2 * weights(x))


def test_jacrev(exact):
    x = points()
    close(jacrev(exact)(x), exact.derivative(x).diag())


def test_jacfwd(exact):
    x = points()
    close(jacfwd(exact)(x), exact.derivative(x).diag())


@pytest.mark.parametrize("name", STOCHASTIC)
def test_jacobians_of_noise_ask_how_to_draw(name):
    s, x = build(name), points()
    with pytest.raises(RuntimeError, match="random"):
        jacrev(s)(x)
    with pytest.raises(RuntimeError, match="random"):
        jacfwd(s)(x)
    assert_gradient(s, x, jacfwd(s, randomness="same")(x).diagonal())


@pytest.mark.parametrize(
    "hessian_of",
    [
        hessian,
        lambda f: jacfwd(jacrev(f)),
        lambda f: jacrev(grad(f)),
        lambda f: jacfwd(grad(f)),
        lambda f: jacrev(jacfwd(f)),
    ],
    ids=["hessian", "forward over reverse", "reverse over reverse", "forward over grad", "reverse over forward"],
)
def test_hessian(exact, hessian_of):
    x = points()
    close(hessian_of(loss(exact))(x), (weights(x) * second_derivative(exact, x)).diag())


def test_grad_of_grad(s):
    x = points()
    found = grad(lambda x: (grad(loss(s))(x)).sum())(x)
    close(found, weights(x) * second_derivative(s, x))


def test_forward_ad_dual_numbers(s):
    x = points()
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, weights(x))
        spikes, tangent = torch.autograd.forward_ad.unpack_dual(s(dual))
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, tangent, weights(x))


def test_forward_ad_then_backward(exact):
    x = points().requires_grad_()
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, weights(x))
        tangent = torch.autograd.forward_ad.unpack_dual(exact(dual)).tangent
    (found,) = torch.autograd.grad(tangent.sum() + 0 * x.sum(), x)
    close(found, weights(x).detach() * second_derivative(exact, x))


def test_per_sample_gradients(exact):
    network, x = model(exact, torch.float64), batch(torch.float64)
    params = dict(network.named_parameters())

    def one(params, row):
        return functional_call(network, params, (row[None],)).square().sum()

    found = vmap(grad(one), in_dims=(None, 0))(params, x)
    for k, row in enumerate(x):
        close([g[k] for g in found.values()], list(gradients(network, row[None])))


def test_ensemble(exact):
    networks = [model(exact, torch.float64) for _ in range(3)]
    for k, network in enumerate(networks):
        torch.nn.init.normal_(network[0].weight, std=1.0 + k)
    params, buffers = stack_module_state(networks)
    x = batch(torch.float64)

    def one(params, buffers):
        return functional_call(networks[0], (params, buffers), (x,)).square().sum()

    found = vmap(grad(one))(params, buffers)
    for k, network in enumerate(networks):
        close([g[k] for g in found.values()], list(gradients(network, x)))


def test_transforms_leave_the_infinite_alone(s):
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    spikes, tangent = jvp(s, (x,), (torch.ones_like(x),))
    assert spikes.tolist() == [0, 1, 0]
    assert tangent[:2].isfinite().all()
    assert vmap(s)(x).tolist() == [0, 1, 0]
    assert grad(lambda x: s(x).sum())(x)[:2].isfinite().all()


def test_a_tensor_that_escaped_from_a_transform():
    escaped = []
    torch.func.grad(lambda x: escaped.append(x) or x.sum())(points())
    s = build("atan")
    assert torch.equal(s(escaped[0]), s(points()))
    leaf = points().requires_grad_()
    spikes = s(leaf * escaped[0].sign().abs())
    assert_gradient(s, points(), torch.autograd.grad(spikes.sum(), leaf)[0])
