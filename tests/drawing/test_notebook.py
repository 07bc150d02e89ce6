"""The card that a notebook shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import torch

import surroreg
from surroreg.drawing import curve, svg
from surroreg.shape import shape

#: The elements that a card may contain. None of them runs or loads anything.
ELEMENTS = {"div", "code", "b", "small", "table", "thead", "tbody", "tr", "th", "td", "svg", "path", "g", "text"}
MATHML = {"math", "mrow", "mi", "mn", "mo", "mfrac", "msup", "msub", "msqrt", "mspace", "mtable", "mtr", "mtd", "mtext"}


def parsed(html):
    """The card as elements, which it is only if everything in it is escaped and closed."""
    root = ElementTree.fromstring(html)
    for element in root.iter():
        element.tag = element.tag.partition("}")[2] or element.tag
    return root


def words(root):
    return " ".join("".join(root.itertext()).split())


def coordinates(root, part="derivative"):
    (path,) = (path for path in root.iter("path") if path.get("class") == f"surroreg-{part}")
    return [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.-]+ [\d.-]+", path.get("d"))]


def axis(root):
    """How a place on the page is read as an input, by the numbers below the picture."""
    y = svg.BOTTOM + 16
    numbers = [text for text in root.iter("text") if float(text.get("y")) == pytest.approx(y)]
    low, high = (float(next(t.text for t in numbers if t.get("text-anchor") == side)) for side in ("start", "end"))
    return lambda x: low + (x - svg.LEFT) / (svg.RIGHT - svg.LEFT) * (high - low)


def test_every_surrogate_and_spec_has_a_card_of_known_elements(name, loaded):
    spec = surroreg.spec(name)
    for shown in (loaded, spec):
        root = parsed(shown._repr_html_())
        assert {element.tag for element in root.iter()} <= ELEMENTS | MATHML
        assert " ".join(spec.summary.split()) in words(root)
        rows = [words(row[0]).split()[0] for row in root.iter("tr")]
        assert rows[1:] == [parameter.name for parameter in spec.parameters]
        for parameter in spec.parameters:
            assert parameter.doc in words(root)
        assert (root.find(".//math") is None) == (spec.formula is None)
    assert repr(loaded) in words(parsed(loaded._repr_html_()))


def test_highest_point_of_the_picture_is_the_peak(name, loaded):
    if loaded.spec.traits.stochastic:
        pytest.skip("its shape is not defined")
    known, root = shape(loaded.spec, loaded.params), parsed(loaded._repr_html_())
    drawn, x_of = coordinates(root), axis(root)
    level = float(next(t.get("y") for t in root.iter("text") if t.text == "0" and t.get("text-anchor") == "end")) - 4
    far = max(abs(y - level) for _, y in drawn)
    tops = [x_of(x) for x, y in drawn if abs(abs(y - level) - far) < 0.02]
    assert min(abs(x - known.peak_at) for x in tops) <= (x_of(1) - x_of(0)) * 1.5
    labels = [float(t.text) for t in root.iter("text") if t.get("text-anchor") == "end" and t.get("x") == "46.0"]
    assert max(map(abs, labels)) == pytest.approx(known.peak, rel=5e-3)


def test_everything_is_within_the_picture(name, loaded):
    root = parsed(loaded._repr_html_())
    for part in ("derivative", "area", "band"):
        for x, y in coordinates(root, part):
            assert svg.LEFT - 0.01 <= x <= svg.RIGHT + 0.01
            assert svg.TOP - 0.01 <= y <= svg.BOTTOM + 0.01


def test_present_values_are_shown():
    surrogate = surroreg.load("spike_rate_escape", beta=3)
    surrogate.slope = 0.125
    rows = [[words(cell) for cell in row] for row in parsed(surrogate._repr_html_()).iter("tr")]
    assert rows[0] == ["parameter", "value", "bounds", ""]
    assert [row[:3] for row in rows[1:]] == [["beta (β)", "3", "> 0"], ["slope (k)", "0.125", "> 0"]]
    learnt = surroreg.load("sigmoid", slope=torch.nn.Parameter(torch.tensor([2.5])))
    assert "2.5 (learns)" in words(parsed(learnt._repr_html_()))


def test_random_derivative_has_a_band():
    assert coordinates(parsed(surroreg.load("SSO")._repr_html_()), "band")
    assert not coordinates(parsed(surroreg.load("atan")._repr_html_()), "band")


EVIL = """<script>alert("1")</script>'"><img src=x onerror=alert(2)>&amp;]]><!--"""


def test_texts_of_a_plugin_are_shown_as_text():
    def evil(x, a):
        raise RuntimeError(EVIL)

    spec = surroreg.SurrogateSpec(
        name="evil",
        derivative=evil,
        summary=EVIL,
        formula=EVIL,
        parameters=[surroreg.Parameter("a", 1.0, symbol=EVIL, doc=EVIL)],
    )
    readable = surroreg.SurrogateSpec(name="evil", derivative=evil, formula="x*a", parameters=spec.parameters)
    for shown in (spec, spec(), readable, readable()):
        root = parsed(shown._repr_html_())
        assert {element.tag for element in root.iter()} <= ELEMENTS | MATHML
        assert EVIL in words(root)
        assert not {key for element in root.iter() for key in element.attrib if key.startswith("on")}


def test_surrogate_that_cannot_be_drawn_says_why():
    def broken(x):
        raise RuntimeError("out of order")

    spec = surroreg.SurrogateSpec(name="broken", derivative=broken, formula="no formula at all (")
    assert "no curve: RuntimeError: out of order" in words(parsed(spec()._repr_html_()))
    card = words(parsed(spec._repr_html_()))
    assert "no curve: SpecError: " in card
    assert "d(x) = no formula at all (" in card
    several = surroreg.load("sigmoid", slope=torch.tensor([1.0, 2.0]))._repr_html_()
    assert "'slope' holds 2 values" in words(parsed(several))


def test_black_box_has_a_card():
    theirs = surroreg.SurrogateSpec(name="theirs", factory=lambda: surroreg.load("spike_rate_escape"))
    root = parsed(theirs._repr_html_())
    x, _ = min(coordinates(root), key=lambda place: place[1])
    assert axis(root)(x) == pytest.approx(1, abs=0.05)
    assert root.find(".//math") is None


def test_picture_breaks_the_line_where_the_derivative_jumps():
    path = next(p for p in parsed(surroreg.load("zoo/box")._repr_html_()).iter("path") if p.get("class"))
    assert path.get("d").count("M") == 3
    assert "H" not in path.get("d")


def test_picture_takes_the_colour_of_the_text():
    picture = svg.picture(curve.of(surroreg.spec("atan")))
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', picture)) == {"none", "currentColor"}
