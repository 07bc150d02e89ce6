"""The page is harmless, whole, the same every time, and usable by everyone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import surroreg
from surroreg.cli import main
from surroreg.explorer import page

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>\u2028'\"\\`${1}"


def offer(name="bell", **how):
    surroreg.register(surroreg.SurrogateSpec(name=name, derivative=lambda x: x, **how), namespace="acme")


def test_page_is_the_same_text_again():
    assert page() == page()
    assert page(["atan"]) == page(["ATan"]) != page()


def test_page_is_equal_in_all_processes_and_needs_no_torch():
    code = "import sys; from surroreg.explorer import page; print(page()); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    texts = {
        subprocess.check_output(command, env={"SURROREG_PLUGINS": "", "PATH": "", "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_importable_surrogate_is_shown_and_loads(opened, card, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "plugins" / "surroreg-template")
    tab = opened("surroreg_template:bump")
    assert repr(card(tab).loaded()) == card(tab).line
    assert tab.locator("#pick optgroup").last.get_attribute("label") == "zoo"


def test_no_text_of_a_plugin_becomes_markup_or_code(opened):
    knob = surroreg.Parameter("constructor", 1.0, gt=0, symbol=HOSTILE, doc=HOSTILE)
    surroreg.register(
        surroreg.SurrogateSpec(
            name="bell",
            derivative=lambda x, constructor: x,
            formula="exp(-constructor*x**2)",
            parameters=(knob,),
            summary=HOSTILE,
            description=HOSTILE,
            references=("https://example.org/" + HOSTILE,),
        ),
        namespace="acme",
    )
    offer("broken", formula="x + (", summary=HOSTILE)
    tab = opened("acme/bell", hash="#show=acme/bell;<img src=x onerror='window.hacked=1'>,a=<b>")
    assert tab.locator("img").count() == 0
    assert tab.evaluate("window.hacked") is None
    assert "<script>window.hacked" in tab.locator(".card").inner_text()
    assert "acme/broken" in tab.locator("#omitted-list").text_content()
    tab.locator(".card input[type=range]").first.press("End")
    assert "constructor=100.0" in tab.locator(".load code").inner_text()


def test_foreign_script_does_not_run(browser, file):
    text = file("atan")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(text)
    tab.evaluate("document.body.append(Object.assign(document.createElement('script'), { text: 'window.hacked = 1' }))")
    assert tab.evaluate("window.hacked") is None
    context.close()


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (None, "there is no formula"),
        ("erf(x)", "erf"),
        ("I*x", "I"),
        ("alert(x)", "alert"),
        ("x + (", "cannot be read"),
        ("y*x", "'y'"),
        ("Piecewise((1, x > 0))", "JavaScript"),
        ("oo", "POSITIVE_INFINITY"),
        ("Derivative(f(x), x)", "no function 'Derivative'"),
    ],
)
def test_unusable_formula_is_left_out_with_the_reason(formula, reason):
    offer(formula=formula)
    (omitted,) = [entry for entry in data(page())["omitted"] if entry["name"] == "acme/bell"]
    assert reason in omitted["reason"]
    with pytest.raises(surroreg.SurroregError, match=r"'acme/bell' cannot be explored: .*" + re.escape(reason)):
        page(["acme/bell"])


def data(text: str) -> dict:
    return json.loads(re.search(r"^const DATA = (.*);$", text, re.MULTILINE)[1])


#: Formulas with every word of the grammar, and their values at 2.
AT_2 = [
    ("3*Mod(x, 2) + 1", 1),
    ("Mod(-x, Mod(-x, 5)) + Mod(x, -3)", 0),
    ("Heaviside(x) + 2*Heaviside(x - 2) + 4*Heaviside(-x)", 2),
    ("1e-30*x + 2.5e+3", 2500),
    ("Max(x, 1, 3) - Min(x, 0)", 3),
    ("Piecewise((1, (x > 0) & (x < 1) | ~(x < 5)), (7, True))", 7),
    ("log(x)/tanh(x) + sqrt(x) + sinh(x)", 5.760084),
    ("chebyshevu(3, x)", 56),
    ("chebyshevu(3, -x)", -56),
    ("chebyshevu(4, x/2)", 5),
    ("chebyshevu(5, -x/2)", -6),
    ("chebyshevu(3, x/4)", -1),
    ("-x**2", -4),
    ("2**(-x)", 0.25),
    ("U*x", 1),
]


@pytest.fixture(scope="module")
def formulas_tab(open_once):
    """A page with a surrogate for each formula."""
    specs = [
        surroreg.SurrogateSpec(name=f"formula_{number}", derivative=lambda x: x, formula=formula)
        for number, (formula, _) in enumerate(AT_2)
    ]
    return open_once(*specs)


@pytest.mark.parametrize(("number", "at_2"), [(number, at_2) for number, (_, at_2) in enumerate(AT_2)], ids=dict(AT_2))
def test_words_of_a_formula_mean_what_sympy_means(formulas_tab, number, at_2):
    code = """(name) => {
      const place = DATA.surrogates.findIndex((surrogate) => surrogate.name === name);
      return new Curve(place, DATA.surrogates[place].parameters.map(({ value }) => value)).at(2);
    }"""
    assert formulas_tab.evaluate(code, f"acme/formula_{number}") == pytest.approx(at_2, rel=1e-6)


def test_parameter_that_no_slider_can_move_is_left_out():
    switch = surroreg.Parameter("p0", True, type=bool)
    knob = surroreg.Parameter("knob", 2.0)
    spec = surroreg.SurrogateSpec(
        name="bell", derivative=lambda x, p0, knob: x, formula="knob*x", parameters=(switch, knob)
    )
    surroreg.register(spec, namespace="acme")
    (described,) = [entry for entry in data(page())["surrogates"] if entry["name"] == "acme/bell"]
    assert [parameter["name"] for parameter in described["parameters"]] == ["knob", "scale", "shift"]
    other = surroreg.SurrogateSpec(
        name="other", derivative=lambda x, p0, knob: x, formula="knob*p0*x", parameters=(switch, knob)
    )
    surroreg.register(other, namespace="acme")
    assert "acme/other" in [entry["name"] for entry in data(page())["omitted"]]


def test_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(surroreg.UnknownSurrogateError, match="fast_sigmoid"):
        page(["fast_sigmoidd"])
    with pytest.raises(surroreg.SurroregError, match="7 surrogates"):
        page(["atan"] * 7)


def test_command_writes_the_page_and_prints_its_path(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["explore"]) == 0
    assert capsys.readouterr().out == "surroreg-explorer.html\n"
    assert (tmp_path / "surroreg-explorer.html").read_text(encoding="utf-8") == page()
    assert main(["explore", "atan", "-o", "a.html"]) == 0
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page(["atan"])
    assert main(["explore", "-o", "gone/a.html"]) == 2
    assert "gone/a.html" in capsys.readouterr().err


def test_every_control_has_a_name_and_is_reached_by_tab(opened):
    tab = opened("spike_rate_escape", "zoo/multi_gaussian")
    unnamed = tab.evaluate(
        "[...document.querySelectorAll('input, select, button')].filter((control) =>"
        " !(control.labels?.length || control.ariaLabel || control.textContent.trim())).map((node) => node.outerHTML)"
    )
    assert unnamed == []
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids))
    focusable = tab.locator("input:enabled, select:enabled, button:enabled, summary").count()
    reached = set()
    for _ in range(focusable + 1):
        tab.keyboard.press("Tab")
        reached.add(
            tab.evaluate(
                "[...document.querySelectorAll('input, select, button, summary')].indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) == focusable
    tab.locator(".card input[type=range]").first.focus()
    tab.keyboard.press("ArrowRight")
    outline = (
        "(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
    )
    assert tab.evaluate(outline) == ["solid", "3px"]


def test_pictures_have_a_description(opened):
    tab = opened("atan", "tanh")
    assert tab.get_by_role("img", name="The derivatives of the backward pass: atan, tanh").is_visible()
    tab.get_by_label("integrals").check()
    assert tab.get_by_role("img", name="The step of the forward pass, and the integrals").is_visible()
    assert tab.locator("html").get_attribute("lang") == "en"


LONG = "#show=inverse_stochastic_spike_operator;zoo/windowed_fast_sigmoid;zoo/periodic_exponential;zoo/multi_gaussian"


@pytest.mark.parametrize("width", [320, 390, 768, 901, 1280])
def test_nothing_overflows_sideways(opened, width):
    tab = opened(hash=LONG + "&logarithmic&integral", viewport={"width": width, "height": 800})
    tab.locator("summary").last.click()
    for summary in tab.locator(".card summary").all():
        summary.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    outside = tab.evaluate(
        "(width) => [...document.querySelectorAll('main *:not(svg *)')].filter((node) =>"
        " node.getBoundingClientRect().right > width + 0.5).map((node) => node.outerHTML.slice(0, 80))",
        width,
    )
    assert outside == []


@pytest.mark.parametrize(("width", "height"), [(1280, 620), (1280, 900), (390, 844), (390, 720)])
def test_curves_stay_in_sight_of_the_last_slider(opened, width, height):
    tab = opened(viewport={"width": 1280, "height": 1000})
    tab.set_viewport_size({"width": width, "height": height})
    slider = tab.locator(".card input[type=range]").last
    slider.evaluate("(slider) => slider.scrollIntoView({ block: 'end' })")
    slider.press("ArrowRight")
    plot, knob = tab.locator("#backward").bounding_box(), slider.bounding_box()
    assert plot["y"] >= 0
    assert plot["y"] + plot["height"] <= height
    assert knob["x"] >= plot["x"] + plot["width"] or knob["y"] >= plot["y"] + plot["height"]
    assert knob["y"] + knob["height"] <= height + 1


# Of each number in each picture: how far it is inside the edges, and where it is.
BOXES = """[...document.querySelectorAll('svg')].map((svg) => [...svg.querySelectorAll('text')].map((text) => {
  const [a, b] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
  const inside = [a.left - b.left, a.top - b.top, b.right - a.right, b.bottom - a.bottom];
  return [...inside, a.left, a.top, a.right, a.bottom];
}))"""


def test_axis_numbers_are_whole_and_apart(opened):
    tab = opened("spike_rate_escape", viewport={"width": 390, "height": 844})
    for _ in range(4):
        boxes = tab.evaluate(BOXES)
        for texts in filter(None, boxes):
            assert len(texts) >= 2
            assert min(min(text[:4]) for text in texts) >= 0
            for n, (*_, left, top, right, bottom) in enumerate(texts):
                for *_, left_, top_, right_, bottom_ in texts[:n]:
                    assert left >= right_ or left_ >= right or top >= bottom_ or top_ >= bottom
        tab.get_by_label("Range").press("PageUp")
        tab.get_by_label("logarithmic").click()


def contrast(one: str, other: str) -> float:
    """Return the ratio that WCAG defines, of two colours as ``rgb(r, g, b)``."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_texts_stand_out_in_light_and_dark(opened, scheme):
    tab = opened("atan", "tanh", "sigmoid", "heaviside", "triangular", "zoo/box", color_scheme=scheme)
    colour = "([selector, property]) => getComputedStyle(document.querySelector(selector))[property]"
    paper = tab.evaluate(colour, [".card", "backgroundColor"])
    assert (contrast(paper, "rgb(0, 0, 0)") > 10) == (scheme == "light")
    for slot in range(6):
        assert contrast(tab.evaluate(colour, [f"#backward path.slot{slot}", "stroke"]), paper) >= 3
    for selector in ("body", ".card > p", "h1 span", "footer"):
        assert contrast(tab.evaluate(colour, [selector, "color"]), paper) >= 4.5
    assert contrast(tab.evaluate(colour, ["#backward text", "fill"]), paper) >= 4.5
