"""Formulas have the values that SymPy gives them, and limits at the extremes."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mpmath
import pytest
import sympy

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, Traits, formula
from surroreg.formula import grammar
from surroreg.specs.adjusted import adjusted
from tests.attacks.formulas import spec_of, value

PLUGINS = Path(__file__).parents[2] / "plugins"


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
            # SymPy simplifies these two when they are shifted, and parse does not. Their values are compared below.
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
            if x == 0 and spec.name == "fake_numerical_gradient":  # here 1/0 is infinite; mpmath raises
                continue
            for digits in (40, 800):
                with mpmath.workdps(digits):
                    want = function(*map(mpmath.mpf, [x, 0.25, *values.values()]))
                if float(want):
                    break
            (got,) = formula.values(spec, [x], values, noise=0.25)
            # Where cosines cancel, both values are rounding alone.
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
def test_value_at_an_extreme_is_a_limit_or_nan(text, x, want):
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


def test_kink_at_infinity_is_refused():
    spec = spec_of("x", [Parameter("width", 1.0)], traits=Traits(kinks=("0", "1/width")))
    assert formula.kinks(spec, {"width": 4.0}) == [0.0, 0.25]
    with pytest.raises(SpecError, match=r"f: the kink '1/width' is inf at \{'width': 0.0\}"):
        formula.kinks(spec, {"width": 0.0})


def test_expressions_of_sympy_keep_their_assumptions():
    formula.parse(spec_of("1"), "cosh(x) + Max(x) + Piecewise((x, True))")
    x = sympy.Symbol("x", real=True)
    assert sympy.cosh(x).is_positive
    assert (x**2).is_nonnegative


def test_showing_a_surrogate_needs_no_sympy():
    code = "import sys; from surroreg.cli import main; main(['show', 'atan']); sys.exit('sympy' in sys.modules)"
    assert "d(x)" in subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout
