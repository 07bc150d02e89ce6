"""The page computes the registry's numbers, at the defaults and along the sliders."""

from __future__ import annotations

import itertools
import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import surroreg
from surroreg import formula, shape
from surroreg.explorer.sliders import slider
from surroreg.specs.parameters import SCALE, SHIFT, Parameter

POINTS = [0.0, *(side * place for side in (1, -1) for place in (1e-9, 1e-3, 0.04, 0.3, 0.77, 1.0, 1.9, 3.1, 7.7, 40.0))]
COMPUTE = "([place, values, points]) => { const c = new Curve(place, values); return points.map((x) => c.at(x)); }"
MEASURE = """([place, values]) => {
  const curve = new Curve(place, values);
  return { ...curve.peak, area: String(curve.area) };
}"""
SWEEP = """() => DATA.surrogates.map(({ name, parameters }, place) => {
  const moved = (p) => [0.1, 0.4, 0.7].map((share) => valueAt(p, Math.round(share * p.slider.steps)));
  return [place, name, parameters.map((p) => [p.name, p.value, moved(p)])];
})"""


@pytest.fixture(scope="module")
def tab(open_once):
    return open_once()


def computed(tab, code, argument=None):
    """Call a function of the page. Numbers travel as JSON in a text, as playwright is slow to check each of them."""
    text = tab.evaluate(f"(text) => JSON.stringify(({code})(JSON.parse(text)))", json.dumps(argument))
    return json.loads(text)


def offered(tab) -> dict[str, dict]:
    return {offer["name"]: offer for offer in computed(tab, "() => DATA.surrogates")}


def settings(tab) -> list[tuple[int, str, dict[str, float]]]:
    """Each surrogate at its defaults, and with each parameter moved along its slider."""
    rows = []
    for place, name, parameters in computed(tab, SWEEP):
        defaults = {parameter: value for parameter, value, _ in parameters}
        rows.append((place, name, defaults))
        rows += [(place, name, {**defaults, key: value}) for key, _, moved in parameters for value in moved]
    return rows


def close(ours: float, theirs: float, peak: float) -> bool:
    # Where a derivative crosses zero, what is left of its terms has fewer digits in any double precision.
    return abs(ours - theirs) <= 1e-9 * abs(theirs) + 1e-12 * peak * (abs(theirs) < 1e-3 * peak) + 1e-300


def test_every_surrogate_with_a_formula_is_offered(tab):
    with_formula = {name for name in surroreg.names() if surroreg.spec(name).formula is not None}
    assert set(offered(tab)) == with_formula
    assert [omission["name"] for omission in computed(tab, "() => DATA.omitted")] == ["custom_surrogate"]


def test_derivative_is_the_formula_to_nine_digits(tab):
    for place, name, params in settings(tab):
        if params["scale"] != 1 or params["shift"] != 0:
            continue
        spec = surroreg.spec(name)
        points = POINTS + formula.kinks(spec, params)
        exact = formula.values(spec, points, params, noise=0.5)
        peak = max(map(abs, exact))
        numbers = computed(tab, COMPUTE, [place, list(params.values()), points])
        for x, ours, theirs in zip(points, numbers, exact, strict=True):
            assert close(ours, theirs, peak), (name, params, x, ours, theirs)


def test_derivative_is_torchs_when_scaled_and_shifted(tab):
    x = torch.cat([torch.linspace(-6, 6, 301, dtype=torch.float64), torch.tensor(POINTS, dtype=torch.float64)])
    for place, name, params in settings(tab):
        if surroreg.spec(name).traits.stochastic:
            continue
        params = {**params, "scale": params["scale"] * 1.5, "shift": params["shift"] + 0.3}
        exact = surroreg.load(name, **params).derivative(x)
        numbers = computed(tab, COMPUTE, [place, list(params.values()), x.tolist()])
        for at, ours, theirs in zip(x.tolist(), numbers, exact.tolist(), strict=True):
            assert close(ours, theirs, float(exact.abs().max())), (name, params, at, ours, theirs)


def test_peak_place_and_area_are_those_of_the_registry(tab):
    for place, name, params in settings(tab):
        spec = surroreg.spec(name)
        own = {p.name: params[p.name] for p in spec.parameters}
        moved = {**own, "scale": params["scale"] * 3, "shift": params["shift"] - 0.7}
        # The first has no peak, and the second a test of its own.
        if spec.traits.stochastic or name == "spike_rate_escape" or params["scale"] != 1 or params["shift"] != 0:
            continue
        measured = computed(tab, MEASURE, [place, list(moved.values())])
        assert measured["height"] == pytest.approx(3 * shape.peak(spec, own), rel=1e-9), (name, own)
        assert float(measured["area"].lower()) == pytest.approx(3 * shape.area(spec, own), rel=1e-9), (name, own)
        beside = torch.tensor([measured["at"] - 1e-9, measured["at"], measured["at"] + 1e-9], dtype=torch.float64)
        heights = surroreg.load(name, **moved).derivative(beside).abs()
        assert float(heights.max()) == pytest.approx(measured["height"], rel=1e-6), (name, own)


@pytest.mark.parametrize("beta", [0.01, 1.0, 30.0, 1e3, 1e5])
def test_narrow_peak_away_from_zero_keeps_its_area(tab, beta):
    place = list(offered(tab)).index("spike_rate_escape")
    measured = computed(tab, MEASURE, [place, [beta, 25.0, 2.0, 3.0]])
    assert measured["height"] == pytest.approx(50, rel=1e-12)
    assert measured["at"] == 4
    assert float(measured["area"]) == pytest.approx(2 * 2 * 25 / beta, rel=1e-9)


def test_narrow_peak_is_drawn_to_its_top(tab):
    code = "([place, values]) => { const c = new Curve(place, values); return c.places(-5, 5).map((x) => c.at(x)); }"
    place = list(offered(tab)).index("fast_sigmoid")
    assert max(computed(tab, code, [place, [1e6, 1.0, 1.2345678]])) == 1


def test_integral_is_the_primitive_through_one_half(tab):
    code = """([place, values]) => {
      const curve = new Curve(place, values);
      const places = unique([...curve.places(-3, 3), 0]);
      return [places, curve.integral(places)];
    }"""
    for place, name, params in settings(tab):
        if surroreg.spec(name).primitive is None:
            continue
        surrogate = surroreg.load(name, **params)
        places, sums = computed(tab, code, [place, list(params.values())])
        x = torch.tensor(places, dtype=torch.float64)
        exact = surrogate.primitive(x) - surrogate.primitive(torch.zeros(1, dtype=torch.float64)) + 0.5
        size = float(exact.abs().max())
        assert torch.tensor(sums, dtype=torch.float64).sub(exact).abs().max() < 1e-6 * size, (name, params)


def test_slider_places_are_distinct_permitted_values(tab):
    code = """() => DATA.surrogates.map(({ parameters }) => parameters.map((p) => {
      const values = Array.from({ length: p.slider.steps + 1 }, (_, place) => valueAt(p, place));
      return values.map((value) => [value, placeOf(p, value)]);
    }))"""
    for (name, offer), sliders in zip(offered(tab).items(), computed(tab, code), strict=True):
        known = {p.name: p for p in (*surroreg.spec(name).parameters, SCALE, SHIFT)}
        for parameter, reached in zip(offer["parameters"], sliders, strict=True):
            values = [known[parameter["name"]].check(value) for value, _ in reached]
            assert all(low < high for low, high in itertools.pairwise(values))
            assert [place for _, place in reached] == list(range(len(values)))
            assert values[0] <= parameter["value"] <= values[-1]


@pytest.mark.parametrize("value", [1e-18, 1e-17, 1e17, 1e18])
@pytest.mark.parametrize("bounds", [{}, {"gt": 0}, {"ge": 0}])
def test_slider_of_an_extreme_value_stays_within_the_limits(value, bounds):
    parameter = Parameter("knob", value, **bounds)
    knob = slider(parameter, value)
    assert parameter.check(knob.low) <= value <= parameter.check(knob.high)
    assert knob.low < knob.high


BOUND = st.none() | st.floats(-100, 100)


@given(st.data(), st.sampled_from([float, int]), BOUND, BOUND, st.booleans(), st.booleans())
def test_slider_stays_within_all_bounds(data, kind, low, high, open_below, open_above):
    if low is not None and high is not None:
        low, high = min(low, high) - 1, max(low, high) + 1
    bounds = {"gt" if open_below else "ge": low, "lt" if open_above else "le": high}
    least, most = low if low is not None else -1e3, high if high is not None else 1e3
    if low is None and high is not None:
        least = high - 1e3
    if high is None and low is not None:
        most = low + 1e3
    if kind is int:
        value = data.draw(st.integers(math.floor(least) + 1, math.ceil(most) - 1))
    else:
        value = data.draw(st.floats(least + 1e-6, most - 1e-6))
    parameter = Parameter("knob", value, type=kind, **bounds)
    knob = slider(parameter, value)
    assert knob.low < knob.high or (kind is int and knob.steps == 0)
    assert parameter.check(knob.low) <= value <= parameter.check(knob.high)
    assert knob.zero is None or knob.zero < knob.low
