"""Formulas as MathML, read back by a reader that knows nothing of how they were written."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

import surroreg
from surroreg.formula import grammar
from surroreg.formula.mathml import mathml


def read(element):
    """Return the printed formula as Python, with parentheses only where they are printed or a fraction bar groups."""
    tag, children = element.tag.partition("}")[2], list(element)
    if tag in ("mi", "mn"):
        return element.text
    if tag == "mo":
        return {"−": "-", "⌊": "floor(", "⌋": ")", "≤": "<=", "≥": ">="}.get(element.text, element.text)
    if tag == "mspace":
        return "*"
    if tag == "mfrac":
        return f"(({read(children[0])})/({read(children[1])}))"
    if tag == "msqrt":
        return f"sqrt({''.join(map(read, children))})"
    if tag == "msup":
        base, raised = map(read, children)
        return f"exp({raised})" if base == "e" else f"{base}**({raised})"
    assert tag in ("math", "mrow"), tag
    text = "".join(map(read, children))
    if children and [child.text for child in (children[0], children[-1])] == ["|", "|"]:
        return f"abs({text[1:-1]})"
    return text


def value(formula, symbols, **names):
    left, right = read(ElementTree.fromstring(mathml(formula, symbols))).split("=", 1)
    assert left == "d(x)"
    right = re.sub(r"(cosh|cos|sinh|tanh)\*\*\((\d+)\)(\(.*?\))", r"\1\3**\2", right)
    return eval(right, {**vars(math), "max": max, "min": min, "abs": abs, **names})


leaves = st.sampled_from(["x", "alpha", "2", "3", "0.5"])


def compound(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from("+-*/"), pair).map(lambda parts: f"({parts[1][0]}){parts[0]}({parts[1][1]})"),
        inner.map(lambda text: f"-({text})"),
        inner.map(lambda text: f"Abs({text})"),
        inner.map(lambda text: f"floor({text})"),
        inner.map(lambda text: f"exp(-({text}))"),
        inner.map(lambda text: f"sqrt({text})"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "(3/2)", "(-2)"])).map(lambda m: f"({m[0]})**{m[1]}"),
        pair.map(lambda parts: f"Max({parts[0]}, {parts[1]})"),
    )


@settings(max_examples=400, deadline=None)
@given(text=st.recursive(leaves, compound, max_leaves=8), x=st.floats(-3, 3), alpha=st.floats(0.1, 3))
def test_no_parentheses_are_missing(text, x, alpha):
    names = {"Abs": abs, "Max": max, "floor": math.floor, "exp": math.exp, "sqrt": math.sqrt, "x": x, "alpha": alpha}
    try:
        grammar.read(text)  # which refuses constants that are not real
        expected = eval(text, names)
        assume(math.isfinite(expected) and abs(expected) < 1e100)
    except (ArithmeticError, ValueError, TypeError):  # a pole, or the root of what is negative
        reject()
    assert value(text, {"alpha": "α"}, x=x, α=alpha) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_formulas_of_all_surrogates_are_printed(name):
    spec = surroreg.spec(name)
    if spec.formula is None:
        pytest.skip("it has none")
    root = ElementTree.fromstring(mathml(spec.formula, {p.name: p.symbol for p in spec.parameters}))
    printed = "".join(root.itertext())
    assert printed.startswith("d(x)=")
    for parameter in spec.parameters:
        assert (parameter.symbol or parameter.name) in printed
        if parameter.symbol and len(parameter.name) > 2:
            assert parameter.name not in printed


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("alpha/2/(1 + (pi/2*alpha*x)**2)", lambda x: 1 / (1 + (math.pi * x) ** 2)),
        ("1/cosh(alpha*x)**2", lambda x: 1 - math.tanh(2 * x) ** 2),
        ("alpha/4/cosh(alpha*x/2)**2", lambda x: 2 * math.exp(-2 * x) / (1 + math.exp(-2 * x)) ** 2),
        ("exp(-x/(3*alpha))", lambda x: math.exp(-x / 6)),
        ("1/(5 + x/(3*alpha) + x/(3/alpha))", lambda x: 6 / (30 + 5 * x)),
        ("-x - -alpha - (x - alpha)", lambda x: 4 - 2 * x),
    ],
)
def test_printed_formula_is_the_function_that_is_meant(formula, expected):
    for x in (-1.5, -0.1, 0.3, 2.0):
        assert value(formula, {"alpha": "α"}, x=x, α=2.0, π=math.pi) == pytest.approx(expected(x))


def test_cases_say_when():
    root = ElementTree.fromstring(mathml("Piecewise((1/(x + b), x > 0), (0, True))", {"b": "θ"}))
    rows = [["".join(cell.itertext()) for cell in row] for row in root.iter("{http://www.w3.org/1998/Math/MathML}mtr")]
    assert rows == [["1x+θ", "if\N{NO-BREAK SPACE}x>0"], ["0", "otherwise"]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("(x > 0) & (x < b)", "if x>0 and x<θ"),
        ("(x < 0) & (b > 1) | ~(x == b)", "if (x<0 and θ>1) or not (x=θ)"),
        ("~((x < 0) | (x > b))", "if not (x<0 or x>θ)"),
    ],
)
def test_conditions_are_joined_by_words(condition, expected):
    root = ElementTree.fromstring(mathml(f"Piecewise((1, {condition}), (+abs(x), True))", {"b": "θ"}))
    (_, first), (second, _) = root.iter("{http://www.w3.org/1998/Math/MathML}mtr")
    assert "".join(first.itertext()).replace("\N{NO-BREAK SPACE}", " ") == expected
    assert "".join(second.itertext()) == "|x|"


@pytest.mark.parametrize(
    "text", ["", "x +", "x.y", "x[0]", "lambda: x", "'x'", "f(*x)", "f(x=1)", "x if x else 1", "(" * 500, "x\0", "1j*x"]
)
def test_text_that_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot|null"):
        mathml(text, {})
