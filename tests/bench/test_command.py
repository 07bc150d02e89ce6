"""``surroreg bench`` measures what it claims to measure. No test judges how fast a surrogate is."""

import json
import sys

import pytest
import torch

from surroreg.bench import surrogates
from surroreg.bench.surrogates import Cell
from surroreg.bench.timing import Time, in_turn, summary
from surroreg.cli import main

QUICK = ("--rounds", "1", "--device", "cpu")


def run(capsys, *arguments):
    code = main(["bench", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def measured(capsys, *arguments):
    code, out, err = run(capsys, *arguments, *QUICK, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_table_has_a_row_per_cell_and_a_verdict(capsys):
    code, out, err = run(capsys, "SSO", "atan", "--size", "1e3", "--size", "10", "--dtype", "float32", *QUICK)
    assert (code, err) == (0, "")
    rows = [line.split()[:3] for line in out.splitlines() if line.startswith(("atan", "stochastic"))]
    assert rows == [
        [name, size, "float32"] for name in ("stochastic_spike_operator", "atan") for size in ("1,000", "10")
    ]
    assert "snntorch takes x" in out
    assert "faster than ours by more than 5% and the spread: " in out
    assert f"torch {torch.__version__}" in out.splitlines()[0]


def test_json_has_the_times_and_their_ratios(capsys):
    results = measured(capsys, "heaviside", "--size", "100", "--dtype", "bfloat16")
    assert results["schema"] == 1
    assert results["machine"]["torch"] == torch.__version__
    (cell,) = results["surrogates"]
    assert (cell["name"], cell["size"], cell["dtype"], cell["mode"]) == ("heaviside", 100, "bfloat16", "eager")
    assert {"surroreg", "snntorch"} <= set(cell["times"])
    ours, theirs = (cell["times"][who]["median"] for who in ("surroreg", "snntorch"))
    assert cell["peers"]["snntorch"] == pytest.approx(theirs / ours)
    assert cell["of_limit"] == pytest.approx(ours / cell["limit"])
    (mean,) = [mean for mean in results["means"] if mean["library"] == "snntorch"]
    assert mean["ratio"] == pytest.approx(theirs / ours)


KEPT = {"straight_through_estimator": 0, "heaviside": 8, "atan": 8}


@pytest.mark.parametrize("name", KEPT)
def test_bytes_kept_for_the_backward_pass_are_reported(name, capsys):
    (cell,) = measured(capsys, name, "--size", "100", "--dtype", "float64")["surrogates"]
    assert cell["kept"]["surroreg"] == KEPT[name]


def test_compiled_code_is_measured_on_demand(capsys):
    if sys.platform != "linux":
        pytest.skip("torch.compile needs a C++ compiler, which is certain on Linux only")
    (cell,) = measured(capsys, "triangular", "--size", "100", "--dtype", "float32", "--mode", "compiled")["surrogates"]
    assert cell["mode"] == "compiled"
    assert cell["times"]["surroreg"]["median"] > 0
    assert cell["fused"] > 0


def test_cost_of_the_registry_is_measured(capsys):
    results = measured(capsys, "--registry")
    assert "overhead" in results
    for load in ("a later load", "surroreg list", "a scan of 1000 distributions", "the first load, after import torch"):
        assert results["registry"][load]["median"] > 0


def test_network_trains_with_their_and_our_surrogate(capsys):
    results = measured(capsys, "--network", "atan", "tanh")  # snnTorch has no tanh
    (step,) = results["network"]
    assert (step["name"], step["device"]) == ("atan", "cpu")
    assert set(step["times"]) == {"surroreg", "snntorch"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--device", "tpu"], ["tpu", "cpu"]),
        (["atann"], ["atann", "atan"]),
        (["custom_surrogate"], ["custom_surrogate_function"]),
    ],
)
def test_wrong_arguments_exit_with_2_before_measuring(capsys, arguments, words):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert all(word in err for word in words)


@pytest.mark.parametrize("arguments", [["--size", "0.5"], ["--size", "many"], ["--dtype", "int64"], ["--rounds", "0"]])
def test_malformed_option_is_a_usage_error(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["bench", *arguments])
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_lone_surrogate_names_what_to_compare_with(capsys):
    code, out, err = run(capsys, "inverse_spike_operator", "--size", "10", "--dtype", "float32", *QUICK)
    assert (code, err) == (0, "")
    assert "pip install snntorch" in out
    assert "faster" not in out


def test_missing_tqdm_is_named_with_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    code, _, err = run(capsys, "atan")
    assert code == 2
    assert "pip install 'surroreg[bench]'" in err


def test_functions_are_timed_in_turn():
    seen = []
    times = in_turn({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, rounds=3)
    assert set(times) == {"a", "b"}
    turns = [who for place, who in enumerate(seen) if place == 0 or seen[place - 1] != who]
    assert len(turns) > 4


def test_summary_is_median_and_spread():
    assert summary([3.0]) == Time(3.0, 0.0)
    assert summary([1.0, 2.0, 3.0, 4.0, 5.0]).median == 3
    assert summary([2.0] * 9) == Time(2.0, 0.0)


def test_means_and_slower_cells_are_of_ratios():
    def cell(name, ours, theirs, spread=0.0):
        times = {"surroreg": Time(ours, spread), "peer": Time(theirs, 0)}
        return Cell(name, 10, "float32", "eager", "cpu", times, 1.0, {})

    cells = [cell("a", 1.0, 8.0), cell("b", 2.0, 1.0), cell("c", 1.0, 0.97), cell("d", 1.0, 0.8, spread=0.3)]
    assert surrogates.means(cells[:2]) == {("cpu", "eager", "float32", 10, "peer"): pytest.approx(2.0)}
    assert [(slow.name, who, ratio) for slow, who, ratio in surrogates.slower(cells)] == [("b", "peer", 0.5)]
