"""Formulas are data: reading one executes nothing, and nothing that is let through takes long."""

from __future__ import annotations

import functools
import importlib
import json
import math
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import mpmath
import pytest
import sympy

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, Traits, formula
from surroreg.formula import cpp, grammar, javascript
from surroreg.formula.mathml import mathml
from surroreg.specs.adjusted import adjusted

PLUGINS = Path(__file__).parents[2] / "plugins"
PARAMETERS = (Parameter("a", 2.0), Parameter("b", 1e18), Parameter("n", 3, type=int))
VALUES = {"a": 2.0, "b": 1e18, "n": 3}


def spec_of(text, parameters=PARAMETERS, **given):
    return SurrogateSpec(name="f", derivative="m:f", parameters=parameters, formula=text, **given)


def value(text, x=0.7, **values):
    return formula.values(spec_of(text), [x], {**VALUES, **values})[0]


#: The same spec again, as what SymPy makes of it is kept with it.
once = functools.lru_cache(spec_of)
#: All that reads a formula, by name.
READERS = {
    "read": grammar.read,
    "parse": lambda text: formula.parse(once(text), text),
    "values": value,
    "kinks": lambda text: formula.kinks(spec_of("1", traits=Traits(kinks=(text,))), VALUES),
    "javascript": lambda text: javascript.derivative(once(text)),
    "mathml": lambda text: mathml(text, {}),
    "fused": lambda text: cpp.code(once(text)),
}

TOUCH = "__import__('pathlib').Path('sprung').touch()"
#: Formulas that are none, and what the message has of each.
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


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=lambda given: repr(given[:30]))
def test_formula_that_is_none_is_refused_by_all_readers(text, part, tmp_path, monkeypatch, capsys):
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
def test_formula_that_is_no_text_is_refused(thing):
    with pytest.raises(SpecError, match=f"a formula is text, not {type(thing).__name__}"):
        grammar.read(thing)
    with pytest.raises(SpecError, match=r"^f: a formula is text"):
        formula.parse(spec_of("1"), thing)


def test_formula_with_half_a_character_is_refused():
    for reader in (grammar.read, functools.partial(formula.parse, spec_of("1")), READERS["mathml"]):
        with pytest.raises(SpecError, match=r"it contains '\\ud800' \(U\+D800\)"):
            reader("x\ud800")


def test_formula_of_a_description_in_json_is_not_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    described = {**spec_of("1").to_dict(), "formula": TOUCH, "traits": {"kinks": [TOUCH]}}
    spec = SurrogateSpec.from_json(json.dumps(described))
    assert "no curve: SpecError: " in spec._repr_html_()
    with pytest.raises(SpecError, match="cannot be read"):
        formula.kinks(spec, VALUES)
    assert not list(tmp_path.iterdir())


def test_name_that_is_unknown_is_refused_with_the_nearest():
    for text in ("slop*x", "x + slop"):
        with pytest.raises(SpecError, match=r"uses 'slop'; it may use x, U, slope, pi, E, oo\. Did you mean 'slope'\?"):
            formula.values(spec_of(text, [Parameter("slope", 1.0)]), [1.0], {"slope": 1.0})


def test_package_has_no_call_that_executes_text():
    calls = re.compile(r"sympify|parse_expr|lambdify|sympy\.S\(")
    files = sorted(Path(surroreg.__file__).parent.rglob("*.py"))
    assert [file.name for file in files if calls.search(file.read_text(encoding="utf-8"))] == []
    for module in (Path(surroreg.__file__).parent / "formula").glob("*.py"):
        assert not re.search(r"(?<![.\w])(eval|exec|compile)\(", module.read_text(encoding="utf-8"))


# -- what is let through --------------------------------------------------------------------------

#: Formulas that are let through, each made to exhaust SymPy, mpmath or a printer.
BOMBS = [
    "exp(exp(exp(exp(9.0 + 0*x))))",
    "Abs(exp(exp(exp(exp(9 + x - x)))) - 7)",
    "Max(exp(exp(exp(exp(9 + 0*x)))), 5)",
    "(2*x)**(10**9 + 0*x)",
    "2**(10**9 + x - x)",
    "(1e300*x)**1000",
    "exp(1000*log(exp(1000*log(exp(1000*log(2*x))))))*exp(x)",
    "(exp(a*log(exp(a*log(exp(a*log(2*x))))))**(1000/a))**(1000/a)",
    "E**(1e5*log(2*x))",
    "*".join(["x**1000"] * 30),
    "(((Max(x, a, b, n) + 1)**8 + 1)**8 + 1)**8",
    *(f"{name}(" * 23 + "x" + ")" * 23 for name in ("exp", "cosh", "tan", "log", "sign", "Heaviside", "floor")),
    "Mod(x, " * 23 + "3" + ")" * 23,
    "Mod(" * 23 + "x" + ", 3)" * 23,
    "Max(x, Min(a, " * 11 + "1" + "))" * 11,
    "Piecewise((" * 10 + "x" + ", x > 1), (a, True))" * 10,
    "x**(" * 25 + "x" + ")" * 25,
    "chebyshevu(n, " * 20 + "x" + ")" * 20,
    "sqrt((exp((log(x) + 1)**100) + U)**a)",
    "cosh((x + a + b + n + U + pi + log(x))**90)**a",
    "(tanh(log(x)*(x + a)*(b + n)*(x - n)*(U + x)*(1 + a)*(x - 1)*(x - 2)*(x - 3)*(x - 4)) + 1)**(a/(1 + a))",
    "Piecewise((1, -x*Abs(tanh((x + a + b + n + U)**90))**3 > 1), (0, True))**a",
    "sqrt((5.881e-200*x)*((3/2)**(1/3)))",
    "Mod((x + a)**50*(x + b), (x + n)**50*(x + U))",
    "1/floor(x/x/2)",
    "exp(b*x)*exp(-b*x)",
    "Mod(exp(b*x), 3)",
    "sin(exp(b*x))",
    "(exp(x)**b)**exp(b*x)",
    "(x - x)*erf(40*x/x)*erfc(39*x/x)",
]
PROBE = """
import json, sys, time
sys.path.insert(0, {folder!r})
from tests.attacks.test_formulas import READERS, SpecError, value
slowest = 0.0
for text in json.load(sys.stdin):
    values = [lambda text, x=x: value(text, x, n=10**400) for x in (2.0**500, -(2.0**500), 2.0**-500)]
    for reader in [*values, *READERS.values()]:
        before = time.perf_counter()
        try:
            reader(text)
        except SpecError:
            pass
        slowest = max(slowest, time.perf_counter() - before)
print(slowest)
"""


def test_formula_that_explodes_takes_seconds_nowhere():
    code = PROBE.format(folder=str(Path(__file__).parents[2]))
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, input=json.dumps(BOMBS), text=True, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5


class Draw:
    """Formulas at random, of all that the grammar has, some beyond its bounds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, depth: int, size: int) -> str:
        draw = self.random
        if size <= 1 or depth <= 0:
            large = f"{draw.uniform(1, 9):.3f}e{draw.randint(-300, 300)}"
            return draw.choice([*"xxxabnUE", "pi", "oo", "3/2", "1000", "0.001", large, str(draw.randint(0, 10**18))])
        inner, half = (depth - 1, size - 1), (depth - 1, size // 2)
        some = [self.number(depth - 1, size // 3 + 1) for _ in range(draw.randint(1, 3))]
        unary = [name for name, function in grammar.FUNCTIONS.items() if function.least == function.most == 1]
        exponent = draw.choice(["2", "3", "-1", "1/2", "0.5", "(-2)", "10", "1000", "(x - x + 2)", "n", "a", "1/3"])
        return draw.choice(
            [
                lambda: f"({self.number(*half)}){draw.choice('+-*/')}({self.number(*half)})",
                lambda: draw.choice([" + ", " - ", " * "]).join(some * draw.randint(1, 4)),
                lambda: f"({self.number(*inner)})**{exponent}",
                lambda: f"{draw.choice(unary)}({self.number(*inner)})",
                lambda: f"{draw.choice(unary)}({self.number(*inner)})",
                lambda: f"{draw.choice(['Max', 'Min'])}({', '.join(some)})",
                lambda: f"Mod({self.number(*half)}, {self.number(*half)})",
                lambda: f"{draw.choice(['chebyshevt', 'chebyshevu'])}({draw.choice('3nx')}, {self.number(*inner)})",
                lambda: f"-({self.number(*inner)})",
                lambda: f"Piecewise({self.cases(some, depth - 1, size // 2)}{draw.choice(['', ', (0, True)'])})",
            ]
        )()

    def cases(self, values: list[str], depth: int, size: int) -> str:
        return ", ".join(f"({each}, {self.condition(depth, size)})" for each in values)

    def condition(self, depth: int, size: int) -> str:
        if depth <= 0 or size < 3 or self.random.random() < 0.7:
            relation = self.random.choice(["<", ">", "<=", ">=", "==", "!="])
            return f"{self.number(depth - 1, size // 3)} {relation} {self.number(depth - 1, size // 3)}"
        if self.random.random() < 0.3:
            return f"~({self.condition(depth - 1, size)})"
        first, second = (self.condition(depth - 1, size // 2) for _ in range(2))
        return f"({first}) {self.random.choice('&|')} ({second})"


def test_formulas_at_random_are_refused_or_take_no_time(capsys):
    draw, outcomes, slowest, longest = Draw(0), Counter[str](), 0.0, 0
    for _ in range(2000):
        text = draw.number(draw.random.choice([3, 6, 12, 28]), draw.random.choice([5, 10, 20, 40, 90]))
        readers = dict(READERS)
        for x in (0.0, 0.7, -3.0, 2.0**500, -(2.0**500)):
            readers[f"values at {x:.0e}"] = lambda text, x=x: value(text, x, n=10**30)
        for name, reader in readers.items():
            before = time.perf_counter()
            try:
                found = reader(text)
            except SpecError:
                outcomes[f"{name}: refused"] += 1
                if name == "read":
                    break
            else:
                outcomes[f"{name}: passed"] += 1
                longest = max(longest, len(found) if isinstance(found, str) else 0)
            slowest = max(slowest, time.perf_counter() - before)
            assert slowest < 5, text
    with capsys.disabled():
        print(f"\n2000 formulas, at most {slowest:.2f} s and {longest} characters of code: {dict(outcomes)}")
    assert longest < 50_000
    assert outcomes["read: passed"] > 1000
    assert min(outcomes[f"{name}: passed"] for name in READERS) > 100


# -- what is meant --------------------------------------------------------------------------------


def specs() -> Iterator[SurrogateSpec]:
    """Every spec of this repository that has a formula, and each scaled, and shifted."""
    yield from map(surroreg.spec, surroreg.names(namespace="builtin"))
    with pytest.MonkeyPatch.context() as patch:
        for folder in ("zoo", "template", "peers"):
            patch.syspath_prepend(PLUGINS / f"surroreg-{folder}")
        for module in ("surroreg_zoo", "surroreg_template"):
            yield from importlib.import_module(module).surroreg_surrogates()
        for module in ("snntorch", "spikingjelly", "norse"):
            yield from importlib.import_module(f"surroreg_peers.{module}").OFFERED


ALL = [spec for spec in specs() if spec.formula is not None]
FORMS = ALL + [adjusted(spec, names) for spec in ALL if spec.derivative for names in (["scale"], ["scale", "shift"])]


def sympified(spec, text):
    names = ["x", "U", *(parameter.name for parameter in spec.parameters)]
    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    return list(symbols.values()), sympy.sympify(text, locals=symbols)


def test_real_formulas_are_the_expressions_that_sympy_reads():
    assert len(ALL) > 40
    for spec in FORMS:
        for text in (spec.formula, *spec.traits.kinks):
            # Shifted, some go through simplifications that are left out here: their values are compared below.
            same = formula.parse(spec, text) == sympified(spec, text)[1]
            assert same or (spec.base and spec.name in ("box", "periodic_exponential")), (spec.name, text)


def test_real_formulas_are_far_from_the_bounds():
    for spec in FORMS:
        for text in (spec.formula, *spec.traits.kinks):
            assert len(text) < grammar.LENGTH / 8
            nodes = [node for node in grammar.ast.walk(grammar.read(text)) if isinstance(node, grammar.ast.expr)]
            assert len(nodes) < grammar.NODES / 3
            assert sum(isinstance(node, grammar.ast.Call) for node in nodes) < grammar.CALLS / 4


@pytest.mark.parametrize("spec", FORMS, ids=lambda spec: f"{spec.name}{len(spec.parameters)}")
def test_values_are_those_of_sympys_function_to_the_last_digit(spec):
    function = sympy.lambdify(*sympified(spec, spec.formula), "mpmath")
    params = {p.name: spec.examples[0][p.name] if p.required else p.default for p in spec.parameters}
    places = [0.0, 1e-300, 1e-9, 0.04, 0.3, 0.77, 1.0, 1.9, 3.1, 7.7, 40.0, 45.5, 1e3, 1e9, 1e30, 2.0**500]
    for factor in (1, 37):
        values = {name: value * factor if type(value) is float else value for name, value in params.items()}
        values |= {"shift": 0.3} if "shift" in values else {}
        for x in [*places, *(-place for place in places)]:
            if x == 0 and spec.name == "fake_numerical_gradient":  # 1/0 is infinite here, and there an error
                continue
            for digits in (40, 800):
                with mpmath.workdps(digits):
                    want = function(*map(mpmath.mpf, [x, 0.25, *values.values()]))
                if float(want):
                    break
            (got,) = formula.values(spec, [x], values, noise=0.25)
            # Where cosines cancel, both have only rounding.
            assert got == float(want) or abs(got - want) < 1e-38 * factor, (x, values)


@pytest.mark.parametrize("name", grammar.FUNCTIONS)
def test_function_has_the_value_that_sympy_gives_it(name):
    function = grammar.FUNCTIONS[name]
    if function.least == 1:
        calls = [f"{name}({place})" for place in (-2.5, -0.7, 0, 0.3, 0.7, 1.5, 7.25)]
    else:
        calls = [f"{name}({first}, {second})" for first in (0, 3, 4) for second in (-2.5, 0.7, 2)]
    for call in calls:
        text, want = call.replace("(", "(x - x + ", 1), sympy.sympify(call).evalf(30)
        if want.is_finite and want.is_real:
            assert value(text) == pytest.approx(float(want), rel=1e-14, abs=1e-30), call
        else:
            assert not math.isfinite(value(text)), call


@pytest.mark.parametrize(
    ("text", "x", "want"),
    [
        ("25*exp(-25*x)/(1 + exp(-25*x))**2", 2.0**500, 0.0),
        ("25*exp(-25*x)/(1 + exp(-25*x))**2", -(2.0**500), 0.0),
        ("exp(b*x)*exp(-b*x)", 2.0**500, 1.0),
        ("exp(-(b*x)**2)", 2.0**500, 0.0),
        ("exp(exp(exp(x)))", 2.0**500, math.inf),
        ("exp(exp(exp(x)))", -(2.0**500), math.e),
        ("exp(-exp(exp(x)))", 2.0**500, 0.0),
        ("tanh(exp(exp(x)))", 2.0**500, 1.0),
        ("erf(x) + erfc(x)", 2.0**500, 1.0),
        ("sin(exp(x))", 2.0**500, math.nan),
        ("Mod(exp(x), 3)", 2.0**500, math.nan),
        ("Mod(-exp(-x), 3)", 2.0**500, 3.0),
        ("Mod(exp(-x), 3)", 2.0**500, 0.0),
        ("Mod(-x, 3)", 7.0, 2.0),
        ("floor(exp(exp(x)))", 2.0**500, math.inf),
        ("(1 + exp(x))**exp(x)", 2.0**500, math.inf),
        ("(1 + exp(x))**-exp(x)", 2.0**500, 0.0),
        ("1**exp(exp(x))", 2.0**500, 1.0),
        ("(-2)**(x + 3)", 0.0, -8.0),
        ("(x - 2)**0.5", 0.0, math.nan),
        ("sqrt(x)**2", -1.0, math.nan),
        ("log(x)", 0.0, -math.inf),
        ("1/Abs(x)", 0.0, math.inf),
        ("-1/x**2", 0.0, -math.inf),
        ("Min(a, 1/Abs(x))", 0.0, 2.0),
        ("x/x", 0.0, math.nan),
        ("Max(x/x, 1)", 0.0, math.nan),
        ("chebyshevu(2*n - 1, cos(x))", 1.0, math.sin(6) / math.sin(1)),
        ("chebyshevu(b - 1, cos(x))", 1.0, float(mpmath.sin(10**18) / mpmath.sin(1))),
        ("chebyshevt(b, x)", 2.0, math.inf),
        ("chebyshevt(x, 2)", 0.5, math.nan),
        ("1 - tanh(x)**2", 300.0, 4 * math.exp(-600)),
        ("0.1*3", 0.0, 0.30000000000000004),
        ("Piecewise((log(x), x > 0), (1/x, x < 0), (7, True))", 0.0, 7.0),
        ("Piecewise((1, x > 5), (2, x > 1))", 0.0, math.nan),
        ("Piecewise((1, (x > 0) & (x < 1) | ~(x < 5)), (7, True))", 5.0, 1.0),
        ("Piecewise((1, x == 2), (3, x != 2))", 2.0, 1.0),
        ("+x - -x", 3.0, 6.0),
        ("E*pi/E", 0.0, math.pi),
        ("Piecewise((1, x < oo), (2, True))", 2.0**500, 1.0),
        ("U", 0.0, 0.5),
    ],
)
def test_value_at_an_extreme_is_its_limit_or_nan(text, x, want):
    assert value(text, x) == pytest.approx(want, rel=1e-15, abs=0, nan_ok=True)


def test_parameter_may_have_the_name_of_a_constant_or_function():
    spec = spec_of("E*exp(exp) + pi", [Parameter(name, 1.0) for name in ("E", "exp", "pi")])
    assert formula.values(spec, [0.0], {"E": 2.0, "exp": 0.0, "pi": 3.0}) == [5.0]
    assert {symbol.name for symbol in formula.expression(spec).free_symbols} == {"E", "exp", "pi"}


def test_values_do_not_depend_on_mpmaths_own_digits():
    want = value("1/(1 + a*Abs(x))**2", 0.3)
    with mpmath.workdps(3):
        assert value("1/(1 + a*Abs(x))**2", 0.3) == want
        assert mpmath.mp.dps == 3


def test_kink_that_is_nowhere_is_refused():
    spec = spec_of("x", [Parameter("width", 1.0)], traits=Traits(kinks=("0", "1/width")))
    assert formula.kinks(spec, {"width": 4.0}) == [0.0, 0.25]
    with pytest.raises(SpecError, match=r"f: the kink '1/width' is inf at \{'width': 0.0\}"):
        formula.kinks(spec, {"width": 0.0})


def test_sympys_own_expressions_keep_what_it_knows_of_them():
    formula.parse(spec_of("1"), "cosh(x) + Max(x) + Piecewise((x, True))")
    x = sympy.Symbol("x", real=True)
    assert sympy.cosh(x).is_positive
    assert (x**2).is_nonnegative


def test_showing_a_surrogate_needs_no_sympy():
    code = "import sys; from surroreg.cli import main; main(['show', 'atan']); sys.exit('sympy' in sys.modules)"
    assert "d(x)" in subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout
