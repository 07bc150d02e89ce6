"""``surroreg check``: the checks without pytest."""

from __future__ import annotations

import io
import shlex

import pytest
import torch

import surroreg
from tests.conformance.reports import strict_json

ONE = ("--check", "formula_is_right", "--device", "cpu", "--max-examples", "3")


@pytest.fixture
def acme(inside):
    """The README's plugin, and another whose gradient is not its formula."""
    inside.install("acme")
    inside.install("bad", inside.broken.replace("bell", "dent"), version="2.0")
    return inside


def command(place, *options, **how):
    return place.run("surroreg", "check", *options, **how)


@pytest.mark.parametrize("name", ["acme", "acme/bell", "bell", "BELL", "surroreg-acme", "surroreg_acme:bell"])
def test_surrogate_is_found_by_each_of_its_names(acme, name):
    done = command(acme, name, *ONE)
    assert (done.code, done.stderr) == (0, "")
    assert "bell" in done.stdout
    assert "1 passed" in done.stdout


def test_builtin_and_the_namespace_builtin_are_found(acme):
    assert command(acme, "atan", *ONE).stdout.startswith("builtin/atan  1 passed")
    done = command(acme, "builtin", *ONE)
    assert done.code == 0
    assert len(done.stdout.splitlines()) == len(surroreg.names(namespace="builtin"))


def test_failure_is_printed_in_full_and_exits_with_1(acme):
    done = command(acme, "bad", *ONE)
    assert done.code == 1
    assert done.stderr == ""
    assert done.stdout.startswith("FAILED bad/dent::formula_is_right[cpu]\n")
    labels = [line.partition(":")[0] for line in done.stdout.splitlines()[1:9]]
    assert labels == ["promised", "at", "got", "expected", "with", "formula", "why", "repeat"]
    assert done.stdout.splitlines()[-1] == "bad/dent  1 failed"


@pytest.mark.parametrize(
    "name", ["bad", "bad/dent", "dent", "surroreg_bad:dent", "plugins.dented", "plugins.dented:dent"]
)
def test_line_to_repeat_repeats_the_failure(acme, name):
    acme.write("plugins/dented.py", acme.broken.replace("bell", "dent"))
    first = command(acme, name, *ONE)
    assert first.code == 1
    (line,) = [line for line in first.stdout.splitlines() if line.startswith("repeat:")]
    again = acme.run(*shlex.split(line.removeprefix("repeat:")))
    assert again.code == 1
    facts, same = (done.stdout.splitlines()[1:-1] for done in (first, again))
    assert facts[0].startswith("promised:")
    assert facts == same


def test_line_to_repeat_keeps_seed_and_examples(acme):
    done = command(acme, "bad", "--check", "formula_is_right", "--seed", "7", "--max-examples", "9")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("repeat:")]
    assert "--seed 7" in line
    assert "--max-examples 9" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nope"], "no surrogate 'nope'"),
        (["acme/blel"], "acme/bell"),
        (["acme", "--check", "nope"], "'nope'"),
        (["acme", "--device", "gpu"], "cpu, meta, cuda"),
        (["acme", "--require-device", "cudda"], "cpu, meta, cuda"),
        (["acme", "--report", "r.txt"], ".badge.json"),
        (["acme", "--report", "nowhere/r.json"], "nowhere"),
        (["acme", "--report", "folder.json"], "folder.json"),
        (["acme", "--max-examples", "0"], "at least 1"),
        (["acme", "--max-examples", "many"], "many"),
        (["acme", "--seed", "x"], "'x'"),
        (["acme", "--seed", "9" * 30], "9" * 30),
        (["acme", "--frobnicate"], "--frobnicate"),
        ([], "NAME"),
    ],
)
def test_wrong_arguments_exit_with_2_before_any_check(acme, options, message):
    (acme.work / "folder.json").mkdir()
    done = command(acme, *options)
    assert (done.code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_plugin_that_does_not_load_fails_whatever_the_check(acme):
    acme.install("lost", "import nowhere_at_all")
    for options in ((), ("--check", "not_dead")):
        done = command(acme, "lost", *options)
        assert done.code == 1
        assert "nowhere_at_all" in done.stdout


def test_missing_module_is_named(acme):
    done = command(acme, "nowhere_at_all:bell", "--check", "not_dead")
    assert done.code == 1
    assert "No module named 'nowhere_at_all'" in done.stdout


def test_chosen_devices_are_checked_and_missing_ones_reported(acme):
    done = command(acme, "acme/bell", "--check", "forward_dtype", "--device", "meta", "--device", "meta")
    assert (done.code, done.stdout) == (0, "acme/bell  1 passed\n")
    done = command(acme, "acme/bell", "--check", "forward_dtype")
    assert done.code == 0
    assert done.stdout.splitlines()[0] == "acme/bell  2 passed, 1 NOT VERIFIED"
    assert "cuda: 1 checks NOT VERIFIED" in done.stdout


def test_run_on_missing_devices_alone_is_no_success(acme):
    assert command(acme, "acme/bell", "--check", "not_dead", "--device", "cuda").code == 1


@pytest.mark.parametrize("options", [[], ["--device", "cpu"]])
def test_required_device_that_is_missing_fails(acme, options):
    done = command(acme, "acme/bell", "--check", "not_dead", "--require-device", "cuda", *options)
    assert done.code == 1
    assert "finds no CUDA device" in done.stdout
    assert "require" in done.stdout


def test_reports_are_written_in_every_form(acme):
    files = ["r.json", "r.md", "r.html", "r.badge.json"]
    options = [part for file in files for part in ("--report", file)]
    assert command(acme, "acme/bell", *ONE, *options).code == 0
    assert acme.files == set(files)
    report = strict_json((acme.work / "r.json").read_text())
    assert report["ok"] is True
    assert report["plugins"] == [{"namespace": "acme", "distribution": "surroreg-acme", "version": "1.0"}]
    assert report["settings"] == {
        "seed": 0,
        "examples": 3,
        "strict": False,
        "dtypes": ["float64", "float32", "bfloat16", "float16"],
        "devices": ["cpu"],
    }
    assert report["environment"]["torch"] == torch.__version__
    (result,) = report["results"]
    assert (result["id"], result["status"]) == ("acme/bell::formula_is_right[cpu]", "passed")
    assert 0 <= result["worst"] <= 1
    assert strict_json((acme.work / "r.badge.json").read_text())["schemaVersion"] == 1


def test_progress_is_shown_in_a_terminal_only(acme, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    done = command(acme, "acme/bell", *ONE)
    assert done.stderr == ""
    assert "\r" not in done.stdout
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(io, "StringIO", lambda: terminal)
        done = command(acme, "acme/bell", *ONE)
    assert "1/1 acme/bell::formula_is_right[cpu]" in terminal.getvalue()
