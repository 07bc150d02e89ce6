"""``surroreg bench`` measures what it claims to measure. No test judges how fast a surrogate is."""

import json
import sys
import time

import pytest
import torch

from surroreg.bench import surrogates
from surroreg.bench.surrogates import Cell, Contest
from surroreg.bench.timing import Time, in_turn, one_by_one, summary
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
    assert all(words in out for words in ("cold: snntorch takes", "warm: snntorch takes", "snntorch takes x"))
    assert "faster than ours by more than 5% and the spread: " in out
    assert f"torch {torch.__version__}" in out.splitlines()[0]


def test_json_has_the_times_and_their_ratios(capsys):
    results = measured(capsys, "heaviside", "--size", "100", "--dtype", "bfloat16")
    assert results["schema"] == 1
    assert results["machine"]["torch"] == torch.__version__
    (cell,) = results["surrogates"]
    assert (cell["name"], cell["size"], cell["dtype"], cell["mode"]) == ("heaviside", 100, "bfloat16", "eager")
    for state in ("cold", "warm"):
        contest = cell[state]
        assert {"surroreg", "snntorch"} <= set(contest["times"])
        ours, theirs = (contest["times"][who]["median"] for who in ("surroreg", "snntorch"))
        assert contest["peers"]["snntorch"] == pytest.approx(theirs / ours)
        assert contest["of_limit"] == pytest.approx(ours / contest["limit"])
        means = [mean["ratio"] for mean in results["means"] if (mean["state"], mean["library"]) == (state, "snntorch")]
        assert means == [pytest.approx(theirs / ours)]


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
    assert cell["cold"]["times"]["surroreg"]["median"] > 0
    assert cell["fused"] > 0


def test_cost_of_the_registry_is_measured(capsys):
    results = measured(capsys, "--registry")
    assert "overhead" in results
    for load in ("a later load", "surroreg list", "a scan of 1000 distributions", "the first load, after import torch"):
        assert results["registry"][load]["median"] > 0


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


def test_single_calls_are_timed_in_turn_after_other_work():
    seen = []
    calls = {name: lambda name=name: seen.append(name) for name in "abc"}
    times = one_by_one(calls, rounds=6, between=lambda: seen.append("-"))
    assert set(times) == set("abc")
    counted = "".join(seen[6:])  # the first calls set up caches
    assert counted[::2] == "-" * 18
    rounds = [counted[start : start + 6].replace("-", "") for start in range(0, 36, 6)]
    assert rounds == ["abc", "bca", "cab", "acb", "bac", "cba"]


def test_time_of_other_work_does_not_count():
    times = one_by_one({"nothing": lambda: None}, rounds=3, between=lambda: time.sleep(0.01))
    assert times["nothing"].median < 0.01


def test_summary_is_median_and_spread():
    assert summary([3.0]) == Time(3.0, 0.0)
    assert summary([1.0, 2.0, 3.0, 4.0, 5.0]).median == 3
    assert summary([2.0] * 9) == Time(2.0, 0.0)


def test_means_and_slower_cells_are_of_ratios():
    def contest(ours, theirs, spread=0.0):
        return Contest({"surroreg": Time(ours, spread), "peer": Time(theirs, 0)}, 1.0)

    def cell(name, cold, warm):
        return Cell(name, 10, "float32", "eager", "cpu", {}, cold, warm)

    even, noisy = contest(1.0, 0.97), contest(1.0, 0.8, spread=0.3)
    cells = [
        cell("a", contest(1.0, 8.0), even),
        cell("b", contest(2.0, 1.0), even),
        cell("c", noisy, contest(4.0, 1.0)),
    ]
    where = ("cpu", "eager", "float32", 10, "peer")
    assert surrogates.means(cells[:2]) == {
        ("cold", *where): pytest.approx(2.0),
        ("warm", *where): pytest.approx(0.97),
    }
    found = [(slow.name, state, who, ratio) for slow, state, who, ratio in surrogates.slower(cells)]
    assert found == [("b", "cold", "peer", 0.5), ("c", "warm", "peer", 0.25)]
