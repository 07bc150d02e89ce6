"""``surroreg check`` and ``surroreg.conformance.check``: the same checks without pytest."""

from __future__ import annotations

import io
import json
import shlex

import pytest
import torch

import surroreg
from surroreg import conformance
from surroreg.conformance import Report

ONE = ("--check", "formula_is_right", "--device", "cpu", "--max-examples", "3")


@pytest.fixture
def acme(inside):
    """The README's plugin, and another whose gradient is not its formula."""
    inside.install("acme")
    inside.install("bad", inside.broken.replace("bell", "dent"), version="2.0")
    return inside


def command(place, *options, **how):
    return place.run("surroreg", "check", *options, **how)


def strictly(text):
    """Return parsed JSON; NaN and infinities, which JSON does not know, are refused."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


# -- the command -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acme", "acme/bell", "bell", "BELL", "surroreg-acme", "surroreg_acme:bell"])
def test_a_surrogate_is_found_by_any_of_its_names(acme, name):
    done = command(acme, name, *ONE)
    assert (done.code, done.stderr) == (0, "")
    assert "bell" in done.stdout
    assert "1 passed" in done.stdout


def test_a_built_in_and_all_of_them_are_found(acme):
    assert command(acme, "atan", *ONE).stdout.startswith("builtin/atan  1 passed")
    done = command(acme, "builtin", *ONE)
    assert done.code == 0
    assert len(done.stdout.splitlines()) == len(surroreg.names(namespace="builtin"))


def test_a_failure_is_told_in_full_and_exits_with_1(acme):
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
def test_the_line_to_repeat_a_failure_repeats_it(acme, name):
    acme.write("plugins/dented.py", acme.broken.replace("bell", "dent"))
    first = command(acme, name, *ONE)
    assert first.code == 1
    (line,) = [line for line in first.stdout.splitlines() if line.startswith("repeat:")]
    again = acme.run(*shlex.split(line.removeprefix("repeat:")))
    assert again.code == 1
    facts, same = (done.stdout.splitlines()[1:-1] for done in (first, again))
    assert facts[0].startswith("promised:")
    assert facts == same


def test_the_line_to_repeat_keeps_seed_and_examples(acme):
    source = acme.plugin.replace("    return (", "    assert x.abs().amax() < 1e30 or len(x) < 99\n    return (")
    acme.install("rare", source.replace("bell", "rare"))
    done = command(acme, "bad", "--check", "formula_is_right", "--seed", "7", "--max-examples", "9")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("repeat:")]
    assert "--seed 7" in line
    assert "--max-examples 9" in line


@pytest.mark.parametrize(
    ("options", "told"),
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
def test_a_question_that_is_wrong_exits_with_2_before_anything_runs(acme, options, told):
    (acme.work / "folder.json").mkdir()
    done = command(acme, *options)
    assert (done.code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_that_does_not_load_fails_whichever_check_was_asked_for(acme):
    acme.install("lost", "import nowhere_at_all")
    for options in ((), ("--check", "not_dead")):
        done = command(acme, "lost", *options)
        assert done.code == 1
        assert "nowhere_at_all" in done.stdout


def test_a_module_that_is_not_there_is_named(acme):
    done = command(acme, "nowhere_at_all:bell", "--check", "not_dead")
    assert done.code == 1
    assert "No module named 'nowhere_at_all'" in done.stdout


def test_devices_are_chosen_and_what_is_missing_is_told(acme):
    done = command(acme, "acme/bell", "--check", "forward_dtype", "--device", "meta", "--device", "meta")
    assert (done.code, done.stdout) == (0, "acme/bell  1 passed\n")
    done = command(acme, "acme/bell", "--check", "forward_dtype")
    assert done.code == 0
    assert done.stdout.splitlines()[0] == "acme/bell  2 passed, 1 NOT VERIFIED"
    assert "cuda: 1 checks NOT VERIFIED" in done.stdout


def test_nothing_but_missing_devices_is_no_success(acme):
    assert command(acme, "acme/bell", "--check", "not_dead", "--device", "cuda").code == 1


@pytest.mark.parametrize("options", [[], ["--device", "cpu"]])
def test_a_required_device_that_is_missing_fails(acme, options):
    done = command(acme, "acme/bell", "--check", "not_dead", "--require-device", "cuda", *options)
    assert done.code == 1
    assert "finds no CUDA device" in done.stdout
    assert "require" in done.stdout


def test_reports_are_written_in_every_form(acme):
    files = ["r.json", "r.md", "r.html", "r.badge.json"]
    options = [part for file in files for part in ("--report", file)]
    assert command(acme, "acme/bell", *ONE, *options).code == 0
    assert acme.files == set(files)
    told = strictly((acme.work / "r.json").read_text())
    assert told["ok"] is True
    assert told["plugins"] == [{"namespace": "acme", "distribution": "surroreg-acme", "version": "1.0"}]
    assert told["settings"] == {
        "seed": 0,
        "examples": 3,
        "dtypes": ["float64", "float32", "bfloat16", "float16"],
        "devices": ["cpu"],
    }
    assert told["environment"]["torch"] == torch.__version__
    (result,) = told["results"]
    assert (result["id"], result["status"]) == ("acme/bell::formula_is_right[cpu]", "passed")
    assert 0 <= result["worst"] <= 1
    assert strictly((acme.work / "r.badge.json").read_text())["schemaVersion"] == 1


def test_progress_goes_to_a_terminal_only(acme, monkeypatch):
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


def test_the_installed_command_works_in_a_shell(place):
    place.install("acme", place.broken)
    done = place.run("surroreg check acme/bell --check formula_is_right --device cpu 2>errors | tail -1")
    assert done.stdout == "acme/bell  1 failed\n"
    assert (place.work / "errors").read_text() == ""


# -- the function ------------------------------------------------------------------------------------


@surroreg.surrogate(formula="1/(1+abs(x))", references=["doi:10.1000/1"])
def gentle(x):
    """A surrogate of this module."""
    return 1 / (1 + x.abs())


def twice(x):
    """Twice the formula that is declared for it."""
    return 2 / (1 + x.abs())


#: Under the name of a built-in.
IMPOSTOR = surroreg.SurrogateSpec(name="atan", derivative=twice, formula="1/(1+abs(x))")


class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream / (1 + x.abs())


FEW = {"checks": "not_dead", "devices": ["cpu"], "examples": 3}


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("atan", ["builtin/atan"]),
        ("builtin/atan", ["builtin/atan"]),
        ("acme/bell", ["acme/bell"]),
        ("acme", ["acme/bell"]),
        (gentle, ["gentle"]),
        (Step.apply, ["apply"]),
        (lambda x: Step.apply(x), ["lambda"]),
        (torch.nn.Hardtanh(), ["hardtanh"]),
    ],
)
def test_names_namespaces_specs_and_callables_are_checked(acme, target, names):
    report = conformance.check(target, **FEW)
    assert isinstance(report, Report)
    assert report.ok
    assert report.failures == report.unverified == []
    assert [result.target for result in report.results] == names


def test_a_failure_has_a_check_and_a_message(acme):
    report = conformance.check("bad", checks="f*", devices=["cpu"], examples=3)
    assert not report.ok
    (failure,) = report.failures
    assert failure.check == "formula_is_right"
    for label in ("promised:", "at:", "got:", "expected:", "with:", "formula:", "why:", "repeat:"):
        assert f"\n{label}" in f"\n{failure.message}"


def test_a_report_is_json_and_says_where_it_was_made(acme):
    told = conformance.check("acme", checks="*e*", devices=["cpu", "cuda"], seed=5, examples=3).to_dict()
    assert strictly(json.dumps(told)) == told
    assert told["settings"]["seed"] == 5
    assert {"surroreg", "python", "torch", "hypothesis", "platform", "cuda"} <= set(told["environment"])
    assert told["counts"]["unverified"] > 10
    assert {"namespace": "acme", "distribution": "surroreg-acme", "version": "1.0"} in told["plugins"]


def test_infinite_bounds_are_written_as_strict_json(acme):
    source = acme.head + (
        "@surrogate(parameters=[Parameter('a', 1.0, gt=0, le=float('inf'))])\n"
        "def bell(x, a):\n    return a / (1 + x.abs())\n"
        "@hookimpl\ndef surroreg_surrogates():\n    return [bell]\n"
    )
    acme.install("wide", source)
    assert command(acme, "wide/bell", "--check", "not_dead", "--report", "r.json").code == 0
    assert strictly((acme.work / "r.json").read_text())["ok"] is True


def test_what_is_missing_is_unverified_and_no_success_alone(acme):
    report = conformance.check("atan", checks="not_dead")
    assert report.ok
    assert [(result.check, result.device) for result in report.unverified] == [("not_dead", "cuda")]
    assert not conformance.check("atan", checks="not_dead", devices=["cuda"]).ok


def test_dtypes_are_chosen(acme):
    seen = []

    def spy(x):
        seen.append(x.dtype)
        return Step.apply(x)

    assert conformance.check(spy, **{**FEW, "dtypes": [torch.bfloat16, torch.float64]}).ok
    assert set(seen) == {torch.bfloat16, torch.float64}


@pytest.mark.parametrize(
    "target",
    [3, None, 0.5, b"atan", ["atan"], torch.ones(2), object(), torch.nn.ReLU, Step, surroreg.load("atan")],
    ids=lambda target: type(target).__name__,
)
def test_a_target_of_the_wrong_type_is_a_clear_type_error(target):
    with pytest.raises(TypeError, match="name"):
        conformance.check(target)


@pytest.mark.parametrize("name", ["nope", "acme/nope", "nope/bell", ""])
def test_an_unknown_name_is_what_load_says(acme, name):
    with pytest.raises(surroreg.UnknownSurrogateError, match="no surrogate"):
        conformance.check(name)


@pytest.mark.parametrize(
    ("wrong", "kind", "told"),
    [
        ({"devices": "cpu"}, TypeError, "list"),
        ({"devices": ["gpu"]}, surroreg.SurroregError, "cpu, meta, cuda"),
        ({"devices": []}, (ValueError, surroreg.SurroregError), "device"),
        ({"dtypes": []}, (ValueError, surroreg.SurroregError), "dtype"),
        ({"dtypes": torch.float32}, TypeError, "dtypes"),
        ({"dtypes": ["float32"]}, TypeError, "float32"),
        ({"dtypes": [torch.int64]}, (TypeError, ValueError), "int64"),
        ({"checks": "nope"}, surroreg.SurroregError, "not_dead"),
        ({"checks": ["not_dead"]}, TypeError, "checks"),
        ({"seed": "many"}, TypeError, "seed"),
        ({"seed": 0.5}, TypeError, "seed"),
        ({"seed": 2**70}, (ValueError, surroreg.SurroregError), "seed|64"),
        ({"examples": 0}, (ValueError, surroreg.SurroregError), "example"),
        ({"examples": "5"}, TypeError, "example"),
    ],
)
def test_a_wrong_setting_is_an_error_and_no_failure_of_the_surrogate(wrong, kind, told):
    with pytest.raises(kind, match=told):
        conformance.check("atan", **{"checks": "forward_step", "devices": ["cpu"], **wrong})


def test_no_line_is_given_that_would_repeat_something_else(acme):
    (failure,) = conformance.check(IMPOSTOR, checks="formula_is_right", devices=["cpu"]).failures
    line = failure.message.partition("repeat:")[2]
    if line:  # or else none, where no name leads to it
        assert "builtin" not in line
        assert "check atan" not in line


def test_messages_can_be_written_and_sent_whatever_an_error_says(acme):
    def odd(x):
        raise ValueError("bad \udcff text")

    (failure,) = conformance.check(odd, **FEW).failures
    assert "bad" in failure.message
    failure.message.encode()


def test_seeds_and_repetition_give_the_same_report(acme):
    def told():
        made = conformance.check("stochastic_spike_operator", checks="s*", devices=["cpu"], seed=3).to_dict()
        for result in made["results"]:
            del result["seconds"]
        return made

    assert told() == told()


# -- in a process of its own -------------------------------------------------------------------------

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def python(place, code, *blocked, **variables):
    place.write("program.py", BLOCK.format(blocked=blocked) + code)
    return place.run("python", "program.py", **variables)


def test_without_hypothesis_it_says_what_to_install(place):
    code = """
import surroreg
for ask in (lambda: surroreg.conformance.check, lambda: __import__("surroreg.conformance.runner")):
    try:
        ask()
    except ImportError as error:
        print(error)
from surroreg.cli import main
sys.exit(main(["check", "atan"]))
"""
    done = python(place, code, "hypothesis")
    assert done.code == 2
    assert "conformance needs hypothesis: pip install 'surroreg[conformance]'" in done.stdout
    assert "pip install 'surroreg[conformance]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_works_where_pytest_cannot_be_imported(place):
    code = """
import surroreg
assert surroreg.conformance.check("atan", checks="forward_step", devices=["cpu"], examples=3).ok
from surroreg.cli import main
sys.exit(main(["check", "atan", "--check", "not_dead"]))
"""
    done = python(place, code, "pytest", "_pytest")
    assert (done.code, done.stderr) == (0, "")


STATE = """
import gc, os, random, warnings
import torch, surroreg
import torch._dynamo.config, torch._inductor.config, torch._functorch.config
import numpy
if sys.version_info < (3, 11):
    import exceptiongroup  # which hypothesis imports there, and which sets the excepthook

def state():
    return {
        "generator": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "threads": torch.get_num_threads(),
        "interop threads": torch.get_num_interop_threads(),
        "grad mode": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "dynamo": torch._dynamo.config.get_config_copy(),
        "functorch": torch._functorch.config.get_config_copy(),
        "random": random.getstate(),
        "numpy": numpy.random.get_state()[1].tolist(),
        # The compiler of torch 2.9 tells its children where its cache is.
        "environment": {key: value for key, value in os.environ.items() if key != "TORCHINDUCTOR_CACHE_DIR"},
        "folder": os.getcwd(),
        "path": list(sys.path),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
        "names": surroreg.names(),
        "stdout": (sys.stdout, sys.stderr, sys.excepthook),
        "recursion": sys.getrecursionlimit(),
    }

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.set_grad_enabled(False)
torch.rand(3)
random.random()
warnings.simplefilter("error")
before = state()
report = surroreg.conformance.check("acme", devices=["cpu", "meta"], examples=3)
assert report.ok, report.failures
after = state()
for what in before:
    assert before[what] == after[what], what
print(len(report.results))
"""


def test_global_state_is_left_alone(place):
    place.install("acme")
    done = python(place, STATE)
    assert (done.code, done.stderr) == (0, "")
    assert int(done.stdout) > 50
    assert place.files == {"program.py"}
