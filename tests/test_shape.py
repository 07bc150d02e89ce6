"""The computed shape of a derivative, against the same numbers on paper."""

import math

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import surroreg
from surroreg.shape import Shape, shape

INF = math.inf
LN2 = math.log(2)

#: name, parameters, and the shape: peak, its place, area, support, half-width, tail, Lipschitz constant.
ON_PAPER = [
    ("atan", {"alpha": 2.0}, (1, 0, 1, (-INF, INF), 1 / math.pi, 2, math.pi * 3 * math.sqrt(3) / 8)),
    ("fast_sigmoid", {"slope": 10.0}, (1, 0, 0.2, (-INF, INF), (math.sqrt(2) - 1) / 10, 2, 20)),
    ("sigmoid", {"slope": 4.0}, (1, 0, 1, (-INF, INF), math.acosh(math.sqrt(2)) / 2, INF, 16 / (6 * math.sqrt(3)))),
    ("tanh", {"slope": 1.0}, (1, 0, 2, (-INF, INF), math.acosh(math.sqrt(2)), INF, 4 / (3 * math.sqrt(3)))),
    ("piecewise_linear", {"slope": 2.0, "dampening": 0.3}, (0.3, 0, 0.15, (-0.5, 0.5), 0.25, INF, 0.6)),
    ("spike_rate_escape", {"beta": 2.0, "slope": 25.0}, (25, 1, 25, (-INF, INF), LN2 / 2, INF, 50)),
    ("sparse_fast_sigmoid", {"slope": 1.0, "B": 1.0}, (1 / 4, 1, 1 / 2, (1, INF), (math.sqrt(8) - 2) / 2, 2, INF)),
    ("heaviside", {}, (1, 0, INF, (0, INF), INF, 0, INF)),
    ("inverse_spike_operator", {"threshold": 2.0}, (1 / 2, 0, INF, (0, INF), 1, 1, INF)),
    ("leaky_spike_operator", {"slope": 0.1}, (1, 0, INF, (-INF, INF), INF, 0, INF)),
    ("straight_through_estimator", {}, (1, 0, INF, (-INF, INF), INF, 0, 0)),
    ("triangular", {"threshold": 3.0}, (3, 0, INF, (-INF, INF), INF, 0, INF)),
]


def measured(name, **params):
    surrogate = surroreg.load(name, **params)
    return shape(surrogate.spec, surrogate.params)


@pytest.mark.parametrize(("name", "params", "numbers"), ON_PAPER, ids=[row[0] for row in ON_PAPER])
def test_shape_is_that_on_paper(name, params, numbers):
    actual, expected = measured(name, **params), Shape(*numbers)
    assert actual.support == pytest.approx(expected.support, rel=1e-12, abs=1e-15)
    assert actual.lipschitz == pytest.approx(expected.lipschitz, rel=1e-5)
    for part in ("peak", "peak_at", "area", "half_width", "tail"):
        assert getattr(actual, part) == pytest.approx(getattr(expected, part), rel=1e-12, abs=1e-15), part


def test_every_builtin_with_a_fixed_derivative_is_on_paper():
    rest = set(surroreg.names(namespace="builtin")) - {row[0] for row in ON_PAPER}
    assert rest == {"custom_surrogate", "inverse_stochastic_spike_operator", "stochastic_spike_operator"}


@pytest.mark.parametrize("beta", [1e2, 1e3, 1e5])
def test_narrow_bump_away_from_zero_is_measured_whole(beta):
    actual = measured("spike_rate_escape", beta=beta, slope=25.0)
    assert (actual.peak, actual.peak_at) == (25, 1)
    assert actual.area == pytest.approx(50 / beta, rel=1e-12)
    assert actual.half_width == pytest.approx(LN2 / beta, rel=1e-9)


@pytest.mark.parametrize("alpha", [1e2, 1e6])
def test_narrow_smooth_bump_that_was_shifted_is_measured_whole(alpha):
    actual = measured("atan", alpha=alpha, shift=0.7)
    assert (actual.peak, actual.peak_at, actual.area) == pytest.approx((alpha / 2, 0.7, 1), rel=1e-11)


@given(slope=st.floats(1e-4, 1e6), scale=st.floats(1e-3, 1e3), shift=st.floats(-2, 2))
@example(slope=1e-4, scale=1e-3, shift=-2.0)
@example(slope=1e6, scale=1e3, shift=2.0)
@example(slope=0.00010000000000000002, scale=1.0, shift=4.1347764711139325e-09)
def test_scaled_and_shifted_triangle_has_the_shape_on_paper(slope, scale, shift):
    moved = measured("piecewise_linear", slope=slope, scale=scale, shift=shift)
    # Without scale and shift: a triangle of height 1 that ends at 1/slope on both sides.
    assert moved.peak == pytest.approx(scale, rel=1e-9)
    assert moved.area == pytest.approx(scale / slope, rel=1e-9)
    assert moved.peak_at == pytest.approx(shift, abs=1e-9)
    assert moved.half_width == pytest.approx(1 / (2 * slope), rel=1e-6, abs=1e-12)
    assert moved.support == pytest.approx((shift - 1 / slope, shift + 1 / slope), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("power", [1.5, 3.0, 4.0])
def test_tail_is_the_power_by_which_it_falls(power):
    @surroreg.surrogate(formula="(1 + x**2)**(-p/2)", parameters=[surroreg.Parameter("p", 3.0, gt=0, doc="Power.")])
    def heavy(x, p):
        """A power."""
        return (1 + x.square()).pow(-p / 2)

    assert shape(heavy, {"p": power}).tail == pytest.approx(power, rel=1e-6)


def test_peak_off_centre_between_sampled_places_is_measured():
    @surroreg.surrogate(formula="exp(-(x - 1/3)**2)")
    def off_centre(x):
        """A Gaussian around a third."""
        return (-(x - 1 / 3).square()).exp()

    actual = shape(off_centre, {})
    assert (actual.peak, actual.area) == (pytest.approx(1, rel=1e-12), pytest.approx(math.sqrt(math.pi), rel=1e-12))
    assert actual.peak_at == pytest.approx(1 / 3, rel=1e-6)
    assert actual.half_width == pytest.approx(math.sqrt(LN2), rel=1e-6)


def test_tensor_of_one_value_is_a_number_here():
    assert shape(surroreg.spec("atan"), {"alpha": torch.tensor([2.0])}) == measured("atan")


def test_random_derivative_has_no_shape():
    with pytest.raises(surroreg.ParameterError, match="draws its derivative at random"):
        measured("stochastic_spike_operator")
