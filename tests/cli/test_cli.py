"""Commands as a person types them, and their answers."""

import json
import re
import subprocess
import sys

import pytest

import surroreg
from surroreg.cli import main


def run(capsys, *arguments):
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_list_shows_every_surrogate_with_its_defaults(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert len(out.splitlines()) >= 15
    assert "spike_rate_escape" in out
    assert "beta=1, slope=25" in out


def test_list_reports_a_pattern_that_matches_nothing(capsys):
    code, out, _ = run(capsys, "list", "*sigmoid*")
    assert [line.split()[0] for line in out.splitlines()] == ["fast_sigmoid", "sigmoid", "sparse_fast_sigmoid"]
    assert code == 0
    code, out, err = run(capsys, "list", "nothing*")
    assert (code, out) == (1, "")
    assert "nothing matches 'nothing*'" in err


def test_list_as_json_is_whole(capsys):
    _, out, _ = run(capsys, "list", "atan", "--json")
    (described,) = json.loads(out)["surrogates"]
    assert described["surrogate"] == "atan"
    assert described["parameters"][0]["default"] == 2.0


def test_show_prints_formula_parameters_and_traps(capsys):
    code, out, _ = run(capsys, "show", "SpikeRateEscape")
    assert code == 0
    for part in ("slope*exp(-beta*Abs(x - 1))", "one unit *above* the threshold", "10.1017/CBO9780511815706", "> 0"):
        assert part in out


def test_show_with_floats_names_the_limits_of_all_floats(capsys):
    limits = "Floats are at most 1e18 in magnitude, and at least 1e-18 where zero is out of bounds."
    assert limits in run(capsys, "show", "atan")[1]
    assert limits not in run(capsys, "show", "heaviside")[1]


def test_unknown_name_is_one_line_and_exits_with_2(capsys):
    code, out, err = run(capsys, "show", "fast_sigmod")
    assert (code, out) == (2, "")
    assert err.startswith("surroreg: no surrogate 'fast_sigmod'. Did you mean 'fast_sigmoid'")


def test_plugins_and_doctor_succeed(capsys):
    code, out, _ = run(capsys, "plugins", "--json")
    assert code == 0
    assert json.loads(out)["schema"] == 1
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert f"built in: {len(surroreg.names(namespace='builtin'))} surrogates" in out


def test_demo_learns_to_read_digits(capsys):
    code, out, _ = run(capsys, "demo")
    assert code == 0
    assert "surroreg.load('atan', alpha=2.0)" in out
    (accuracy,) = [float(line.split()[-1].rstrip("%")) for line in out.splitlines() if "accuracy" in line]
    assert accuracy >= 93
    assert "firing rate" in out
    assert re.search(r"^time +\d+\.\d s$", out, re.M)


def test_demo_sets_parameters(capsys):
    code, out, _ = run(capsys, "demo", "spike_rate_escape", "--set", "beta=2", "--set", "slope=10", "--epochs", "1")
    assert code == 0
    assert "surroreg.load('spike_rate_escape', beta=2.0, slope=10.0)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", "atan", "--set", "slope=3"), "'atan' has no parameter 'slope'"),
        (("demo", "atan", "--set", "alpha"), "PARAMETER=VALUE"),
        (("demo", "atan", "--set", "alpha=-1"), "'alpha' must be > 0"),
        (("demo", "atan", "--set", "alpha=steep"), "takes a real number, not 'steep'"),
    ],
)
def test_demo_refuses_bad_parameters(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize("arguments", [[], ["demo", "--epochs", "0"], ["frobnicate"]])
def test_usage_errors_exit_with_2(arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_demo_without_its_extra_names_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    code, _, err = run(capsys, "demo")
    assert code == 2
    assert "pip install 'surroreg[demo]'" in err


def test_python_m_surroreg_runs_the_command():
    done = subprocess.run([sys.executable, "-m", "surroreg", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("surroreg 0.")
