"""Every built-in against itself in more digits, against its formula, its primitive, its kernel and its traits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
import sympy
import torch
from torch import Tensor

import surroreg
from surroreg import Surrogate, SurrogateSpec
from tests.parity.side_by_side import SMALLEST_NORMAL, assert_within, damped, gradient

EPS = {dtype: torch.finfo(dtype).eps for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}
HALVES = [torch.float16, torch.bfloat16]

SPECS = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]
REQUIRED = {"custom_surrogate": {"custom_surrogate_function": damped}}


def variants(spec: SurrogateSpec) -> Iterator[dict[str, Any]]:
    """The defaults, and others: larger, smaller, such as float32 cannot hold, of either sign where that is allowed."""
    yield REQUIRED.get(spec.name, {})
    numbers = [p for p in spec.parameters if not p.required]
    for factor, offset in ((3, 0), (0.3, 0), (-0.5, 0.7)) if numbers else ():
        values = {p.name: p.default * factor + offset for p in numbers}
        yield {p.name: abs(values[p.name]) if (p.gt, p.ge) != (None, None) else values[p.name] for p in numbers}


CASES = [spec(**params) for spec in SPECS for params in variants(spec)]
each_case = pytest.mark.parametrize("case", CASES, ids=repr)
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


def rounding(case: Surrogate, x: Tensor, d: Tensor) -> Tensor:
    """What one last digit of the products and sums inside is worth in the result, beyond one of the result's own.

    exp(-u) turns a relative error of its argument into one u times as large, and where two numbers cancel the
    digits of both are left. Everything else is as good as its argument.
    """
    p = case.params
    rules: dict[str, Callable[[], Tensor | float]] = {
        "sigmoid": lambda: d * (p["slope"] * x).abs(),
        "tanh": lambda: d * (2 * p["slope"] * x).abs(),
        # Three roundings of the exponent: of x - 1, of the factor, of the product.
        "spike_rate_escape": lambda: 1.5 * d * (p["beta"] * (x - 1)).abs(),
        "piecewise_linear": lambda: p["dampening"] * (p["slope"] * x).abs(),
        "custom_surrogate": lambda: 1.0,
    }
    if case.spec.traits.stochastic:
        return torch.full_like(d, p["variance"] * (1 + abs(p["mean"])))
    amount = rules.get(case.spec.name, lambda: 0.0)()
    return torch.where(d.isfinite(), torch.as_tensor(amount), 0.0).nan_to_num(0).expand(d.shape)


def bound(case: Surrogate, x: Tensor, d: Tensor, dtype: torch.dtype) -> Tensor:
    """4 ulp, and the argument's own rounding, of the float64 ``d``; below the normal numbers, one of those."""
    smallest = torch.finfo(dtype).smallest_normal
    if case.spec.name == "sigmoid":  # slope*s(1 - s), where it is s that is no normal number
        smallest *= max(1.0, case.params["slope"])
    return EPS[dtype] * (4 * d.abs() + rounding(case, x, d)) + smallest


def dense() -> Tensor:
    """0, both signs of every magnitude of float32, and much around the threshold and 1."""
    near = torch.linspace(-8, 8, 20_003)
    tails = torch.logspace(-44, 38.5, 5_000, dtype=torch.float64).float()
    return torch.cat([torch.zeros(1), near, 1 + near * 1e-3, tails, -tails]).unique()


def kinks(case: Surrogate) -> list[float]:
    """Where the derivative is declared not to be smooth."""
    return [float(eval(kink, {"__builtins__": {}}, case.params)) for kink in case.spec.traits.kinks]


def off_the_kinks(case: Surrogate, x: Tensor, distance: float = 0.0) -> Tensor:
    """``x`` without the points at which rounding a kink to float32, or a step of ``distance``, changes sides."""
    for kink in kinks(case):
        x = x[(x.double() - kink).abs() > distance + abs(kink) * EPS[torch.float32]]
    return x


@pytest.fixture(autouse=True)
def _fixed_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """U in every dtype the same numbers, which float16 can hold."""

    def rand_like(x: Tensor) -> Tensor:
        return (torch.arange(x.numel()) * 37 % 256 / 256).to(x).reshape(x.shape)

    monkeypatch.setattr(torch, "rand_like", rand_like)


@each_case
def test_float32_is_float64_to_4_ulp(case: Surrogate) -> None:
    x = off_the_kinks(case, dense())
    exact = case.derivative(x.double())
    found = case.derivative(x)
    assert found.dtype is torch.float32
    assert_within(found, exact, bound(case, x.double(), exact, torch.float32))


@each_case
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_every_half_precision_number_is_rounded_once(case: Surrogate, dtype: torch.dtype) -> None:
    x = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    x = off_the_kinks(case, x[x.isfinite()])
    exact = case.derivative(x.double())
    known = exact.abs() < 0.99 * torch.finfo(dtype).max
    once = 0.5 * EPS[dtype] * exact.abs().clamp(min=torch.finfo(dtype).smallest_normal)
    for found in (case.derivative(x), gradient(case, x)):
        assert found.dtype is dtype
        assert_within(found[known], exact[known], (once + bound(case, x.double(), exact, torch.float32))[known])
    assert torch.equal(case.derivative(x), case.derivative(x.float()).to(dtype))


@each_case
@pytest.mark.parametrize("dtype", EPS, ids=str)
def test_finite_over_the_whole_range(case: Surrogate, dtype: torch.dtype) -> None:
    info = torch.finfo(dtype)
    x = torch.logspace(math.log2(info.tiny), math.log2(info.max), 3_001, 2, dtype=torch.float64).to(dtype)
    x = torch.cat([x, x.new_tensor([0, info.tiny * info.eps, info.max, *kinks(case)])])
    x = torch.cat([x, -x])
    assert case.derivative(x).isfinite().all()
    assert gradient(case, x).isfinite().all()
    infinite = x.new_tensor([math.inf, -math.inf])
    assert gradient(case, infinite).isfinite().all()
    assert case(infinite).tolist() == [1, 0]


@pytest.mark.parametrize("case", [case for case in CASES if case.spec.kernel], ids=repr)
def test_the_kernel_is_the_derivative_times_the_upstream_gradient(case: Surrogate) -> None:
    kernel = case.spec.resolve("kernel")
    assert kernel is not None
    for dtype in (torch.float32, torch.float64):
        x = dense().to(dtype)
        grad = torch.linspace(-3, 3, len(x), dtype=dtype)
        values = list(case.params.values())
        for upstream in (grad, grad[:1].expand(len(x))):
            before = [x.clone(), upstream.clone()]
            versions = [x._version, upstream._version]
            found = kernel((x > 0).to(dtype) if case.spec.traits.reads == "sign" else x, upstream, *values)
            assert [x._version, upstream._version] == versions
            assert torch.equal(x, before[0])
            assert torch.equal(upstream, before[1])
            exact, size = case.derivative(x.double()), upstream.double().abs()
            off = off_the_kinks(case, x)
            near = bound(case, x.double(), exact, dtype) * size + torch.finfo(dtype).smallest_normal
            same = torch.isin(x, off)
            assert_within(found[same], (exact * upstream.double())[same], near[same])


@pytest.mark.parametrize("case", [case for case in CASES if case.spec.primitive], ids=repr)
def test_the_primitive_has_this_derivative(case: Surrogate) -> None:
    step = 2.0**-18
    x = off_the_kinks(case, torch.linspace(-5, 5, 20_003, dtype=torch.float64), distance=2 * step)
    d = case.derivative(x)
    slope = (case.primitive(x + step) - case.primitive(x - step)) / (2 * step)
    torch.testing.assert_close(slope, d, rtol=1e-6, atol=1e-7 * d.max().item())
    assert d.max() > 1e-3


@pytest.mark.parametrize("case", [case for case in CASES if case.spec.name != "custom_surrogate"], ids=repr)
def test_the_formula_has_the_derivatives_values(case: Surrogate) -> None:
    spec = case.spec
    assert spec.formula is not None
    symbols = {name: sympy.Symbol(name, real=True) for name in ("x", "U", *case.params)}
    expression = sympy.sympify(spec.formula, locals=symbols)
    assert expression.free_symbols <= set(symbols.values())
    function = sympy.lambdify(list(symbols.values()), expression, "mpmath")
    tails = torch.logspace(-30, 30, 61, dtype=torch.float64)
    x = torch.cat([torch.linspace(-4, 4, 161, dtype=torch.float64), tails, -tails, torch.zeros(1)])
    noise = torch.rand_like(x)
    with mpmath.workdps(400):  # enough for 1 - tanh², which the formula writes
        arguments = [mpmath.mpf(value) for value in case.params.values()]
        exact = [
            float(function(mpmath.mpf(a), mpmath.mpf(u), *arguments))
            for a, u in zip(x.tolist(), noise.tolist(), strict=True)
        ]
    expected = torch.tensor(exact, dtype=torch.float64)
    assert_within(case.derivative(x), expected, bound(case, x, expected, torch.float64))


def both_sides() -> Tensor:
    x = torch.cat([dense().double(), torch.tensor([math.inf], dtype=torch.float64)])
    return x[x > 0]


@each_spec
def test_even_is_true_where_declared_and_false_where_denied(spec: SurrogateSpec) -> None:
    x = both_sides()
    agree = [torch.equal(s.derivative(x), s.derivative(-x)) for s in CASES if s.spec is spec]
    if spec.traits.even is not None:
        assert agree == [spec.traits.even] * len(agree)


@each_spec
def test_non_negative_is_true_where_declared_and_false_where_denied(spec: SurrogateSpec) -> None:
    x = both_sides()
    x = torch.cat([x, x.new_zeros(1), -x])
    lowest = [s.derivative(x).min().item() for s in CASES if s.spec is spec]
    if spec.traits.non_negative is not None:
        # Denied, it is shown to be wrong at the defaults; at others noise may lie above zero.
        assert all(low >= 0 for low in lowest) if spec.traits.non_negative else lowest[0] < 0


@each_case
def test_the_derivative_reads_no_more_than_declared(case: Surrogate) -> None:
    x = torch.cat([-both_sides(), torch.zeros(1), both_sides()])
    stand_ins = {"input": x, "sign": (x > 0).to(x.dtype), "nothing": torch.full_like(x, math.nan)}
    at = {reads: case.derivative(stand_in) for reads, stand_in in stand_ins.items()}
    assert torch.equal(at[case.spec.traits.reads], at["input"])


@each_spec
def test_fires_at_zero_is_as_declared(spec: SurrogateSpec) -> None:
    zeros = torch.tensor([0.0, -0.0, 2.0**-149, -(2.0**-149), math.nan])
    at_zero = float(spec.traits.fires_at_zero)
    assert spec(**REQUIRED.get(spec.name, {}))(zeros).tolist() == [at_zero, at_zero, 1, 0, 0]
    for value in (0, 1):
        assert spec(at_zero=value, **REQUIRED.get(spec.name, {}))(zeros).tolist() == [value, value, 1, 0, 0]


def test_a_normal_number_of_float32_is_where_these_bounds_begin() -> None:
    assert torch.finfo(torch.float32).smallest_normal == SMALLEST_NORMAL


AT_LIMITS = [
    (spec, p.name, value)
    for spec in SPECS
    for p in spec.parameters
    if p.type is float
    for value in (1e-18, 1e18, *((1e-320, 1e-300, 1e-46, 1e-40) if p.gt is None else ()))
]


@pytest.mark.parametrize(
    ("spec", "name", "value"), AT_LIMITS, ids=[f"{spec.name}-{name}-{value}" for spec, name, value in AT_LIMITS]
)
def test_values_at_the_limits_give_what_the_derivative_gives(spec: SurrogateSpec, name: str, value: float) -> None:
    case = spec(**{name: value})
    for dtype in EPS:
        x = torch.tensor([-2.0, -0.1, 0.0, 0.1, 2.0], dtype=dtype)
        torch.testing.assert_close(gradient(case, x), case.derivative(x))
