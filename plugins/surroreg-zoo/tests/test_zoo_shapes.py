"""Areas, primitives, ranges and kernels, and the relations of the shapes to each other and to the built-ins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import surroreg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from surroreg import Surrogate
from torch import Tensor

NAMES = [name.removeprefix("zoo/") for name in surroreg.names(namespace="zoo")]
SMOOTHED = [name for name in NAMES if surroreg.spec(f"zoo/{name}").primitive is not None]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]

each = pytest.mark.parametrize("name", NAMES)
each_smoothed = pytest.mark.parametrize("name", SMOOTHED)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)

WIDTH = st.floats(0.05, 20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["sigma", "width", "width_above", "half_width", "B", "beta", "period"], WIDTH),
    "alpha": st.floats(0.05, 10),
    "slope": st.floats(0.1, 50),
    "h": st.floats(0, 2),
    "s": st.floats(0.5, 10),
    "q": st.floats(1.05, 8),
    "leak": st.floats(0, 1),
    "window": st.floats(0, 5),
    "terms": st.integers(1, 8),
}


@st.composite
def loaded(draw: st.DrawFn, name: str) -> Surrogate:
    """A surrogate with any values of its parameters."""
    spec = surroreg.spec(f"zoo/{name}")
    return surroreg.load(f"zoo/{name}", **{p.name: draw(VALUES[p.name]) for p in spec.parameters})


def load(name: str, **params: Any) -> Surrogate:
    return surroreg.load(f"zoo/{name}", **params)


def gradient(spike: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(spike(leaf).sum(), leaf)
    return found


def f64(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


# -- primitives ----------------------------------------------------------------------------------------------------


@each_smoothed
@given(data=st.data(), low=st.floats(-12, 12), high=st.floats(-12, 12))
@settings(deadline=None, max_examples=20)
def test_the_primitive_rises_by_the_integral_of_the_derivative(
    name: str, data: st.DataObject, low: float, high: float
) -> None:
    s = data.draw(loaded(name))
    edges = torch.linspace(low, high, 100_001, dtype=torch.float64)
    slopes = s.derivative((edges[1:] + edges[:-1]) / 2)
    step = (high - low) / 100_000
    rise = s.primitive(f64(high)) - s.primitive(f64(low))
    # An edge of the derivative within a step costs at most that step.
    highest = float(torch.cat([slopes, s.derivative(edges)]).abs().max())
    assert abs(float(rise - slopes.sum() * step)) <= 2.1 * highest * abs(step) + 1e-6


AREAS: dict[str, Callable[..., float]] = {
    "box": lambda width: 1,
    "circular": lambda width: 1,
    "exponential": lambda width: 1,
    "gaussian": lambda sigma: 1,
    "multi_gaussian": lambda sigma, h, s: 1 - h,
    "q_pseudo_spike": lambda q, width: width,
    "soft_sign": lambda slope: 1,
}


@pytest.mark.parametrize("name", AREAS)
@given(data=st.data())
@settings(deadline=None)
def test_primitive_of_finite_area_steps_from_zero_to_area(name: str, data: st.DataObject) -> None:
    s = data.draw(loaded(name))
    area = AREAS[name](**s.params)
    infinite = f64(-math.inf, math.inf)
    torch.testing.assert_close(s.primitive(infinite), f64(0, area), rtol=1e-12, atol=1e-12)


@each_smoothed
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_primitive_has_the_declared_slope_at_zero_and_kinks(name: str, data: st.DataObject) -> None:
    s = data.draw(loaded(name))
    places = f64(0.0, *surroreg.formula.kinks(s.spec, s.params))
    torch.testing.assert_close(gradient(s.primitive, places), s.derivative(places))


@pytest.mark.parametrize("name", ["circular", "exponential", "gaussian", "soft_sign"])
def test_the_low_end_of_a_step_keeps_its_digits(name: str) -> None:
    x = f64(-8.0)
    s = load(name)
    # The area beyond x is far below the last digit of 1.
    t = torch.linspace(0, 60, 400_001, dtype=torch.float64)
    beyond = torch.trapezoid(s.derivative(-8 - t.sinh()) * t.cosh(), t)
    torch.testing.assert_close(s.primitive(x), beyond.reshape(1), rtol=1e-5, atol=0)


# -- ranges --------------------------------------------------------------------------------------------------------


@each
@each_dtype
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_gradient_is_finite_over_the_range_of_the_dtype(name: str, dtype: torch.dtype, data: st.DataObject) -> None:
    info = torch.finfo(dtype)
    width = {torch.float16: 16, torch.float64: 64}.get(dtype, 32)
    drawn = data.draw(st.lists(st.floats(width=width, allow_nan=False), max_size=20))
    extremes = [0.0, info.tiny, info.tiny * info.eps, info.eps, 1.0, math.sqrt(info.max), info.max / 2, info.max]
    sizes = torch.tensor([*drawn, *extremes, math.inf], dtype=torch.float64).to(dtype)
    x = torch.cat([sizes, -sizes])
    s = data.draw(loaded(name))
    found = gradient(s, x)
    assert found.isfinite().all(), f"not at {x[~found.isfinite()].tolist()}, for {s}"
    assert s.derivative(x).isfinite().all()


@each
@each_dtype
def test_the_gradient_at_nan_is_nan(name: str, dtype: torch.dtype) -> None:
    # So many elements that vectorised code also has a remainder.
    s, x = load(name), torch.tensor([math.nan, 0.1, math.nan, 0.2, -0.3] * 21, dtype=dtype)
    for found in (gradient(s, x), s.derivative(x)):
        assert torch.equal(found.isnan(), x.isnan())


@each
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_kernel_is_derivative_times_upstream_gradient(name: str, data: st.DataObject) -> None:
    s = data.draw(loaded(name))
    numbers = st.floats(-30, 30) | st.floats(-1, 1) | st.floats(-1e300, 1e300)
    x = f64(*data.draw(st.lists(numbers, min_size=1, max_size=30)))
    upstream = torch.linspace(-2, 3, len(x), dtype=torch.float64)
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(s(leaf), leaf, upstream)
    want = upstream * s.derivative(x)
    torch.testing.assert_close(found, want, rtol=1e-11, atol=1e-13 * float(s.derivative(f64(0.0)).abs()) + 1e-13)


@each
def test_kernels_neither_write_to_nor_return_their_arguments(name: str) -> None:
    spec = surroreg.spec(f"zoo/{name}")
    kernel = spec.resolve("kernel")
    assert kernel is not None
    x, grad = torch.linspace(-3, 3, 101), torch.linspace(-1, 2, 101)
    before = x.clone(), grad.clone()
    result = kernel(x, grad, *(p.default for p in spec.parameters))
    assert torch.equal(x, before[0])
    assert torch.equal(grad, before[1])
    assert result.data_ptr() not in (x.data_ptr(), grad.data_ptr())


# -- what they are to each other, and to the built-ins -------------------------------------------------------------

X = torch.linspace(-4.013, 4.017, 804, dtype=torch.float64)


def same(found: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(found, want, rtol=1e-10, atol=1e-13)


@given(slope=st.floats(0.1, 50))
@settings(deadline=None)
def test_fast_sigmoid_relatives_differ_by_scale_and_window(slope: float) -> None:
    want = surroreg.load("fast_sigmoid", slope=slope).derivative(X)
    same(load("soft_sign", slope=slope).derivative(X), slope / 2 * want)
    same(load("q_pseudo_spike", q=2, width=2 / slope).derivative(X), want)
    same(load("windowed_fast_sigmoid", slope=slope, B=5).derivative(X), want)
    same(load("signed_log", slope=slope).derivative(X) ** 2, want)
    windowed = load("windowed_fast_sigmoid", slope=slope, B=0.5).derivative(X)
    assert torch.equal(windowed != 0, X.abs() < 0.5)


@given(beta=st.floats(0.1, 20), slope=st.floats(0.1, 50))
@settings(deadline=None)
def test_exponential_is_spike_rate_escape_moved_to_threshold(beta: float, slope: float) -> None:
    want = surroreg.load("spike_rate_escape", beta=beta, slope=slope).derivative(X + 1)
    same(2 * slope / beta * load("exponential", width=1 / beta).derivative(X), want)


@given(alpha=st.floats(0.1, 20))
@settings(deadline=None)
def test_s2nn_is_the_builtin_sigmoid_below_threshold(alpha: float) -> None:
    below = X[X < 0]
    same(load("s2nn", alpha=alpha).derivative(below), surroreg.load("sigmoid", slope=alpha).derivative(below))


@given(width=st.floats(0.05, 4))
@settings(deadline=None)
def test_shapes_meet_where_a_parameter_vanishes(width: float) -> None:
    same(
        load("piecewise_leaky_relu", half_width=width / 2, leak=0).derivative(X), load("box", width=width).derivative(X)
    )
    same(load("multi_gaussian", sigma=width, h=0).derivative(X), load("gaussian", sigma=width).derivative(X))
    same(load("windowed_heaviside", window=0).derivative(X), surroreg.load("heaviside").derivative(X))
    below = X[X < 0]
    exponential = 2 * width * load("exponential", width=width).derivative(below)
    same(load("periodic_exponential", width=width).derivative(below), exponential)


@given(width=st.floats(0.1, 4))
@settings(deadline=None)
def test_the_tails_of_a_high_power_are_exponential(width: float) -> None:
    want = (-2 * X.abs() / width).exp()
    torch.testing.assert_close(load("q_pseudo_spike", q=1e7, width=width).derivative(X), want, rtol=0, atol=1e-6)


@given(terms=st.integers(1, 8), period=st.floats(0.5, 20))
@settings(deadline=None)
def test_square_wave_repeats_and_changes_sign_half_way(terms: int, period: float) -> None:
    s = load("square_wave_fourier", terms=terms, period=period)
    want = s.derivative(X)
    bound = 1e-12 * terms**2 / period
    torch.testing.assert_close(s.derivative(X + period), want, rtol=0, atol=100 * bound)
    torch.testing.assert_close(s.derivative(X - period / 2), -want, rtol=0, atol=100 * bound)


def test_periodic_gradient_at_infinite_membrane_is_zero() -> None:
    for name in ("square_wave_fourier", "periodic_exponential"):
        x = f64(math.inf, -math.inf)
        assert torch.equal(load(name).derivative(x), f64(0, 0))
        assert torch.equal(gradient(load(name), x), f64(0, 0))


@given(width=st.floats(0.05, 2), period=st.floats(0.1, 3))
@settings(deadline=None)
def test_periodic_exponential_peaks_at_every_period(width: float, period: float) -> None:
    s = load("periodic_exponential", width_above=width, period=period)
    peaks = torch.arange(6, dtype=torch.float64) * period
    torch.testing.assert_close(s.derivative(peaks), torch.ones_like(peaks), rtol=0, atol=1e-12 / width)
    valleys = math.exp(-period / 2 / width)
    torch.testing.assert_close(s.derivative(peaks + period / 2), torch.full_like(peaks, valleys), rtol=1e-9, atol=0)
