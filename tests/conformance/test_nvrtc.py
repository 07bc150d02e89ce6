"""The code of GPU kernels, compiled by NVRTC. No test here needs a GPU; most need NVRTC, and skip without it."""

import pytest

import surroreg
from surroreg import SurrogateSpec
from surroreg.cli import main
from surroreg.conformance import nvrtc
from surroreg.conformance.checks import cuda
from surroreg.formula.cpp import code
from surroreg.specs.adjusted import adjusted
from tests import zoo

BUILTINS = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]
SPECS = [spec for spec in (*BUILTINS, *zoo.zoo_specs()) if spec.traits.stable_formula]
CHECK = {"checks": "formula_compiles", "devices": ["cpu"]}
COMMAND = ("check", "atan", "--check", "formula_compiles", "--device", "cpu")

BODY = "template <typename T> T vjp(T x, T grad, T p0) {{ {} }}"
#: A table that is written and read at places that only the data tells, so that it cannot be in registers.
TABLE = "T table[9]; for (int i = 0; i < 9; ++i) table[(i * int(grad)) % 9] = x; return table[int(x) % 9];"


@pytest.fixture(scope="module")
def compiler(pytestconfig):
    try:
        return nvrtc.load()
    except nvrtc.MissingNvrtcError as error:
        if pytestconfig.getoption("--require-libraries"):
            raise
        pytest.skip(f"NOT VERIFIED: {error}")


@pytest.fixture
def missing(monkeypatch):
    """NVRTC as it is where it is not installed."""

    def distribution(name):
        raise nvrtc.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(nvrtc.metadata, "distribution", distribution)
    nvrtc.load.cache_clear()
    yield
    nvrtc.load.cache_clear()


def status(spec):
    """Return the status and the message of the check of a spec."""
    (result,) = surroreg.conformance.check(spec, **CHECK).results
    return result.status, result.message


def spec_of(formula):
    return SurrogateSpec(name="bump", derivative="m:f", formula=formula)


# -- our own surrogates -----------------------------------------------------------------------------


def test_compiler_knows_turing_and_newer_architectures(compiler):
    assert {75, 80, 86, 89, 90, 100, 120} <= set(compiler.architectures)
    assert min(compiler.architectures) == 75
    assert {75, 80, 90, 100, 120} <= set(nvrtc.generations(compiler.architectures))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_formula_compiles_for_every_architecture(compiler, spec):
    assert list(nvrtc.faults(code(spec), len(spec.parameters), compiler.architectures)) == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_formula_with_scale_and_shift_compiles(compiler, spec):
    moved = adjusted(spec, ["scale", "shift"])
    assert moved.traits.stable_formula
    newest = compiler.architectures[-1:]
    assert list(nvrtc.faults(code(moved), len(moved.parameters), newest)) == []


@pytest.mark.parametrize(
    "formula",
    [
        "pi/2 + atan(x)",
        "2/pi + x",
        "2/sqrt(pi) + x",
        "1/sqrt(2) + x",
        "log(2) + E*x + log(10)",
        "Piecewise((x, x < oo), (0, True))",
        "Max(0, Min(x, floor(x/3), 7))**(1/3)",
        "(1 + cos(pi*x))/2 + sin(x)*tan(x)",
    ],
)
def test_constant_in_a_formula_has_the_precision_of_the_input(compiler, formula):
    assert list(nvrtc.faults(code(spec_of(formula)), 0, compiler.architectures[-1:])) == []


# -- what is found ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return grad * (x * 1.1);", "double precision in the kernel of floats: cvt.f64.f32"),
        ("return grad * T(exp(double(x)));", "double precision in the kernel of floats: cvt.f64.f32"),
        (TABLE, "bytes of local memory for each element in float_kernel"),
        (TABLE, "bytes of local memory for each element in double_kernel"),
        ("return grad * (x + ;", "expected an expression"),
        ("return grad * M_PI;", 'identifier "M_PI" is undefined'),
        ("return grad * no_such_function(x);", 'identifier "no_such_function" is undefined'),
    ],
)
def test_fault_of_the_code_is_found(compiler, body, found):
    faults = list(nvrtc.faults(BODY.format(body), 1, compiler.architectures[-1:]))
    assert any(found in text for _, text in faults), faults


@pytest.mark.parametrize("function", ["sin", "cos", "tan"])
def test_slow_branches_of_cuda_are_not_counted(compiler, function):
    call = BODY.format(f"return grad * ::{function}(x);")
    program = nvrtc.program(call, 1, nvrtc.PRECISIONS)
    plain = compiler.compile(program, f"sm_{compiler.architectures[-1]}")
    assert plain.memory["double_kernel"] > 0
    assert list(nvrtc.faults(call, 1, compiler.architectures[-1:])) == []
    double = BODY.format(f"return grad * ::{function}(x) * 1.1;")
    assert list(nvrtc.faults(double, 1, compiler.architectures[-1:]))


def test_unknown_architecture_is_an_error(compiler):
    with pytest.raises(surroreg.SurroregError, match=r"nvrtcCompileProgram: .*INVALID_OPTION"):
        compiler.compile(nvrtc.program(BODY.format("return x;"), 1, ["float"]), "sm_12345")


# -- the check --------------------------------------------------------------------------------------


def test_check_passes_where_the_compiler_is_installed(compiler):
    assert status("atan") == ("passed", "")


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return grad * (x * 1.1);", "double precision in the kernel of floats"),
        (TABLE, "bytes of local memory"),
        ("return grad * (x + ;", "error: expected an expression"),
    ],
)
def test_check_fails_with_the_fault_of_the_compiled_code(compiler, monkeypatch, body, got):
    monkeypatch.setattr(cuda, "code", lambda spec: BODY.format(body))
    found, message = status("atan")
    assert found == "failed"
    assert message.startswith("promised: the formula compiles for GPUs")
    assert "\nat:       sm_75\n" in message
    assert got in message.partition("\ngot:")[2].partition("\nwith:")[0]


def test_check_without_the_compiler_is_unverified(missing):
    found, message = status("atan")
    assert found == "unverified"
    assert "pip install nvidia-cuda-nvrtc" in message


def test_report_names_the_version_of_the_compiler(missing, monkeypatch):
    assert surroreg.conformance.check("atan", **CHECK).environment["nvrtc"] == "none"
    monkeypatch.undo()
    assert surroreg.conformance.check("atan", **CHECK).environment["nvrtc"] == (nvrtc.version() or "none")


# -- the option -------------------------------------------------------------------------------------


def test_required_compiler_that_is_missing_is_an_error(missing, capsys):
    assert main([*COMMAND, "--require-nvrtc"]) == 2
    assert "pip install nvidia-cuda-nvrtc" in capsys.readouterr().err


def test_required_compiler_that_is_installed_is_used(compiler, capsys):
    assert main([*COMMAND, "--require-nvrtc"]) == 0
    assert capsys.readouterr().out == "builtin/atan  1 passed\n"


def test_required_compiler_that_is_missing_stops_pytest(inside, missing):
    inside.install("acme")
    done = inside.check("--conformance-check=not_dead", "--conformance-require-nvrtc")
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert "--plugin-conformance: NVRTC" in done.stderr
    assert "pip install nvidia-cuda-nvrtc" in done.stderr


def test_check_without_the_compiler_is_skipped_in_pytest(inside, missing):
    done = inside.check("--conformance-builtin", "--conformance-surrogate=atan", "--conformance-check=formula_compiles")
    assert done.outcomes == {"skipped": 1}
    assert "cpu: 1 checks NOT VERIFIED (NVRTC" in done.stdout
