"""Sliders, numbers, buttons and addresses change what the page shows."""

from __future__ import annotations

import re

import pytest

import surroreg
from surroreg.formula import values
from surroreg.shape import shape
from tests.explorer.browsers import need_browser

need_browser()


def wait_for_address(tab, text: str) -> None:
    tab.wait_for_function("(text) => location.hash.includes(text)", arg=text)


def views(tab) -> list[str]:
    """Return every curve, line and peak on the page."""
    drawn = [path.get_attribute("d") for path in tab.locator("svg path").all()]
    return drawn + tab.locator(".load code").all_inner_texts() + tab.locator("output").all_inner_texts()


def test_page_opens_with_the_given_names_and_offers_all(opened):
    tab = opened("ATan", "zoo/gaussian")
    assert tab.locator(".card h2").all_inner_texts() == ["atan", "zoo/gaussian"]
    assert set(tab.locator("#pick option").all_inner_texts()) == set(surroreg.names()) - {"custom_surrogate"}
    assert "custom_surrogate: there is no formula" in tab.locator("#omitted-list").text_content()
    assert "1" in tab.locator("#omitted summary").inner_text()


def test_slider_moved_by_keys_moves_curve_peak_and_line(opened, card):
    tab = opened("atan")
    atan = card(tab)
    before = atan.path, atan.peak, atan.line
    assert atan.peak == shape(surroreg.spec("atan"), {"alpha": 2.0}).peak
    atan.slider("alpha").focus()
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    assert all(new != old for new, old in zip((atan.path, atan.peak, atan.line), before, strict=True))
    alpha = atan.loaded().alpha
    assert alpha > 2
    assert atan.peak == pytest.approx(shape(surroreg.spec("atan"), {"alpha": alpha}).peak, rel=1e-3)
    assert float(atan.number("alpha").input_value()) == alpha


def test_dragged_slider_moves_curve_peak_and_line(opened, card):
    tab = opened("fast_sigmoid", "sigmoid")
    moved, still = card(tab, 1), card(tab, 0)
    before, other = (moved.path, moved.peak, moved.line), (still.path, still.line)
    box = moved.slider("slope").bounding_box()
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.7, y, steps=6)
    assert all(new != old for new, old in zip((moved.path, moved.peak, moved.line), before, strict=True))
    tab.mouse.up()
    slope = moved.loaded().slope
    assert slope > 25
    assert moved.peak == pytest.approx(slope / 4, rel=1e-3)
    assert still.line == other[1]


def test_line_is_the_repr_of_the_surrogate_that_it_loads(opened, card):
    tab = opened("spike_rate_escape", "zoo/square_wave_fourier", "heaviside")
    for place, params in enumerate([{"beta": 0.3, "scale": 2}, {"terms": 3, "scale": 0.001, "shift": -0.5}, {}]):
        shown = card(tab, place)
        for name, value in params.items():
            shown.number(name).fill(str(value))
        surrogate = shown.loaded()
        # The zoo is not installed, so its surrogates have another name in their repr.
        assert repr(surrogate).partition(",")[2] == shown.line.partition(",")[2]
        assert {name: surrogate.params[name] for name in params} == params


def test_curve_is_the_derivative_of_the_surrogate_in_the_line(opened, card):
    tab = opened("zoo/circular", hash="#show=zoo/circular,width=0.4,scale=3&x=2")
    shown = card(tab)
    points = [tuple(map(float, pair.split())) for pair in re.split("[ML]", shown.path)[1:]]
    box = tab.evaluate(
        "(() => { const b = document.querySelector('#backward clipPath rect').getBBox();"
        " return [b.x, b.y, b.width, b.height]; })()"
    )
    surrogate = shown.loaded()
    xs = [(across - box[0]) / box[2] * 4 - 2 for across, _ in points]
    exact = values(surrogate.spec, xs, surrogate.params)
    top = max(exact)
    assert top == pytest.approx(shown.peak)
    highest = min(up for _, up in points)
    for (_, up), y in zip(points, exact, strict=True):
        drawn = (box[1] + box[3] - up) / (box[1] + box[3] - highest)
        assert drawn == pytest.approx(y / top, abs=0.01)


def test_copy_button_copies_the_line(opened, card):
    tab = opened("atan")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card(tab).slider("alpha").press("End")
    tab.get_by_role("button", name="Copy the line that loads atan").click()
    tab.get_by_text("Copied.").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == card(tab).line == "surroreg.load('atan', alpha=200.0)"


def test_refused_copy_selects_the_line(opened, card):
    tab = opened("atan")
    tab.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    tab.get_by_role("button", name="Copy the line").click()
    tab.get_by_text("Selected").wait_for()
    assert tab.evaluate("getSelection().toString()") == card(tab).line


def test_address_restores_the_view_in_another_tab(opened, card):
    tab = opened("atan", "zoo/box")
    card(tab).slider("alpha").press("PageUp")
    card(tab, 1).number("shift").fill("-0.25")
    card(tab, 1).number("scale").fill("1.7")
    tab.get_by_label("integrals").check()
    tab.get_by_label("logarithmic").check()
    tab.get_by_label("Range").press("Home")
    tab.get_by_label("Surrogate", exact=True).select_option("tanh")
    tab.get_by_role("button", name="Add").click()
    wait_for_address(tab, "tanh")
    hash = tab.evaluate("location.hash")
    other = opened(hash=hash)
    assert views(other) == views(tab)
    assert other.get_by_label("integrals").is_checked()
    assert other.get_by_label("Range").input_value() == "0"
    assert other.evaluate("location.hash") == hash


def test_back_and_forward_walk_through_the_views(opened, card):
    tab = opened("atan")
    first = views(tab)
    slider = card(tab).slider("alpha")
    for _ in range(3):  # one entry in the history, however long it takes
        slider.press("ArrowRight")
        wait_for_address(tab, f"alpha={card(tab).loaded().alpha}")
    second = views(tab)
    tab.get_by_label("integrals").check()
    wait_for_address(tab, "integral")
    third = views(tab)
    for step, expected in [("go_back", second), ("go_back", first), ("go_forward", second), ("go_forward", third)]:
        getattr(tab, step)()
        tab.wait_for_function(
            "(count) => document.querySelectorAll('svg path').length === count",
            arg=len([part for part in expected if part.startswith("M")]),
        )
        tab.wait_for_function(
            "(line) => document.querySelector('.load code').textContent === line",
            arg=next(part for part in expected if part.startswith("surroreg")),
        )
        assert views(tab) == expected


def test_wrong_parts_of_a_link_are_left_out_and_reported(opened, card):
    tab = opened(hash="#show=atan,alpha=-3,beta=1,alpha;nope;tanh,slope=2&x=-1")
    assert tab.locator(".card h2").all_inner_texts() == ["atan", "tanh"]
    assert card(tab).loaded().alpha == 2.0
    assert card(tab, 1).loaded().slope == 2.0
    message = tab.locator("#strange").inner_text()
    for part in ("alpha must be > 0", "atan has no beta", "there is no nope"):
        assert part in message


@pytest.mark.parametrize(
    ("name", "parameter", "value", "message"),
    [
        ("atan", "alpha", "0", "alpha must be > 0"),
        ("atan", "alpha", "1e19", "alpha must be >= 1e-18 and <= 1e+18"),
        ("atan", "alpha", "1e-19", "alpha must be >= 1e-18 and <= 1e+18"),
        ("atan", "alpha", "", "takes a number"),
        ("zoo/square_wave_fourier", "terms", "1.5", "whole number"),
        ("zoo/square_wave_fourier", "terms", "0", ">= 1"),
    ],
)
def test_number_that_python_refuses_is_refused_by_the_page(opened, card, name, parameter, value, message):
    tab = opened(name)
    before = views(tab)
    number = card(tab).number(parameter)
    number.fill(value)
    assert message in card(tab).node.locator(".error:not(:empty)").inner_text()
    assert number.get_attribute("aria-invalid") == "true"
    assert views(tab) == before
    number.blur()
    assert number.get_attribute("aria-invalid") == "false"
    assert number.input_value() in card(tab).line or f"{number.input_value()}.0" in card(tab).line


def test_number_beyond_the_slider_is_accepted(opened, card):
    tab = opened("atan")
    card(tab).number("alpha").fill("12345.678")
    assert card(tab).loaded().alpha == 12345.678
    assert card(tab).slider("alpha").input_value() == card(tab).slider("alpha").get_attribute("max")


def test_surrogate_can_be_compared_with_itself(opened, card):
    tab = opened("sigmoid")
    tab.get_by_label("Surrogate", exact=True).select_option("sigmoid")
    tab.get_by_role("button", name="Add").click()
    card(tab, 1).number("slope").fill("5")
    assert card(tab, 0).loaded().slope == 25
    assert card(tab, 1).loaded().slope == 5
    assert card(tab, 0).path != card(tab, 1).path


def test_seventh_surrogate_waits_for_a_removal(opened):
    tab = opened("atan", "tanh", "sigmoid", "heaviside", "triangular", "zoo/box")
    add = tab.get_by_role("button", name="Add")
    assert add.is_disabled()
    assert tab.get_by_text("No more can be told apart").is_visible()
    looks = tab.evaluate(
        "[...document.querySelectorAll('#backward path')].map((line) => {"
        " const { stroke, strokeDasharray } = getComputedStyle(line); return [stroke, strokeDasharray]; })"
    )
    assert len({stroke for stroke, _ in looks}) == len({dashes for _, dashes in looks}) == 6
    tab.get_by_role("button", name="Remove sigmoid").click()
    assert add.is_enabled()
    assert tab.locator(".card h2").all_inner_texts() == ["atan", "tanh", "heaviside", "triangular", "zoo/box"]
    add.click()
    assert tab.locator(".card").count() == tab.locator("#backward path").count() == 6


def test_empty_page_says_that_nothing_is_shown(opened):
    tab = opened("atan")
    tab.get_by_role("button", name="Remove atan").click()
    assert tab.get_by_text("Nothing is shown").is_visible()
    assert tab.locator("#backward path").count() == 0
    wait_for_address(tab, "#show=&")
    assert opened(hash=tab.evaluate("location.hash")).locator(".card").count() == 0


def test_noise_is_drawn_at_its_mean_with_a_note(opened, card):
    tab = opened("stochastic_spike_operator")
    shown = card(tab)
    assert "at random" in shown.node.locator(".note").inner_text()
    shown.number("mean").fill("1.5")
    shown.number("variance").fill("0.4")
    assert tab.evaluate("shown[0].curve.at(-1)") == pytest.approx(0.6)


def test_logarithmic_axis_leaves_gaps_at_zero(opened, card):
    tab = opened("triangular")
    assert card(tab).path.count("M") == 1
    linear = card(tab).path
    tab.get_by_label("logarithmic").check()
    assert "NaN" not in card(tab).path
    assert 0 < len(card(tab).path) < len(linear)


def fires_at_zero(gain):
    return lambda x: (x >= 0).to(x.dtype)


def test_black_box_has_no_scale_or_shift_and_a_note(opened, card):
    gain = surroreg.Parameter("scale", 2.0, gt=0)
    spec = surroreg.SurrogateSpec(
        name="sealed",
        factory=lambda scale: fires_at_zero(scale),
        formula="scale*exp(-x**2)",
        parameters=(gain,),
        traits=surroreg.Traits(fires_at_zero=True),
    )
    surroreg.register(spec)
    tab = opened("local/sealed")
    shown = card(tab)
    assert shown.peak == 2
    assert shown.node.locator("input[type=range]").count() == 1
    assert "neither scale nor shift" in shown.node.inner_text()
    assert "Fires at exactly zero" in shown.node.inner_text()
    assert shown.line == "surroreg.load('local/sealed', scale=2.0)"
    filled = tab.locator("#forward circle.end")
    assert filled.count() == 1
    assert float(filled.get_attribute("cy")) < float(tab.locator("#forward circle.open").get_attribute("cy"))
