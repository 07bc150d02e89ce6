"""The lines that are drawn: where from, where to, where broken, and at which values."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import surroreg
from surroreg import formula
from surroreg.drawing import curve
from surroreg.drawing.text import as_text
from surroreg.shape import shape


def points(drawn):
    return [point for line in drawn.lines for point in line]


def ends(drawn):
    """Where one line ends and the next begins."""
    return [(left[-1].x, right[0].x) for left, right in itertools.pairwise(drawn.lines)]


def own(function, **more):
    return surroreg.SurrogateSpec(name="own", derivative=function, **more)


def test_formula_of_a_spec_is_drawn_as_the_surrogate_computes(name, loaded):
    spec = surroreg.spec(name)
    if spec.formula is None or spec.traits.stochastic:
        pytest.skip("no formula to compare, or one that draws")
    drawn = points(curve.of(spec))
    computed = loaded.derivative(torch.tensor([point.x for point in drawn], dtype=torch.float64))
    assert [point.y for point in drawn] == pytest.approx(computed.tolist(), rel=1e-9, abs=1e-12)


def test_curve_window_contains_the_peak_and_its_surroundings(name, loaded):
    spec = surroreg.spec(name)
    if spec.traits.stochastic:
        pytest.skip("its shape is not defined")
    known, drawn = shape(spec, loaded.params), curve.of(loaded)
    heights = [abs(point.y) for point in points(drawn)]
    assert max(heights) == pytest.approx(known.peak, rel=1e-3)
    for end in (*known.support, known.peak_at - known.half_width, known.peak_at + known.half_width):
        if math.isfinite(end):
            assert drawn.low <= end <= drawn.high
    assert all(drawn.low < place < drawn.high for place in (0.0, known.peak_at, *formula.kinks(spec, loaded.params)))
    # Nor is it lost in a picture that is far too wide.
    if math.isfinite(known.half_width):
        assert drawn.high - drawn.low <= 40 * max(known.half_width, abs(known.peak_at))


def test_every_line_is_finite_and_goes_from_left_to_right(name, loaded):
    drawn = curve.of(loaded)
    assert drawn.lines
    for line in drawn.lines:
        assert all(left.x < right.x for left, right in itertools.pairwise(line))
        assert all(math.isfinite(value) for point in line for value in point)
        assert drawn.low <= line[0].x
        assert line[-1].x <= drawn.high


@pytest.mark.parametrize(
    ("asked", "jumps"),
    [
        ("atan", []),
        ("fast_sigmoid", []),
        ("piecewise_linear", []),
        ("spike_rate_escape", []),
        ("straight_through_estimator", []),
        ("heaviside", [0]),
        ("triangular", [0]),
        ("sparse_fast_sigmoid", [1]),
        ("zoo/box", [-0.5, 0.5]),
        ("zoo/windowed_heaviside", [-0.5]),
        ("zoo/periodic_exponential", []),
    ],
)
def test_lines_are_broken_at_the_jumps_of_the_derivative_only(asked, jumps):
    for drawn in (curve.of(surroreg.spec(asked)), curve.of(surroreg.load(asked))):
        assert len(drawn.lines) == len(jumps) + 1
        for (left, right), jump in zip(ends(drawn), jumps, strict=True):
            assert left == pytest.approx(jump, abs=1e-12)
            assert right == pytest.approx(jump, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(width=st.floats(1e-4, 1e2), scale=st.floats(1e-3, 1e3), shift=st.floats(-3, 3))
def test_undeclared_jumps_of_any_size_and_place_are_drawn(width, scale, shift):
    box = own(lambda x: ((x - shift).abs() < width) * scale)
    drawn = curve.of(box(), (shift - 2.1 * width, shift + 2.1 * width))
    assert len(drawn.lines) == 3
    for (left, right), jump in zip(ends(drawn), (shift - width, shift + width), strict=True):
        assert left == pytest.approx(jump, rel=1e-9, abs=1e-12)
        assert right == pytest.approx(jump, rel=1e-9, abs=1e-12)
    assert {round(point.y / scale, 6) for point in points(drawn)} == {0, 1}


@settings(max_examples=15, deadline=None)
@given(slope=st.floats(1e-2, 1e4), shift=st.floats(-100, 100))
def test_narrow_bump_that_is_shifted_far_is_drawn(slope, shift):
    drawn = curve.of(surroreg.load("sigmoid", slope=slope, shift=shift))
    top = max(points(drawn), key=lambda point: point.y)
    assert top.y == pytest.approx(slope / 4, rel=1e-6)  # of the logistic function
    assert top.x == pytest.approx(shift, abs=1e-6 + 1e-3 / slope)
    assert drawn.low < 0 < drawn.high


def test_black_box_is_drawn_by_its_gradient():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snntorch = pytest.importorskip("snntorch", reason="the black box comes from snnTorch")
    theirs = surroreg.SurrogateSpec(name="theirs", factory=lambda: snntorch.surrogate.atan(alpha=2.0))
    drawn = points(curve.of(theirs()))
    # The Cauchy density that is the derivative of arctan(pi*x)/pi.
    expected = [1 / (1 + (math.pi * point.x) ** 2) for point in drawn]
    assert [point.y for point in drawn] == pytest.approx(expected, rel=1e-5)


def test_random_derivative_is_drawn_as_mean_within_extremes():
    for drawn in (
        curve.of(surroreg.load("stochastic_spike_operator")),
        curve.of(surroreg.spec("stochastic_spike_operator")),
    ):
        below, above = drawn.lines
        # Uniform noise of width 0.2 around 0 below the threshold, 1 above.
        assert drawn.random
        assert {(point.y, point.lowest, point.highest) for point in above if point.x > 0} == {(1, 1, 1)}
        for point in below:
            assert (point.y, point.lowest, point.highest) == pytest.approx((0, -0.1, 0.1), abs=1e-12)


def test_random_curve_without_formula_samples_and_restores_rng():
    noisy = own(lambda x: torch.rand_like(x) * 2 + 3, traits=surroreg.Traits(stochastic=True))()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    drawn = points(curve.of(noisy))
    assert torch.equal(torch.get_rng_state(), before)
    for point in drawn:
        assert point.y == pytest.approx(4, abs=0.1)
        assert 3 <= point.lowest < 3.05
        assert 4.95 < point.highest <= 5


def test_poles_and_undefined_stretches_leave_gaps():
    pole = curve.of(own(lambda x: 1 / x.abs(), formula="1/Abs(x)"))
    assert 0.0 not in {point.x for point in points(pole)}
    undefined = curve.of(own(lambda x: x.sqrt())())
    assert all(point.x >= 0 for point in points(undefined))
    assert undefined.low < 0
    for drawn in (pole, undefined):
        assert all(math.isfinite(point.y) for point in points(drawn))


def test_stretch_without_values_is_not_bridged():
    drawn = curve.of(own(lambda x: (x.square() - 1).sqrt())(), (-3, 3))
    assert [(round(line[0].x, 1), round(line[-1].x, 1)) for line in drawn.lines] == [(-3, -1), (1, 3)]


def test_narrow_bump_is_not_lost_in_a_wide_window():
    bump = own(lambda x: (-((x - 3) / 0.05).square()).exp())()
    for window in (None, (-50, 50)):
        assert curve.of(bump, window).top == pytest.approx(1, rel=1e-2)
    kink = surroreg.load("spike_rate_escape", beta=1000)
    assert curve.of(kink).top == pytest.approx(25)
    assert sum(point.y > 12.5 for point in points(curve.of(kink))) > 5


@pytest.mark.parametrize("constant", [0.0, -2.0, math.nan, math.inf, 1e308, 1e-300])
def test_any_constant_can_be_drawn(constant):
    drawn = curve.of(own(lambda x: torch.full_like(x, constant))())
    assert drawn.low < 0 < drawn.high
    assert " 0 " in as_text(own(lambda x: torch.full_like(x, constant))()).splitlines()[-1]
    assert {point.y for point in points(drawn)} <= {constant}


def test_learnable_parameter_is_drawn_at_its_value():
    learnt = surroreg.load("sigmoid", slope=torch.nn.Parameter(torch.tensor([8.0])))
    assert curve.of(learnt) == curve.of(surroreg.load("sigmoid", slope=8.0))
    assert learnt.slope.grad is None


def test_several_values_of_a_parameter_are_no_single_curve():
    with pytest.raises(surroreg.ParameterError, match="'slope' holds 3 values"):
        curve.of(surroreg.load("sigmoid", slope=torch.tensor([1.0, 2.0, 3.0])))


def test_spec_with_a_required_parameter_says_what_it_needs():
    with pytest.raises(surroreg.ParameterError, match="custom_surrogate_function"):
        curve.of(surroreg.spec("custom_surrogate"))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_curves_are_drawn_in_any_mode_of_the_caller(mode):
    black_box = surroreg.SurrogateSpec(name="own", factory=lambda: surroreg.load("atan"))()
    with mode():
        drawn = curve.of(black_box)
    assert drawn.top == pytest.approx(1)


def test_formulas_of_the_built_ins_are_drawn_without_torch():
    code = (
        "import sys, surroreg; from surroreg.drawing.text import as_text\n"
        "for name in surroreg.names(namespace='builtin'):\n"
        "    spec = surroreg.spec(name)\n"
        "    if spec.formula: as_text(spec), spec._repr_html_()\n"
        "from surroreg.cli import main; main(['show', 'atan'])\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
