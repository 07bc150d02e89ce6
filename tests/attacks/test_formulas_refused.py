"""Formulas are data: reading a formula executes nothing, and a malformed formula is refused."""

from __future__ import annotations

import functools
import json
import re
import time
from pathlib import Path

import pytest

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, formula
from surroreg.formula import grammar
from tests.attacks.formulas import READERS, VALUES, spec_of

TOUCH = "__import__('pathlib').Path('sprung').touch()"
#: Texts that are no formula, and a part of the message about each.
REFUSED = [
    (TOUCH, 'it contains "\'"'),
    (TOUCH.replace("'", '"'), "it contains '\"'"),
    ("x.is_real", "it contains 'x.is_real'"),
    ("x.__class__.__base__.__subclasses__()", "it contains 'x.__class__.__base__.__subclasses__()'"),
    ("x[0]", "it contains '['"),
    ("lambda: exit()", "it contains ':'"),
    ("[exit() for x in ()]", "it contains '['"),
    ("Max(exit() for x in ())", "it contains '(exit() for x in ())'"),
    ("{x}", "it contains '{'"),
    ("f'{exit()}'", 'it contains "\'"'),
    ("Abs(x, evaluate=exit())", "it contains 'Abs(x, evaluate=exit())'"),
    ("Max(*x)", "it contains '*x'"),
    ("Max(**x)", "it contains 'Max(**x)'"),
    ("(y := exit())", "it contains ':'"),
    ("x if exit() else x", "it contains 'x if exit() else x'"),
    ("(yield)", "it contains 'yield'"),
    ("await x", "it contains 'await x'"),
    ("exit()", "there is no function 'exit'"),
    ("quit()", "there is no function 'quit'"),
    ("print(1)", "there is no function 'print'"),
    ("sympify(x)", "there is no function 'sympify'"),
    ("Symbol(x)", "there is no function 'Symbol'"),
    ("Abz(x)", "Did you mean 'abs'?"),
    ("sech(x)", "Write 1/cosh(x)."),
    ("exp(x)(x)", "it contains 'exp(x)(x)'"),
    ("'x'", 'it contains "\'"'),
    ("b'x'", 'it contains "\'"'),
    ("x^2", "Write ** for a power"),
    ("x!", "invalid syntax"),
    ("x % 2", "it contains '%'"),
    ("x // 2", "it contains 'x // 2'"),
    ("x @ x", "it contains '@'"),
    ("x << 9", "it contains 'x << 9'"),
    ("x; exit()", "it contains ';'"),
    ("x # exit()", "it contains '#'"),
    ("x \\\n + 1", "it contains '\\\\'"),
    ("x\n2", "invalid syntax"),
    ("x\f+ 1", "it contains '\\x0c'"),
    ("x\0", "it contains '\\x00'"),
    ("\N{CYRILLIC SMALL LETTER HA}", "(U+0445)"),
    ("\N{FULLWIDTH LATIN SMALL LETTER X}", "(U+FF58)"),
    ("\N{MATHEMATICAL ITALIC SMALL X}", "(U+1D465)"),
    ("ex\N{ZERO WIDTH JOINER}p(x)", "(U+200D)"),
    ("\N{ARABIC-INDIC DIGIT ONE}", "(U+0661)"),
    ("", "it is empty"),
    (" \n\t ", "it is empty"),
    ("x) + (x", "unmatched ')'"),
    ("True", "'True' is a condition, where a number is expected"),
    ("(x > 0)*2", "'x > 0' is a condition, where a number is expected"),
    ("None", "it contains 'None'"),
    ("...", "it contains '...'"),
    ("(x, x)", "it contains '(x, x)'"),
    ("1j*x", "'1j' is no decimal number"),
    ("0x1F", "'0x1F' is no decimal number"),
    ("1_000", "'1_000' is no decimal number"),
    ("1e5_0*x", "'1e5_0' is no decimal number"),
    ("2x + 1", "'2x' is no decimal number. Write * for a product"),
    ("1if x else 2", "'1if' is no decimal number"),
    ("1e999999", "the number '1e999999' is out of the range of float64"),
    ("1e-999999", "the number '1e-999999' is out of the range of float64"),
    ("0e999999999", "the number '0e999999999' is out of the range of float64"),
    ("1" * 400, "is out of the range of float64"),
    ("1" * 100_000, "it has 100000 characters, and at most 2000 are permitted"),
    ("+".join(["x"] * 500_000), "it has 999999 characters"),
    ("+".join(["x"] * 450), "numbers, names and operations, and at most 200 are permitted"),
    ("(" * 10_000 + "x" + ")" * 10_000, "it has 20001 characters"),
    ("(" * 300 + "x" + ")" * 300, "too many nested parentheses"),
    ("-" * 10_000 + "x", "it has 10001 characters"),
    ("-" * 1_900 + "x", "cannot be read: it "),
    ("-" * 40 + "x", "it nests more than 30 deep"),
    ("sin(" * 35 + "x" + ")" * 35, "it calls more than 24 functions"),
    ("a/(1 + " * 16 + "x" + ")" * 16, "it nests more than 30 deep"),
    ("x*9**9**9**9", "its exponents multiply to more than 1000 at '9**9'"),
    ("2**(10**9)", "its exponents multiply to more than 1000 at '10**9'"),
    ("((((x**99)**99)**99)**99)", "its exponents multiply to more than 1000"),
    ("(((2*x)**100)**100)**100", "its exponents multiply to more than 1000"),
    ("chebyshevt(99, chebyshevt(99, x))", "its exponents multiply to more than 1000"),
    ("exp(exp(exp(exp(9.0))))", "'exp(exp(9.0))' is out of the range of float64"),
    ("cosh(9.0**9)", "'cosh(9.0**9)' is out of the range of float64"),
    ("1/0", "'1/0' is not a real number"),
    ("x*sqrt(-1)", "'sqrt(-1)' is not a real number"),
    ("(-8)**(1/3)", "'(-8)**(1/3)' is not a real number"),
    ("factorial(10**9)", "there is no function 'factorial'"),
    ("binomial(10**9, 10**8)", "there is no function 'binomial'"),
    ("+".join(["Abs(x)"] * 25), "it calls more than 24 functions"),
    ("Max()", "Max takes at least 1 arguments, not 0"),
    ("Mod(x)", "Mod takes 2 arguments, not 1"),
    ("Piecewise((1, 0 < x < 1), (0, True))", "'0 < x < 1' is no condition. Write x < 1, (x > 0) & (x < 1)"),
    ("Piecewise((1, x > 0 and x < 1), (0, True))", "'x > 0 and x < 1' is no condition"),
    ("Piecewise((1, x), (0, True))", "'x' is no condition"),
    ("Piecewise(1, True)", "Piecewise takes pairs (value, condition), not '1'"),
    ("Piecewise((1, Piecewise((x, x > 1), (0, True)) > 1), (0, True))", "a condition contains a Piecewise"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=lambda text: repr(text[:30]))
def test_malformed_formula_is_refused_by_all_readers(text, part, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, reader in READERS.items():
        before = time.perf_counter()
        with pytest.raises(SpecError, match=re.escape(part)) as caught:
            reader(text)
        assert time.perf_counter() - before < 5, name
        assert "cannot be read: " in str(caught.value), name
        assert len(str(caught.value)) < 600, name
        assert str(caught.value).isprintable(), name
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("thing", [5, None, ["x"], b"x", object()], ids=lambda thing: type(thing).__name__)
def test_formula_of_another_type_is_refused(thing):
    with pytest.raises(SpecError, match=f"a formula is text, not {type(thing).__name__}"):
        grammar.read(thing)
    with pytest.raises(SpecError, match=r"^f: a formula is text"):
        formula.parse(spec_of("1"), thing)


def test_formula_with_a_lone_surrogate_is_refused():
    for reader in (grammar.read, functools.partial(formula.parse, spec_of("1")), READERS["mathml"]):
        with pytest.raises(SpecError, match=r"it contains '\\ud800' \(U\+D800\)"):
            reader("x\ud800")


def test_formula_in_json_is_not_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    described = {**spec_of("1").to_dict(), "formula": TOUCH, "traits": {"kinks": [TOUCH]}}
    spec = SurrogateSpec.from_json(json.dumps(described))
    assert "no curve: SpecError: " in spec._repr_html_()
    with pytest.raises(SpecError, match="cannot be read"):
        formula.kinks(spec, VALUES)
    assert not list(tmp_path.iterdir())


def test_unknown_name_is_refused_with_the_nearest():
    for text in ("slop*x", "x + slop"):
        with pytest.raises(SpecError, match=r"uses 'slop'; it may use x, U, slope, pi, E, oo\. Did you mean 'slope'\?"):
            formula.values(spec_of(text, [Parameter("slope", 1.0)]), [1.0], {"slope": 1.0})


def test_package_has_no_call_that_executes_text():
    calls = re.compile(r"sympify|parse_expr|lambdify|sympy\.S\(")
    files = sorted(Path(surroreg.__file__).parent.rglob("*.py"))
    assert [file.name for file in files if calls.search(file.read_text(encoding="utf-8"))] == []
    for module in (Path(surroreg.__file__).parent / "formula").glob("*.py"):
        assert not re.search(r"(?<![.\w])(eval|exec|compile)\(", module.read_text(encoding="utf-8"))
