"""Where snnTorch 1.0.0 fails and surroreg must not: theirs is shown failing, ours right."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
import snntorch as snn
import torch
from snntorch import surrogate as snntorch_surrogate
from torch import nn

import surroreg
from tests.parity.side_by_side import (
    PAIR,
    PAIRS,
    Pair,
    assert_within,
    default_keywords,
    each_pair,
    gradient,
    sigmoid_reference,
)

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]

# torch.func's own rules for forward mode are scripted, which torch itself has deprecated.
scripted = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def exact_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """In float64 at x, without rounding the product first as float32 would."""
    return sigmoid_reference(x.double(), torch.ones_like(x), 25)


@pytest.mark.parametrize(
    ("dtype", "x", "theirs"),
    [
        (torch.float16, -0.25, 0.0),
        (torch.float16, -0.45, torch.nan),
        (torch.bfloat16, -3.0, 0.0),
        (torch.bfloat16, -3.5, torch.nan),
        (torch.float32, -2.0, 0.0),
        (torch.float32, -3.43, torch.nan),
        (torch.float32, -torch.inf, torch.nan),
        (torch.float64, -20.0, 0.0),
        (torch.float64, -28.3, torch.nan),
    ],
)
def test_gradient_of_the_sigmoid_where_snntorchs_is_zero_or_nan(dtype: torch.dtype, x: float, theirs: float) -> None:
    at = torch.tensor([x], dtype=dtype)
    torch.testing.assert_close(
        gradient(snntorch_surrogate.sigmoid(), at), at.new_tensor([theirs]), equal_nan=True, rtol=0, atol=0
    )
    exact = exact_sigmoid(at)
    ours = gradient(surroreg.load("sigmoid"), at)
    # An argument of 25x that is rounded before exp() is worth abs(25x) of its last digits.
    single = 2.0**-52 if dtype is torch.float64 else 2.0**-23
    digits = 0.51 * torch.finfo(dtype).eps * (dtype in DTYPES[:2]) + single * (4 + (25 * at.double()).abs())
    assert_within(ours, exact, (exact * digits).nan_to_num(0))
    assert (ours > 0).all() or x == -torch.inf


def test_sigmoid_of_snntorch_is_nan_at_a_large_upstream() -> None:
    at, upstream = torch.tensor([-2.7]), torch.tensor([1e10])
    assert gradient(snntorch_surrogate.sigmoid(), at, upstream).isnan().all()
    exact = sigmoid_reference(at, upstream, 25)
    assert_within(gradient(surroreg.load("sigmoid"), at, upstream), exact, 4 * 2.0**-23 * exact)


@pytest.mark.parametrize(("name", "x"), [("fast_sigmoid", 11.0), ("atan", 85.0)])
def test_gradient_in_float16_where_snntorchs_square_overflows(name: str, x: float) -> None:
    at = torch.tensor([x, -x], dtype=torch.float16)
    assert (gradient(PAIR[name].theirs(), at) == 0).all()
    expected = gradient(PAIR[name].theirs(), at.double())
    assert (expected > 1e-5).all()
    torch.testing.assert_close(gradient(PAIR[name].ours(), at).double(), expected, rtol=0, atol=2.0**-25)


@each_pair
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_spikes_keep_the_dtype(pair: Pair, dtype: torch.dtype) -> None:
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=dtype)
    params = default_keywords(pair.name)
    assert pair.theirs(**params)(x).dtype is torch.float32
    assert pair.ours(**params)(x).dtype is dtype
    assert gradient(pair.ours(**params), x).dtype is dtype


@pytest.mark.parametrize("name", ["spike_rate_escape", "triangular", "sigmoid"])
def test_gains_are_not_rounded_to_float32_in_float64(name: str) -> None:
    # At x = 1, 1 and 0 the gradient is the gain times -1, 1 and 1/4.
    at = torch.tensor([0.0 if name == "sigmoid" else 1.0], dtype=torch.float64)
    keyword = "threshold" if name == "triangular" else "slope"
    theirs, ours = (gradient(make(**{keyword: 0.1}), at).abs().item() for make in (PAIR[name].theirs, PAIR[name].ours))
    part = 4 if name == "sigmoid" else 1
    assert theirs == pytest.approx(torch.tensor(0.1).item() / part, rel=1e-15)
    assert theirs != pytest.approx(0.1 / part, rel=1e-9)
    assert ours == pytest.approx(0.1 / part, rel=1e-15)


@pytest.mark.parametrize("slope", [0.1, 0.0, 2.5])
def test_the_leaky_spike_operator(slope: float) -> None:
    x, upstream = torch.linspace(-3, 3, 601), torch.linspace(5, -5, 601)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'variance'"):
        snntorch_surrogate.LSO(slope=slope)(x)
    with pytest.raises(RuntimeError, match=r"incorrect number of gradients \(expected 2, got 1\)"):
        gradient(lambda x: snntorch_surrogate.LeakySpikeOperator.apply(x, slope), x)
    leaky = torch.where(x > 0, upstream, slope * upstream)
    for name in ("LSO", "LeakySpikeOperator", "leaky_spike_operator"):
        ours = surroreg.load(name, slope=slope)
        torch.testing.assert_close(gradient(ours, x, upstream), leaky, rtol=0, atol=0)
        assert torch.equal(ours(x), (x > 0).float())


@each_pair
def test_pickle_and_save(pair: Pair) -> None:
    params = default_keywords(pair.name)
    theirs, ours = pair.theirs(**params), pair.ours(**params)
    for dump in (pickle.dumps, lambda obj: torch.save(obj, io.BytesIO())):
        with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
            dump(theirs)
    buffer = io.BytesIO()
    torch.save(ours, buffer)
    buffer.seek(0)
    x = torch.linspace(-2, 2, 41)
    for again in (pickle.loads(pickle.dumps(ours)), torch.load(buffer, weights_only=False)):
        assert again.to_config() == ours.to_config()
        assert torch.equal(gradient(again, x, seed=1), gradient(ours, x, seed=1))


@scripted
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.name != "SSO"], ids=repr)
def test_function_transforms(pair: Pair) -> None:
    torch.manual_seed(0)
    x, direction = torch.randn(2, 5, 3)

    def uses(spike: Any) -> list[Any]:
        return [
            lambda: torch.func.grad(lambda x: spike(x).sum())(x),
            lambda: torch.func.vmap(torch.func.grad(lambda row: spike(row).sum()))(x),
            lambda: torch.func.vjp(spike, x)[1](torch.ones_like(x))[0],
            lambda: torch.func.jacrev(spike)(x).sum((0, 1)),
            lambda: torch.func.jvp(spike, (x,), (direction,))[1] / direction,
        ]

    params = default_keywords(pair.name)
    for use in uses(pair.theirs(**params)):
        with pytest.raises(RuntimeError, match="must override the setup_context staticmethod"):
            use()
    expected = gradient(pair.theirs(**params), x)
    for use in uses(pair.ours(**params)):
        torch.testing.assert_close(use(), expected, rtol=1e-6, atol=1e-7)


def test_triangular_on_the_meta_device() -> None:
    x = torch.empty(3, 4, device="meta")
    with pytest.raises(NotImplementedError, match="nonzero"):
        gradient(snntorch_surrogate.triangular(), x)
    found = gradient(surroreg.load("triangular"), x)
    assert found.is_meta
    assert found.shape == x.shape


def test_a_learnable_slope_learns() -> None:
    torch.manual_seed(0)
    x = torch.randn(7)
    slope = nn.Parameter(torch.tensor([25.0]))
    theirs = snn.Leaky(beta=0.9, spike_grad=snntorch_surrogate.fast_sigmoid(slope=slope))
    current = x.clone().requires_grad_()
    theirs(current)[0].sum().backward()
    assert current.grad is not None
    assert slope.grad is None
    assert not list(theirs.parameters())

    ours = snn.Leaky(beta=0.9, spike_grad=surroreg.load("fast_sigmoid", slope=slope))
    assert [name for name, _ in ours.named_parameters()] == ["spike_grad.slope"]
    current.grad = None
    ours(current)[0].sum().backward()
    # The spike stands for x/(1 + k|x|), here at x = current - threshold.
    at = x.double() - 1
    expected = (-at * at.abs() / (1 + 25 * at.abs()) ** 2).sum()
    torch.testing.assert_close(slope.grad, expected.float().reshape(1))
    torch.testing.assert_close(current.grad, gradient(snntorch_surrogate.fast_sigmoid(), x - 1))
    torch.optim.SGD(ours.parameters(), lr=100.0).step()
    assert ours.spike_grad.slope.item() == pytest.approx(25 - 100 * expected.item(), rel=1e-5)


@pytest.mark.parametrize(("name", "keyword"), [("atan", "alpha"), ("sigmoid", "slope"), ("spike_rate_escape", "beta")])
def test_other_learnable_parameters_learn(name: str, keyword: str) -> None:
    x = torch.linspace(-1, 1, 9, requires_grad=True)
    value = nn.Parameter(torch.tensor([3.0]))
    PAIR[name].theirs(**{keyword: value})(x).sum().backward()
    assert value.grad is None
    ours = PAIR[name].ours(**{keyword: value})
    upstream = torch.arange(9.0)
    ours(x).backward(upstream)
    expected = torch.autograd.grad(ours.primitive(x.detach()), value, upstream)[0]
    assert expected.abs() > 1e-3
    torch.testing.assert_close(value.grad, expected)


def test_learnable_parameter_without_primitive_is_refused() -> None:
    value = nn.Parameter(torch.tensor([1.0]))
    x = torch.ones(3, requires_grad=True)
    snntorch_surrogate.triangular(threshold=value)(x).sum().backward()
    assert value.grad is None
    with pytest.raises(surroreg.NoPrimitiveError, match="threshold"):
        surroreg.load("triangular", threshold=value)
