"""Parameters that are tensors: learnt by the gradient of the primitive, or held as buffers."""

import pytest
import torch
from torch import nn

import surroreg
from tests.interop.cases import (
    LEARNABLE,
    NAMES,
    WITH_PRIMITIVE,
    assert_gradient,
    batch,
    build,
    gradient,
    model,
    points,
    weights,
)

close = torch.testing.assert_close
SHAPES = {"one": (1,), "0-d": (), "per channel": (3,)}
WITHOUT_PRIMITIVE = [
    (name, p.name)
    for name in NAMES
    if name not in WITH_PRIMITIVE
    for p in surroreg.spec(name).parameters
    if p.type is float
]


def value(shape=(1,), dtype=torch.float64):
    return nn.Parameter(
        torch.linspace(0.6, 0.8, 3, dtype=dtype) if shape == (3,) else torch.full(shape, 0.7, dtype=dtype)
    )


def grid():
    """Return points whose last dimension has three channels."""
    return points().reshape(3, 3)


def partial_derivatives(f, x, parameter):
    """Return the derivatives of ``(weights * f(x)).sum()`` to ``x`` and the parameter, first and second order."""
    x = x.clone().requires_grad_()
    upstream = weights(x).requires_grad_()  # so that a constant derivative has a graph too
    first = torch.autograd.grad(f(x), (x, parameter), upstream, create_graph=True)
    second = [
        torch.autograd.grad((weights(g) * g).sum(), (x, parameter, upstream), retain_graph=True, materialize_grads=True)
        for g in first
    ]
    return [first, *second]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("name", "parameter"), LEARNABLE)
def test_all_partial_derivatives_are_those_of_the_primitive(name, parameter, shape):
    learnt = value(shape)
    s, x = build(name, **{parameter: learnt}), grid()
    found = partial_derivatives(s, x, learnt)
    expected = partial_derivatives(s.primitive, x, learnt)
    assert expected[0][1].all()
    close(found, expected)


@pytest.mark.parametrize(("name", "parameter"), LEARNABLE)
def test_gradient_is_the_central_difference_of_the_primitive(name, parameter):
    learnt, h = value(), 1e-5
    s = build(name, **{parameter: learnt})
    (found,) = torch.autograd.grad(s(points()), learnt, weights(points()))
    up, down = (build(name, **{parameter: learnt.item() + step}).primitive(points()) for step in (h, -h))
    close(found, (weights(points()) * (up - down) / (2 * h)).sum()[None], rtol=1e-5, atol=1e-9)


def test_two_parameters_of_a_surrogate_learn_together():
    learnt = (value(), value((3,)))
    s, x = surroreg.load("spike_rate_escape", beta=learnt[0], slope=learnt[1]), grid().requires_grad_()
    found = torch.autograd.grad(s(x), (x, *learnt), weights(grid()))
    close(found, torch.autograd.grad(s.primitive(x), (x, *learnt), weights(grid())))


def test_spikes_and_input_gradient_are_those_of_the_number():
    for name, parameter in LEARNABLE:
        learnt, fixed = build(name, **{parameter: value()}), build(name, **{parameter: 0.7})
        assert torch.equal(learnt(points()), fixed(points()))
        close(gradient(learnt, points(), weights(points())), gradient(fixed, points(), weights(points())))


def test_learns_where_the_input_has_no_gradient():
    learnt = value()
    surroreg.load("atan", alpha=learnt)(points()).sum().backward()
    assert learnt.grad.all()


def test_frozen_parameter_gets_no_gradient():
    frozen = value().requires_grad_(False)
    s = surroreg.load("leaky_spike_operator", slope=frozen)
    assert_gradient(s, points(), gradient(s, points()))
    assert frozen.grad is None
    assert s(points()).grad_fn is None


def test_an_optimiser_moves_it_and_the_next_call_sees_it():
    network = model(surroreg.load("fast_sigmoid", slope=nn.Parameter(torch.tensor([5.0]))))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.5)
    network(batch()).square().sum().backward()
    optimiser.step()
    slope = network[1].slope.item()
    assert slope != 5.0
    assert_gradient(
        surroreg.load("fast_sigmoid", slope=slope), points(), gradient(network[1], points()), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("name", "parameter"), LEARNABLE)
def test_half_precision(name, parameter, dtype):
    s = build(name, **{parameter: value(dtype=dtype)})
    x = points(dtype).requires_grad_()
    found = torch.autograd.grad(s(x), (x, getattr(s, parameter)), weights(points(dtype)))
    exact = build(name, **{parameter: nn.Parameter(getattr(s, parameter).detach().double())})
    wide = x.detach().double().requires_grad_()
    expected = torch.autograd.grad(exact(wide), (wide, getattr(exact, parameter)), weights(points(dtype)).double())
    assert all(grad.dtype is dtype for grad in found)
    eps = torch.finfo(dtype).eps
    close(found, expected, rtol=4 * eps, atol=4 * eps, check_dtype=False)


def test_module_to_moves_it():
    s = surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0]))).to(torch.bfloat16)
    assert s.alpha.dtype is torch.bfloat16
    assert s.to("meta").alpha.is_meta


@pytest.mark.parametrize(("name", "parameter"), WITHOUT_PRIMITIVE)
def test_without_a_primitive_nothing_is_learnt_silently(name, parameter):
    with pytest.raises(surroreg.NoPrimitiveError, match=f"cannot learn {parameter!r}"):
        build(name, **{parameter: value()})
    s = build(name)
    with pytest.raises(surroreg.NoPrimitiveError, match=f"cannot learn {parameter!r}"):
        setattr(s, parameter, value())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("name", "parameter"), LEARNABLE + WITHOUT_PRIMITIVE)
def test_buffer(name, parameter, shape):
    s = build(name, **{parameter: value(shape).detach()})
    assert [key for key, _ in s.named_buffers()] == [parameter]
    assert not list(s.parameters())
    assert_gradient(build(name, **{parameter: 0.7}) if shape != (3,) else s, grid(), gradient(s, grid()))


def test_buffer_follows_the_dtype():
    s = surroreg.load("triangular", threshold=torch.tensor([2.0])).to(torch.float64)
    assert s.threshold.dtype is torch.float64
    assert "threshold" in s.state_dict()


def test_assignment_replaces_number_and_buffer():
    s = surroreg.load("atan")
    for new in (
        torch.tensor([5.0]),
        4.0,
        torch.tensor(6.0),
        nn.Parameter(torch.tensor([3.0])),
        nn.Parameter(torch.ones(())),
    ):
        s.alpha = new
        assert s.alpha is new
        assert list(s.parameters()) == ([new] if isinstance(new, nn.Parameter) else [])
        assert list(s.buffers()) == ([new] if type(new) is torch.Tensor else [])
        plain = surroreg.load("atan", alpha=new.item() if isinstance(new, torch.Tensor) else new)
        close(gradient(s, points()), gradient(plain, points()))


@pytest.mark.parametrize("new", [3.0, 3, torch.tensor([3.0]), torch.tensor([3.0], dtype=torch.float64)])
def test_assignment_to_learnt_parameter_writes_in_place(new):
    learnt = nn.Parameter(torch.tensor([2.0]))
    s = surroreg.load("atan", alpha=learnt)
    optimiser = torch.optim.SGD(s.parameters(), lr=0.1)
    s.alpha = new
    assert s.alpha is learnt
    assert learnt.item() == 3.0
    close(gradient(s, points()), gradient(surroreg.load("atan", alpha=3.0), points()))
    s(points()).sum().backward()
    optimiser.step()
    assert s.alpha.item() != 3.0


def test_clamped_learnt_parameter_is_still_learnt():
    s = surroreg.load("atan", alpha=nn.Parameter(torch.tensor([0.05])))
    with torch.no_grad():
        s.alpha = s.alpha.clamp(min=0.1)
    assert [name for name, _ in s.named_parameters()] == ["alpha"]
    close(s.alpha.detach(), torch.tensor([0.1]))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (torch.tensor([3.0], requires_grad=True), surroreg.ParameterTypeError, "no_grad"),
        (torch.tensor([3.0, 4.0]), surroreg.ParameterTypeError, r"shape \(1,\), not \(2,\)"),
        (-1.0, surroreg.ParameterError, "must be > 0"),
        (torch.tensor([torch.nan]), surroreg.ParameterError, "finite"),
    ],
)
def test_learnt_parameter_refuses_what_it_cannot_hold(bad, error, message):
    s = surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0])))
    with pytest.raises(error, match=message):
        s.alpha = bad
    assert s.alpha.item() == 2.0


def test_parameter_that_cannot_broadcast_is_an_error():
    s = surroreg.load("atan", alpha=value((3,)))
    with pytest.raises((RuntimeError, ValueError)):
        gradient(s, points())
    with pytest.raises(ValueError, match="broadcast to the input"):
        gradient(s, torch.tensor([[0.5]], dtype=torch.float64))


@pytest.mark.parametrize("bad", [torch.tensor([0.0]), torch.tensor([1.0, -1.0]), torch.tensor([torch.nan])])
def test_bounds_hold_for_tensors(bad):
    with pytest.raises(surroreg.ParameterError):
        surroreg.load("atan", alpha=nn.Parameter(bad))
