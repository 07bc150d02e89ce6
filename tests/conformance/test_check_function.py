"""``surroreg.conformance.check``: the checks as a function."""

from __future__ import annotations

import json

import pytest
import torch

import surroreg
from surroreg import conformance
from surroreg.conformance import Report
from tests.conformance.reports import strict_json


@pytest.fixture
def acme(inside):
    """The README's plugin, and another whose gradient is not its formula."""
    inside.install("acme")
    inside.install("bad", inside.broken.replace("bell", "dent"), version="2.0")
    return inside


@surroreg.surrogate(formula="1/(1+abs(x))", references=["doi:10.1000/1"])
def gentle(x):
    """A surrogate of this module."""
    return 1 / (1 + x.abs())


def twice(x):
    """Twice the formula that is declared for it."""
    return 2 / (1 + x.abs())


#: A spec that has the name of a built-in.
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


def test_failure_has_a_check_and_a_message(acme):
    report = conformance.check("bad", checks="f*", devices=["cpu"], examples=3)
    assert not report.ok
    (failure,) = report.failures
    assert failure.check == "formula_is_right"
    for label in ("promised:", "at:", "got:", "expected:", "with:", "formula:", "why:", "repeat:"):
        assert f"\n{label}" in f"\n{failure.message}"


def test_report_is_json_and_names_its_environment(acme):
    report = conformance.check("acme", checks="*ward_*", devices=["cpu", "cuda"], seed=5, examples=3).to_dict()
    assert strict_json(json.dumps(report)) == report
    assert report["settings"]["seed"] == 5
    assert {"surroreg", "python", "torch", "hypothesis", "platform", "cuda"} <= set(report["environment"])
    assert report["counts"]["unverified"] > 10
    assert {"namespace": "acme", "distribution": "surroreg-acme", "version": "1.0"} in report["plugins"]


def test_infinite_bound_is_written_as_strict_json(acme):
    source = acme.head + (
        "@surrogate(parameters=[Parameter('a', 1.0, gt=0, le=float('inf'))])\n"
        "def bell(x, a):\n    return a / (1 + x.abs())\n"
        "@hookimpl\ndef surroreg_surrogates():\n    return [bell]\n"
    )
    acme.install("wide", source)
    assert acme.run("surroreg", "check", "wide/bell", "--check", "not_dead", "--report", "r.json").code == 0
    assert strict_json((acme.work / "r.json").read_text())["ok"] is True


def test_missing_device_is_unverified_and_no_success_alone(acme):
    report = conformance.check("atan", checks="not_dead")
    assert report.ok
    assert [(result.check, result.device) for result in report.unverified] == [("not_dead", "cuda")]
    assert not conformance.check("atan", checks="not_dead", devices=["cuda"]).ok


@pytest.mark.parametrize("checks", [FEW["checks"], "*_elementwise"])
def test_chosen_dtypes_are_the_ones_checked(acme, checks):
    seen = []

    def spy(x):
        seen.append(x.dtype)
        return Step.apply(x)

    assert conformance.check(spy, **{**FEW, "checks": checks, "dtypes": [torch.bfloat16, torch.float64]}).ok
    assert set(seen) == {torch.bfloat16, torch.float64}


@pytest.mark.parametrize(
    "target",
    [3, None, 0.5, b"atan", ["atan"], torch.ones(2), object(), torch.nn.ReLU, Step, surroreg.load("atan")],
    ids=lambda target: type(target).__name__,
)
def test_target_of_the_wrong_type_is_a_type_error(target):
    with pytest.raises(TypeError, match="name"):
        conformance.check(target)


@pytest.mark.parametrize("name", ["nope", "acme/nope", "nope/bell", ""])
def test_unknown_name_raises_what_load_raises(acme, name):
    with pytest.raises(surroreg.UnknownSurrogateError, match="no surrogate"):
        conformance.check(name)


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
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
def test_wrong_setting_raises_and_is_no_failure(wrong, kind, message):
    with pytest.raises(kind, match=message):
        conformance.check("atan", **{"checks": "forward_step", "devices": ["cpu"], **wrong})


def test_line_to_repeat_never_names_another_surrogate(acme):
    (failure,) = conformance.check(IMPOSTOR, checks="formula_is_right", devices=["cpu"]).failures
    line = failure.message.partition("repeat:")[2]
    if line:  # the message has no line where no name leads to the spec
        assert "builtin" not in line
        assert "check atan" not in line


def test_message_of_an_odd_error_can_be_encoded(acme):
    def odd(x):
        raise ValueError("bad \udcff text")

    (failure,) = conformance.check(odd, **FEW).failures
    assert "bad" in failure.message
    failure.message.encode()


def test_equal_seeds_give_equal_reports(acme):
    def report():
        described = conformance.check("stochastic_spike_operator", checks="s*", devices=["cpu"], seed=3).to_dict()
        for result in described["results"]:
            del result["seconds"]
        return described

    assert report() == report()
