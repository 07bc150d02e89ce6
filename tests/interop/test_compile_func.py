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
#: One with two parameters, and one with a case: for these the backward pass is traced, too.
TRACED = ["spike_rate_escape", "triangular"]
pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]


def compiled(f, backend="aot_eager"):
    """Return a function compiled in one graph.

    The backend "eager" runs the graph of Dynamo, which is what drops a gradient without a word. "aot_eager" takes twice
    as long: it traces the backward pass too, as plain operations.
    """
    return torch.compile(f, fullgraph=True, backend=backend)


def loss(s):
    return lambda x: (weights(x) * s(x)).sum()


# Transforms of one input share a graph: a compilation costs more than a transform in it.


def test_compiled_func_of_one_input_gives_the_gradient(s, request):
    x, v = points(), weights(points())

    def everything(x, v):
        spikes, pull = vjp(s, x)
        return grad(loss(s))(x), spikes, pull(v)[0], jvp(s, (x,), (v,))

    backend = "aot_eager" if request.node.callspec.id in TRACED else "eager"
    found, spikes, pulled, (pushed_spikes, pushed) = compiled(everything, backend)(x, v)
    assert torch.equal(spikes, s(x))
    assert torch.equal(pushed_spikes, s(x))
    for gradient in (found, pulled, pushed):
        assert_gradient(s, x, gradient, v)


def test_compiled_vmap_and_grad_give_the_gradient_of_rows(s):
    x = torch.stack([points(), 1.2 * points()])
    odd = torch.tensor([-torch.inf, torch.inf, torch.nan], dtype=x.dtype)

    def everything(x, odd):
        spikes = vmap(s, in_dims=1, out_dims=1, randomness="same")(x)
        of_rows = vmap(grad(loss(s)), randomness="different")(x)
        return spikes, of_rows, *vmap(grad_and_value(s), randomness="same")(odd)

    spikes, of_rows, of_odd, odd_spikes = compiled(everything, "eager")(x, odd)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, of_rows, weights(points()).expand(2, -1))
    assert odd_spikes.tolist() == [0, 1, 0]
    assert of_odd[:2].isfinite().all()


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_compiled_hessian_is_the_second_derivative(name):
    s, x = build(name), points()
    curvature = weights(x) * second_derivative(s, x)
    close(compiled(hessian(loss(s)), "eager")(x), curvature.diag())


@pytest.mark.parametrize("name", TRACED)
def test_compiled_derivatives_of_derivatives_are_exact(name):
    s, x = build(name), points()

    def everything(x):
        of_vmap = grad(lambda x: (weights(x) * vmap(s)(x)).sum())(torch.stack([x, 1.2 * x]))
        of_grad = grad(lambda x: grad(loss(s))(x).sum())(x)
        return of_vmap, of_grad, jacrev(s)(x), jacfwd(s)(x), hessian(loss(s))(x)

    of_vmap, of_grad, backward, forward, second = compiled(everything)(x)
    rows = torch.stack([x, 1.2 * x])
    assert_gradient(s, rows, of_vmap, weights(rows))
    curvature = weights(x) * second_derivative(s, x)
    close(of_grad, curvature)
    close(backward, s.derivative(x).diag())
    close(forward, s.derivative(x).diag())
    close(second, curvature.diag())


def test_compiled_jacrev_of_grad_is_the_second_derivative():
    s, x = surroreg.load("fast_sigmoid"), points()
    close(compiled(jacrev(grad(loss(s))))(x), (weights(x) * second_derivative(s, x)).diag())


def test_backward_through_a_compiled_vmap_is_the_gradient(s):
    x = torch.stack([points(), 1.2 * points()]).requires_grad_()
    spikes = compiled(vmap(s, randomness="different"))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x.detach(), torch.autograd.grad(spikes.sum(), x)[0])


def test_compiled_grad_in_half_precision_is_the_gradient(s):
    x = points(torch.float16)
    assert_gradient(s, x, compiled(grad(lambda x: s(x).sum()))(x))


@pytest.mark.parametrize("name", STOCHASTIC)
def test_compiled_jvp_of_noise_is_one_draw(name):
    s, x = build(name), points()
    spikes, tangent = compiled(lambda x: jvp(s, (x,), (torch.ones_like(x),)))(x)
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x, tangent)


def test_compiled_per_sample_gradients_are_those_of_rows():
    network, x = model(surroreg.load("atan"), torch.float64), batch(torch.float64)

    def loss_of_row(params, row):
        return functional_call(network, params, (row[None],)).square().sum()

    found = compiled(vmap(grad(loss_of_row), in_dims=(None, 0)))(dict(network.named_parameters()), x)
    for k, row in enumerate(x):
        close([g[k] for g in found.values()], list(gradients(network, row[None])))


@pytest.mark.filterwarnings("ignore:`torch._prims_common.check` is deprecated:FutureWarning")
def test_inductor_of_every_transform_gives_the_gradient():
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
