"""``pytest --plugin-conformance`` as a user meets it, in processes of its own, most of them forks."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import surroreg
from surroreg.conformance.table import CHECKS
from tests.conformance.reports import report_in, strict_json

NO_CACHE = ("-p", "no:cacheprovider")
FEW = tuple(f"--conformance-check={c}" for c in ("forward_nan", "not_dead", "formula_is_right", "backward_values"))
FORMATS = ("json", "md", "html", "badge.json")


# -- a correct plugin --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def green(fresh):
    """The README's plugin in an empty folder: all checks, all reports."""
    place = fresh()
    place.install("acme")
    reports = [f"--conformance-report=r.{kind}" for kind in FORMATS]
    return place, place.check("-rs", "--junitxml=junit.xml", *reports)


def test_correct_plugin_is_green(green):
    _, done = green
    assert (done.code, done.stderr) == (0, "")
    assert set(done.outcomes) == {"passed", "skipped"}
    assert done.outcomes["passed"] > 45


def test_checks_of_a_missing_device_are_not_verified(green):
    place, done = green
    cuda = [result for result in report_in(place.work / "r.json")["results"] if result["device"] == "cuda"]
    assert {result["status"] for result in cuda} == {"unverified"}
    assert f"cuda: {len(cuda)} checks NOT VERIFIED (" in done.stdout
    assert re.search(rf"SKIPPED \[{len(cuda)}\].*NOT VERIFIED: torch .* finds no CUDA device", done.stdout)
    assert f"{len(cuda)} NOT VERIFIED" in next(x for x in done.stdout.splitlines() if x.startswith("acme/bell  "))


def test_every_check_that_applies_is_run(green):
    place, _ = green
    applied = {result["check"] for result in report_in(place.work / "r.json")["results"]}
    absent = {check.id for check in CHECKS.values()} - applied
    declared_otherwise = {"factory_pickles", "formula_is_stable", "formula_compiles", "even_exactly"}
    assert {check for check in absent if "stochastic" not in check} <= declared_otherwise


def test_run_writes_the_reports_and_nothing_else(green):
    place, _ = green
    assert place.files == {"junit.xml", *(f"r.{kind}" for kind in FORMATS)}


def test_report_names_plugin_settings_and_environment(green):
    place, _ = green
    report = report_in(place.work / "r.json")
    assert report["ok"] is True
    assert report["plugins"] == [{"namespace": "acme", "distribution": "surroreg-acme", "version": "1.0"}]
    assert report["settings"]["seed"] == 0
    assert report["settings"]["examples"] == 3
    assert report["environment"]["surroreg"] == surroreg.__version__
    assert {"python", "platform", "torch", "hypothesis", "cuda"} <= set(report["environment"])
    assert report["surrogates"]["acme/bell"]["formula"] == "exp(-(x/width)**2)"
    results = {result["id"]: result for result in report["results"]}
    assert 0 < results["acme/bell::formula_is_right[cpu]"]["worst"] < 1
    assert results["acme/bell::peak[cpu]"]["measures"]["peak"] == pytest.approx(1)
    assert {result["status"] for result in report["results"]} == {"passed", "skipped", "unverified"}


def test_reports_of_other_formats_are_written(green):
    place, done = green
    assert "| `acme/bell` |" in (place.work / "r.md").read_text(encoding="utf-8")
    assert (place.work / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    badge = strict_json((place.work / "r.badge.json").read_text(encoding="utf-8"))
    assert badge["schemaVersion"] == 1
    assert re.fullmatch(r"\d+ checks on cpu", badge["message"])
    assert badge["color"] == "brightgreen"
    for kind in FORMATS:
        assert f"report: {place.work / f'r.{kind}'}" in done.stdout


def test_junit_has_a_case_per_check_in_a_class_per_surrogate(green):
    place, done = green
    cases = list(ElementTree.parse(place.work / "junit.xml").iter("testcase"))
    assert len(cases) == sum(done.outcomes.values())
    classes = {case.get("classname") for case in cases}
    assert classes == {"surroreg-conformance.acme", "surroreg-conformance.acme/bell"}
    assert "forward_step[cpu]" in {case.get("name") for case in cases}
    skipped = [case.find("skipped") for case in cases if case.get("name") == "not_dead[cuda]"]
    assert skipped[0].get("message").startswith("NOT VERIFIED: ")


# -- a plugin with a broken gradient -----------------------------------------------------------------


@pytest.fixture(scope="module")
def red(fresh):
    """A plugin whose gradient is not its formula: a few checks in a strict, verbose run."""
    place = fresh()
    place.install("acme", place.broken)
    options = ("-v", "-W", "error", "--strict-markers", "--strict-config", "--conformance-report=r.json")
    return place, place.check(*FEW, *options)


def test_broken_gradient_is_red(red):
    place, done = red
    assert (done.code, done.stderr) == (1, "")
    assert done.outcomes == {"failed": 1, "passed": 3, "skipped": 4}
    assert re.search(r"surroreg-conformance::acme/bell::not_dead\[cpu\] PASSED", done.stdout)
    assert re.search(r"surroreg-conformance::acme/bell::formula_is_right\[cpu\] FAILED", done.stdout)
    assert report_in(place.work / "r.json")["ok"] is False


def test_failure_message_has_promise_input_values_and_repeat(red):
    place, done = red
    _, _, text = done.stdout.partition("_ acme/bell::formula_is_right[cpu] _")
    facts = {label: fact.strip() for label, _, fact in (line.partition(":") for line in text.splitlines()[1:9])}
    assert facts["promised"] == "the derivative is its formula, exp(-(x/width)**2)"
    assert facts["at"].startswith("x = ")
    assert float(facts["got"]) == pytest.approx(1.1 * float(facts["expected"]))
    assert facts["with"] == "width=0.5, float64, on cpu"
    assert facts["formula"] == "exp(-(x/width)**2)"
    assert facts["why"]
    assert facts["repeat"].startswith("surroreg check acme/bell --check formula_is_right --device cpu --seed 0")
    assert "Traceback" not in done.stdout
    (failed,) = [r for r in report_in(place.work / "r.json")["results"] if r["status"] == "failed"]
    assert failed["message"] in done.stdout
    assert failed["worst"] > 1


def test_line_to_repeat_repeats_the_failure_in_a_shell(red):
    place, done = red
    (line,) = re.findall(r"^repeat: +(.*)$", done.stdout, re.M)
    again = place.spawn(line)
    assert (again.code, again.stderr) == (1, "")
    (message,) = [r["message"] for r in report_in(place.work / "r.json")["results"] if r["status"] == "failed"]
    assert again.stdout == f"FAILED acme/bell::formula_is_right[cpu]\n{message}\n\nacme/bell  1 failed\n"


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        # Python keeps the optimised bytecode, or every run would compile all modules of torch for -O.
        (("python", "-O", "-W", "ignore", "-m", "pytest", "-q"), {"PYTHONDONTWRITEBYTECODE": ""}),
        (("pytest", "-q", "-p", "surroreg"), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
    ],
    ids=["-O", "-p surroreg"],
)
def test_broken_gradient_is_red_however_pytest_is_called(red, command, variables):
    place, _ = red
    done = place.run(*command, *NO_CACHE, "--plugin-conformance", *FEW[1:3], **variables)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 1, "skipped": 2}
    assert "cuda: " in done.stdout
    assert "promised: the derivative is its formula" in done.stdout
    assert place.files == {"r.json"}


def test_reports_are_equal_with_and_without_workers(inside):
    inside.install("acme", inside.broken)
    inside.install("zed", inside.plugin.replace("bell", "bump"), version="2.0")
    some = (*FEW, "--conformance-check=forward_step", "--conformance-check=provider_loads")

    def options(name):
        return (*some, f"--conformance-report={name}.json", f"--conformance-report={name}.md")

    runs = {
        "alone": inside.check(*options("alone")),
        "workers": inside.check_apart(*options("workers"), "-n", "2", "-v", "--junitxml=junit.xml"),
    }
    for done in runs.values():
        assert (done.code, done.stderr) == (1, "")
        assert done.outcomes == {"failed": 1, "passed": 11, "skipped": 10}
        assert "cuda: 10 checks NOT VERIFIED" in done.stdout
    assert report_in(inside.work / "alone.json") == report_in(inside.work / "workers.json")
    assert (inside.work / "alone.md").read_text() == (inside.work / "workers.md").read_text()
    names = [result["target"] for result in report_in(inside.work / "alone.json")["results"]]
    assert names == sorted(names)
    classes = {case.get("classname") for case in ElementTree.parse(inside.work / "junit.xml").iter("testcase")}
    assert classes == {f"surroreg-conformance.{name}" for name in names}
    # Workers leave no other file behind.
    assert inside.files == {"junit.xml", *(f"{name}.{kind}" for name in runs for kind in ("json", "md"))}


def test_empty_selection_is_reported_by_workers_too(place):
    place.install("acme")
    done = place.check("-n", "1", "--conformance-plugin=amce")
    assert done.code != 0
    assert "amce" in done.text
    assert "INTERNALERROR" not in done.text


# -- a good citizen ----------------------------------------------------------------------------------


def test_run_without_the_flag_imports_and_prints_nothing(place):
    place.install("acme")
    place.write(
        "test_own.py",
        "import sys\n\ndef test_nothing_is_imported():\n"
        "    imported = {name.partition('.')[0] for name in sys.modules}\n"
        "    assert not imported & {'torch', 'numpy', 'hypothesis', 'surroreg_acme'}\n"
        "    assert {n for n in sys.modules if n.startswith('surroreg')} <= {'surroreg', 'surroreg.pytest_plugin'}\n",
    )
    # Hypothesis has a plugin of its own, which imports it.
    done = place.spawn("pytest", "-q", *NO_CACHE, "-p", "no:hypothesispytest", "-W", "error")
    assert done.code == 0, done.text
    assert "surroreg" not in done.text
    assert place.files == {"test_own.py"}


#: Two runs of pytest in one process, which imports torch once.
TWICE = """
import sys
import pytest

for options in ([], ["test_own.py"]):
    code = pytest.main([*sys.argv[1:], *options])
    print("CODE", int(code))
"""


def test_surroreg_in_a_virtual_environment_of_the_project(place):
    packages = place.work / ".venv/lib/python/site-packages"
    packages.mkdir(parents=True)
    place.write(".venv/pyvenv.cfg", "home = /usr/bin\n")
    shutil.copytree(Path(surroreg.__file__).parent, packages / "surroreg", ignore=shutil.ignore_patterns("__pycache__"))
    # Other packages put files there that pytest must not collect.
    place.write(".venv/lib/python/site-packages/conftest.py", "raise RuntimeError('stray')")
    place.write(".venv/lib/python/site-packages/test_stray.py", "def test_stray():\n    assert 0")
    place.install("acme", place.broken)
    place.write("test_own.py", "def test_passes():\n    pass\n")
    path = os.pathsep.join([str(packages), str(place.site), os.environ.get("PYTHONPATH", "")])
    quick = (*NO_CACHE, "--plugin-conformance", "--conformance-max-examples=3", *FEW)
    done = place.run("python", "-c", TWICE, *quick, PYTHONPATH=path.rstrip(os.pathsep))
    codes = re.findall(r"^CODE (\d+)$", done.stdout, re.M)
    counts = re.findall(r"^=+ (1 failed, 4 passed, 4 skipped) in ", done.stdout, re.M)
    assert (codes, len(counts)) == (["1", "1"], 2), done.text
    assert "stray" not in done.text


def test_path_of_modules_is_left_as_it_was(place):
    place.install("acme")
    place.write("test_own.py", "import sys\n\ndef test_path():\n    print('PATH', sys.path)\n")
    paths = [
        re.findall(r"PATH (.*)$", place.run("pytest", "-s", *NO_CACHE, *options).stdout, re.M)
        for options in ((), ("--plugin-conformance", "--conformance-check=not_dead"))
    ]
    assert paths[0] == paths[1] != []


def test_plugin_in_the_current_folder_is_checked(place):
    place.write("deep/__init__.py", "")
    place.write("deep/plugin.py", place.broken)
    some = ("--conformance-check=formula_is_right", "--conformance-check=provider_*", "--conformance-check=copies")
    done = place.check("--conformance-object=deep.plugin", *some)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 5, "skipped": 1}
    (line,) = re.findall(r"^repeat: +(.*)$", done.stdout, re.M)
    again = place.run(*shlex.split(line))
    assert again.code == 1
    assert "promised: the derivative is its formula" in again.stdout
    assert place.files == {"deep", "deep/__init__.py", "deep/plugin.py"}
