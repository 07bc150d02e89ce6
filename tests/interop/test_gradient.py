"""Eager gradients, first and second order, against the derivative, the primitive and differences of it."""

import pytest
import torch

from tests.interop.cases import (
    DETERMINISTIC,
    NAMES,
    STOCHASTIC,
    WITH_PRIMITIVE,
    assert_gradient,
    build,
    gradient,
    points,
    second_derivative,
    weights,
)

close = torch.testing.assert_close


def test_forward_is_the_step(s):
    x = torch.cat([points(), torch.zeros(2, dtype=torch.float64)])
    spikes = s(x)
    assert spikes.dtype == x.dtype
    assert spikes.tolist() == [float(value > 0) for value in x.tolist()]


def test_forward_is_the_step_while_recording(s):
    x = points().requires_grad_()
    assert s(x).tolist() == [float(value > 0) for value in x.tolist()]


@pytest.mark.parametrize("name", NAMES)
def test_at_zero(name):
    x = torch.tensor([-1.0, 0.0, -0.0, 1.0], requires_grad=True)
    assert build(name, at_zero=1)(x).tolist() == [0, 1, 1, 1]
    assert build(name, at_zero=0)(x).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("name", [name for name in DETERMINISTIC if name != "custom_surrogate"])
def test_at_zero_leaves_the_derivative_alone(name):
    x = torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64)
    close(gradient(build(name, at_zero=1), x), build(name).derivative(x))


def test_backward_is_the_derivative(s):
    x = points()
    assert_gradient(s, x, gradient(s, x, weights(x)), weights(x))


@pytest.mark.parametrize("name", STOCHASTIC)
def test_same_seed_same_noise(name):
    s, x = build(name), points()
    torch.manual_seed(3)
    found = gradient(s, x)
    torch.manual_seed(3)
    close(found, s.derivative(x))


@pytest.mark.parametrize("name", WITH_PRIMITIVE)
def test_backward_is_autograd_through_the_primitive(name):
    s, x = build(name), points()
    close(gradient(s, x, weights(x)), gradient(s.primitive, x, weights(x)))


@pytest.mark.parametrize("name", WITH_PRIMITIVE)
def test_backward_is_the_central_difference_of_the_primitive(name):
    s, x, h = build(name), points(), 1e-5
    close(gradient(s, x), (s.primitive(x + h) - s.primitive(x - h)) / (2 * h), rtol=1e-5, atol=1e-9)


def test_double_backward_is_the_second_derivative(s):
    x = points().requires_grad_()
    upstream = weights(x).requires_grad_()
    (first,) = torch.autograd.grad(s(x), x, upstream, create_graph=True)
    assert_gradient(s, x, first.detach(), upstream.detach())
    by_x, by_upstream = torch.autograd.grad(first.sum(), (x, upstream), materialize_grads=True)
    close(by_x, upstream.detach() * second_derivative(s, x))
    assert_gradient(s, x, by_upstream)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_gradcheck_of_the_backward(name):
    s = build(name)

    def pullback(x, upstream):
        return torch.autograd.grad(s(x), x, upstream, create_graph=True)[0]

    assert torch.autograd.gradcheck(pullback, (points().requires_grad_(), weights(points()).requires_grad_()))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_kernel_and_derivative_agree(name):
    s, x = build(name), points().requires_grad_()
    (once,) = torch.autograd.grad(s(x), x, weights(x))
    (recorded,) = torch.autograd.grad(s(x), x, weights(x), create_graph=True)
    close(once, recorded.detach(), rtol=1e-14, atol=0)


def test_second_derivative_is_not_lost():
    x = points().requires_grad_()
    (first,) = torch.autograd.grad(build("atan")(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert (second * x < 0).all()  # a bump rises on the left and falls on the right


def test_batched_gradients(s):
    x = points().requires_grad_()
    rows = torch.eye(len(x), dtype=x.dtype)
    if s.spec.traits.stochastic:
        with pytest.raises(RuntimeError, match="random"):
            torch.autograd.grad(s(x), x, rows, is_grads_batched=True)
        return
    (jacobian,) = torch.autograd.grad(s(x), x, rows, is_grads_batched=True)
    close(jacobian, s.derivative(x.detach()).diag())


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_vectorized_functional_jacobian(name):
    s, x = build(name), points()
    close(torch.autograd.functional.jacobian(s, x, vectorize=True), s.derivative(x).diag())


def test_functional_hvp(s):
    x, v = points(), weights(points())
    _, product = torch.autograd.functional.hvp(lambda x: (weights(x) * s(x)).sum(), x, v)
    close(product, weights(x) * second_derivative(s, x) * v)
