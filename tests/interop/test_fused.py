"""The backward pass that is compiled for a GPU from the formula; these tests need none."""

import re
import shutil
import subprocess

import pytest
import torch

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, Traits
from surroreg.autograd.fused import Fused
from surroreg.formula.cpp import code

SPECS = [spec for spec in map(surroreg.spec, surroreg.names(namespace="builtin")) if spec.traits.stable_formula]
COMPILER = shutil.which("c++")
DTYPES = {"float": torch.float32, "double": torch.float64}

# Prints the gradient at each number it reads, of one precision after the other.
PROGRAM = """
#include <cstdio>
#include <math.h>
%s
template <typename T> void print(double x, double grad) { printf("%%.17g ", double(vjp<T>(T(x), T(grad)%s))); }
int main() {
    double x;
    while (scanf("%%lf", &x) == 1) { print<float>(x, 3); print<double>(x, 3); puts(""); }
}
"""


def numbers():
    tails = torch.logspace(-40, 38, 79, dtype=torch.float64)
    near = torch.linspace(-4, 4, 161, dtype=torch.float64)
    return torch.cat([near, tails, -tails, torch.tensor([torch.inf, -torch.inf])]).float().double()


def test_builtins_but_noise_and_custom_have_fused_code():
    without = set(surroreg.names(namespace="builtin")) - {spec.name for spec in SPECS}
    assert without == {"custom_surrogate", "stochastic_spike_operator", "inverse_stochastic_spike_operator"}, (
        "give a new built-in Traits(stable_formula=True), or add its name here, with the reason why it has none"
    )


@pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler, and finds no c++")
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize(("factor", "more"), [(1.0, {}), (3.7, {}), (1.0, {"scale": 0.3, "shift": 0.7})])
def test_fused_code_computes_the_gradient(spec, factor, more, tmp_path):
    s = spec(**{p.name: p.default * factor for p in spec.parameters}, **more)
    arguments = "".join(f", T({value!r})" for value in s.params.values())
    (tmp_path / "main.cpp").write_text(PROGRAM % (code(s.spec), arguments))
    subprocess.run([COMPILER, "-O1", "-o", tmp_path / "main", tmp_path / "main.cpp"], check=True)
    x = numbers()
    lines = "\n".join(map(repr, x.tolist()))
    done = subprocess.run([tmp_path / "main"], input=lines, capture_output=True, text=True, check=True)
    found = torch.tensor([[float(word) for word in line.split()] for line in done.stdout.splitlines()]).double()
    for column, dtype in enumerate(DTYPES.values()):
        want = 3 * s.derivative(x)
        # At a kink that float32 rounds, the side may be another.
        kinks = [kink + more.get("shift", 0.0) for kink in (-1 / factor, 0.0, 1 / factor, factor)]
        off = torch.stack([(x - kink).abs() > 1e-6 * abs(kink) for kink in kinks]).all(0)
        torch.testing.assert_close(
            found[off, column], want[off], rtol=3e-5 if dtype is torch.float32 else 1e-6, atol=1e-36, equal_nan=True
        )


def test_names_of_parameters_cannot_clash_with_the_code():
    parameters = [Parameter(name, 1.0) for name in ("exp", "T", "float")]
    spec = SurrogateSpec(name="bump", derivative="m:f", parameters=parameters, formula="exp*Abs(x) + T + float")
    assert code(spec).startswith("template <typename T> T vjp(T x, T grad, T p0, T p1, T p2)")
    assert "exp" not in code(spec)
    assert "float" not in code(spec)


@pytest.mark.parametrize(
    ("formula", "number"),
    [
        ("pi/2 + x", "T(3.141592653589793)"),
        ("2/sqrt(pi) + x", "T(3.141592653589793)"),
        ("Piecewise((x, x < oo), (0, True))", "(T(1) / T(0))"),
    ],
)
def test_constants_of_a_formula_are_numbers_and_no_macros(formula, number):
    written = code(SurrogateSpec(name="bump", derivative="m:f", formula=formula))
    assert number in written
    assert not re.search(r"\b[A-Z][A-Z_]+", written)


def test_fused_of_a_cpu_tensor_returns_none():
    fused, x = Fused(SPECS[0]), torch.ones(3)
    for _ in range(2):  # the first call must leave nothing that the second would use
        assert fused(x, x, [2.0]) is None


@pytest.mark.parametrize(
    "given",
    [
        {"formula": None},
        {"traits": Traits(stable_formula=True, stochastic=True)},
        {"derivative": None, "factory": "m:f"},
    ],
)
def test_stable_formula_without_a_derivative_is_refused(given):
    described = {"derivative": "m:f", "formula": "x", "traits": Traits(stable_formula=True), **given}
    with pytest.raises(SpecError, match="stable_formula is for a derivative with a formula"):
        SurrogateSpec(name="bump", **described)
