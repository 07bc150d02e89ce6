"""``pytest --plugin-conformance`` as a user meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import surroreg
from surroreg.conformance.table import CHECKS

NO_CACHE = ("-p", "no:cacheprovider")
FEW = tuple(f"--conformance-check={c}" for c in ("forward_nan", "not_dead", "formula_is_right", "backward_values"))
FORMATS = ("json", "md", "html", "badge.json")
OWN = "def test_passes():\n    pass\n\ndef test_fails():\n    assert 0, 'my own'\n"


def strictly(path):
    """Return parsed JSON; NaN and infinities, which JSON does not know, are refused."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def told(place, name="r.json"):
    """Return a JSON report, without the time it took."""
    report = strictly(place.work / name)
    for result in report["results"]:
        assert result.pop("seconds") >= 0
    return report


# -- a correct plugin --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def green(fresh):
    """The README's plugin in an empty folder: all checks, all reports."""
    place = fresh()
    place.install("acme")
    reports = [f"--conformance-report=r.{kind}" for kind in FORMATS]
    return place, place.check("-rs", "--junitxml=junit.xml", *reports)


def test_a_correct_plugin_is_green(green):
    _, done = green
    assert (done.code, done.stderr) == (0, "")
    assert set(done.outcomes) == {"passed", "skipped"}
    assert done.outcomes["passed"] > 45


def test_checks_for_which_there_is_no_device_are_visibly_not_verified(green):
    place, done = green
    cuda = [result for result in told(place)["results"] if result["device"] == "cuda"]
    assert {result["status"] for result in cuda} == {"unverified"}
    assert f"cuda: {len(cuda)} checks NOT VERIFIED (" in done.stdout
    assert re.search(rf"SKIPPED \[{len(cuda)}\].*NOT VERIFIED: torch .* finds no CUDA device", done.stdout)
    assert f"{len(cuda)} NOT VERIFIED" in next(x for x in done.stdout.splitlines() if x.startswith("acme/bell  "))


def test_every_check_is_there_that_applies(green):
    place, _ = green
    applied = {result["check"] for result in told(place)["results"]}
    absent = {check.id for check in CHECKS.values()} - applied
    assert {check for check in absent if "stochastic" not in check} <= {"factory_pickles", "formula_is_stable"}


def test_nothing_is_written_but_the_reports(green):
    place, _ = green
    assert place.files == {"junit.xml", *(f"r.{kind}" for kind in FORMATS)}


def test_the_report_says_what_was_checked_where_and_how(green):
    place, _ = green
    report = told(place)
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


def test_the_other_reports_are_written_too(green):
    place, done = green
    assert "| `acme/bell` |" in (place.work / "r.md").read_text(encoding="utf-8")
    assert (place.work / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    badge = strictly(place.work / "r.badge.json")
    assert badge["schemaVersion"] == 1
    assert re.fullmatch(r"\d+ checks on cpu", badge["message"])
    assert badge["color"] == "brightgreen"
    for kind in FORMATS:
        assert f"report: {place.work / f'r.{kind}'}" in done.stdout


def test_junit_has_one_case_per_check_in_a_class_per_surrogate(green):
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
    """The same with a gradient that is not its formula: a few checks in a cautious run that tells all."""
    place = fresh()
    place.install("acme", place.broken)
    options = ("-v", "-W", "error", "--strict-markers", "--strict-config", "--conformance-report=r.json")
    return place, place.check(*FEW, *options)


def test_a_broken_gradient_is_red(red):
    place, done = red
    assert (done.code, done.stderr) == (1, "")
    assert done.outcomes == {"failed": 1, "passed": 3, "skipped": 4}
    assert re.search(r"surroreg-conformance::acme/bell::not_dead\[cpu\] PASSED", done.stdout)
    assert re.search(r"surroreg-conformance::acme/bell::formula_is_right\[cpu\] FAILED", done.stdout)
    assert told(place)["ok"] is False


def test_the_message_names_promise_input_values_formula_and_how_to_repeat_it(red):
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
    (failed,) = [result for result in told(place)["results"] if result["status"] == "failed"]
    assert failed["message"] in done.stdout
    assert failed["worst"] > 1


def test_the_line_to_repeat_repeats_it_in_a_shell(red):
    place, done = red
    (line,) = re.findall(r"^repeat: +(.*)$", done.stdout, re.M)
    again = place.run(line)
    assert (again.code, again.stderr) == (1, "")
    (message,) = [result["message"] for result in told(place)["results"] if result["status"] == "failed"]
    assert again.stdout.startswith(f"FAILED acme/bell::formula_is_right[cpu]\n{message}\n")


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (("python", "-O", "-W", "ignore", "-m", "pytest", "-q"), {}),
        (("pytest", "-q", "-p", "surroreg"), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
        (("pytest", "--tb=no", "-x"), {}),
    ],
    ids=["-O", "-p surroreg", "-x"],
)
def test_it_is_red_however_pytest_is_called(red, command, variables):
    place, _ = red
    done = place.run(*command, *NO_CACHE, "--plugin-conformance", *FEW[1:3], **variables)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 1, "skipped": 1 if "-x" in command else 2}
    assert "cuda: " in done.stdout
    assert ("promised: the derivative is its formula" in done.stdout) is ("--tb=no" not in command)
    assert place.files == {"r.json"}


def test_without_a_terminal_the_report_is_written_all_the_same(red):
    place, _ = red
    done = place.check(*FEW[1:3], "-p", "no:terminal", "--conformance-report=quiet.json")
    assert (done.code, done.stdout, done.stderr) == (1, "", "")
    assert [result["status"] for result in strictly(place.work / "quiet.json")["results"]].count("failed") == 1
    (place.work / "quiet.json").unlink()


def test_reports_are_the_same_again_and_with_workers(fresh):
    place = fresh()
    place.install("acme", place.broken)
    place.install("zed", place.plugin.replace("bell", "bump"), version="2.0")
    some = (*FEW, "--conformance-check=forward_step", "--conformance-check=provider_loads")
    runs = {"alone": (), "workers": ("-n", "2", "-v", "--junitxml=junit.xml")}
    for name, more in runs.items():
        done = place.check(*some, *more, f"--conformance-report={name}.json", f"--conformance-report={name}.md")
        assert (done.code, done.stderr) == (1, "")
        assert done.outcomes == {"failed": 1, "passed": 11, "skipped": 10}
        assert "cuda: 10 checks NOT VERIFIED" in done.stdout
    assert told(place, "alone.json") == told(place, "workers.json")
    assert (place.work / "alone.md").read_text() == (place.work / "workers.md").read_text()
    names = [result["target"] for result in told(place, "alone.json")["results"]]
    assert names == sorted(names)
    classes = {case.get("classname") for case in ElementTree.parse(place.work / "junit.xml").iter("testcase")}
    assert classes == {f"surroreg-conformance.{name}" for name in names}
    # Not even workers leave anything else behind.
    assert place.files == {"junit.xml", *(f"{name}.{kind}" for name in runs for kind in ("json", "md"))}


# -- a good citizen ----------------------------------------------------------------------------------


def test_without_the_flag_it_imports_nothing_and_says_nothing(place):
    place.install("acme")
    place.write(
        "test_own.py",
        "import sys\n\ndef test_nothing_is_imported():\n"
        "    found = {name.partition('.')[0] for name in sys.modules}\n"
        "    assert not found & {'torch', 'numpy', 'hypothesis', 'surroreg_acme'}\n"
        "    assert {n for n in sys.modules if n.startswith('surroreg')} <= {'surroreg', 'surroreg.pytest_plugin'}\n",
    )
    # Hypothesis has a plugin of its own, which imports it.
    done = place.run("pytest", "-q", *NO_CACHE, "-p", "no:hypothesispytest", "-W", "error")
    assert done.code == 0, done.text
    assert "surroreg" not in done.text
    assert place.files == {"test_own.py"}


def test_it_runs_beside_the_authors_own_tests_and_configuration(fresh):
    place = fresh()
    place.install("acme", place.broken)
    place.write("tests/test_own.py", OWN)
    place.write("pytest.ini", "[pytest]\ntestpaths = tests\naddopts = -ra\nmarkers =\n    slow: mine\n")
    conftest = (
        "import pytest\n\n"
        "def pytest_addoption(parser):\n    parser.addoption('--mine')\n\n"
        "def pytest_collection_modifyitems(items):\n    items.reverse()\n\n"
        "@pytest.fixture(autouse=True)\ndef always():\n    yield\n"
    )
    place.write("conftest.py", conftest)
    done = place.check(*FEW, "--mine=1", "--strict-markers", "-W", "error")
    assert done.code == 1
    assert done.outcomes == {"failed": 2, "passed": 4, "skipped": 4}
    assert "FAILED tests/test_own.py::test_fails" in done.stdout
    assert "FAILED surroreg-conformance::acme/bell::formula_is_right[cpu]" in done.stdout


def test_it_works_where_surroreg_lies_in_a_virtual_environment_inside_the_project(place):
    packages = place.work / ".venv/lib/python/site-packages"
    packages.mkdir(parents=True)
    place.write(".venv/pyvenv.cfg", "home = /usr/bin\n")
    shutil.copytree(Path(surroreg.__file__).parent, packages / "surroreg", ignore=shutil.ignore_patterns("__pycache__"))
    # Others leave things there that are no business of this project.
    place.write(".venv/lib/python/site-packages/conftest.py", "raise RuntimeError('stray')")
    place.write(".venv/lib/python/site-packages/test_stray.py", "def test_stray():\n    assert 0")
    place.install("acme", place.broken)
    place.write("test_own.py", "def test_passes():\n    pass\n")
    path = os.pathsep.join([str(packages), str(place.site), os.environ.get("PYTHONPATH", "")])
    for options in ((), ("test_own.py",)):
        done = place.check(*FEW, *options, PYTHONPATH=path.rstrip(os.pathsep))
        assert done.code == 1, done.text
        assert done.outcomes == {"failed": 1, "passed": 4, "skipped": 4}
        assert "stray" not in done.text


def test_the_path_of_modules_is_left_as_it_is(place):
    place.install("acme")
    place.write("test_own.py", "import sys\n\ndef test_path():\n    print('PATH', sys.path)\n")
    paths = [
        re.findall(r"PATH (.*)$", place.run("pytest", "-s", *NO_CACHE, *options).stdout, re.M)
        for options in ((), ("--plugin-conformance", "--conformance-check=not_dead"))
    ]
    assert paths[0] == paths[1] != []


def test_a_plugin_of_the_current_folder_is_checked_by_the_plain_command(place):
    place.write("deep/__init__.py", "")
    place.write("deep/plugin.py", place.broken)
    some = ("--conformance-check=formula_is_right", "--conformance-check=provider_*", "--conformance-check=copies")
    done = place.check("--conformance-object=deep.plugin", *some)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 5, "skipped": 1}
    (line,) = re.findall(r"^repeat: +(.*)$", done.stdout, re.M)
    again = place.run(line)
    assert again.code == 1
    assert "promised: the derivative is its formula" in again.stdout
    assert place.files == {"deep", "deep/__init__.py", "deep/plugin.py"}


def test_the_failures_of_the_last_run_are_run_again(place):
    place.install("acme", place.broken)
    place.write("test_own.py", OWN)
    flag = ("--plugin-conformance", *FEW)
    assert place.run("pytest", *flag).outcomes["failed"] == 2
    again = place.run("pytest", *flag, "--lf")
    assert again.code == 1
    assert "FAILED surroreg-conformance::acme/bell::formula_is_right[cpu]" in again.stdout
    assert "FAILED test_own.py::test_fails" in again.stdout
    place.write("test_own.py", OWN.replace("assert 0", "assert 1"))
    again = place.run("pytest", *flag, "--lf")
    assert again.code == 1
    assert again.outcomes["failed"] == 1


def test_where_the_selection_is_empty_workers_say_so_too(place):
    place.install("acme")
    done = place.check("-n", "1", "--conformance-plugin=amce")
    assert done.code != 0
    assert "amce" in done.text
    assert "INTERNALERROR" not in done.text


def test_a_plugin_that_prints_and_warns_at_import_fails_one_check_and_stops_nothing(place):
    noise = "\nimport sys, warnings\nprint('hello')\nwarnings.warn('be careful')\n"
    place.install("acme", place.plugin + noise)
    done = place.check("--conformance-check=provider_*", "--conformance-check=not_dead", "-W", "error")
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 4, "skipped": 1}
    assert "_ acme::provider_quiet[cpu] _" in done.stdout
    assert "hello" in done.stdout


# -- options (in this process, which is quick) -------------------------------------------------------


@pytest.fixture
def acme(inside):
    inside.install("acme", inside.broken)
    return inside


def test_a_required_device_that_is_missing_is_a_failure(acme):
    done = acme.check("--conformance-check=not_dead", "--conformance-require-device=cuda")
    assert done.code == 1
    assert done.outcomes == {"passed": 1, "failed": 1}
    assert "finds no CUDA device" in done.stdout
    assert "require" in done.stdout
    assert "NOT VERIFIED" not in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--conformance-require-device=cudda"], ["cudda", "cpu, meta, cuda"]),
        (["--conformance-report=r.txt"], ["r.txt", ".json, .md, .html or .badge.json"]),
        (["--conformance-report=report"], [".badge.json"]),
        (["--conformance-report=nowhere/r.json"], ["no folder", "nowhere"]),
        (["--conformance-report=folder.json"], ["folder.json"]),
        (["--conformance-report=ok.json", "--conformance-report=bad.pdf"], ["bad.pdf"]),
        (["--conformance-max-examples=0"], ["example"]),
        (["--conformance-max-examples=-1"], ["example"]),
        (["--conformance-max-examples=many"], ["--conformance-max-examples"]),
        (["--conformance-seed=x"], ["--conformance-seed"]),
        (["--conformance-seed=99999999999999999999999"], ["seed"]),
        (["--conformance-chek=not_dead"], ["--conformance-chek"]),
    ],
)
def test_a_wrong_option_is_a_usage_error_before_anything_runs(acme, options, words):
    (acme.work / "folder.json").mkdir()
    acme.write("test_own.py", "print('collected')")
    done = acme.check(*options)
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in done.text
    assert "INTERNALERROR" not in done.text
    assert "collected" not in done.text
    for word in words:
        assert word in done.stderr
    assert acme.files == {"folder.json", "test_own.py"}


@pytest.mark.parametrize(
    "option",
    [
        "--conformance-plugin=acme",
        "--conformance-surrogate=bell",
        "--conformance-check=not_dead",
        "--conformance-builtin",
        "--conformance-object=acme",
        "--conformance-require-device=cuda",
        "--conformance-max-examples=3",
        "--conformance-max-examples=50",
        "--conformance-seed=3",
        "--conformance-seed=0",
        "--conformance-report=r.json",
    ],
)
def test_an_option_without_the_flag_is_a_usage_error(acme, option):
    acme.write("test_own.py", "def test_own(): pass")
    done = acme.run("pytest", *NO_CACHE, option)
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert option.partition("=")[0] in done.stderr
    assert "--plugin-conformance" in done.stderr


def test_a_misspelt_path_beside_the_flag_is_told(acme):
    done = acme.check("tests/test_onw.py")
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert "tests/test_onw.py" in done.stderr


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="an older pytest tells of a clash only when it parses")
@pytest.mark.parametrize("option", ["--plugin-conformance", "--conformance-report"])
def test_a_clash_with_an_option_of_another_plugin_is_told_by_name(acme, option):
    acme.write("clash.py", f"def pytest_addoption(parser):\n    parser.addoption({option!r})\n")
    sys.path.insert(0, str(acme.work))  # undone with the rest of the path
    done = acme.run("pytest", *NO_CACHE, "-p", "clash", "-p", "surroreg.pytest_plugin")
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert f"surroreg's option {option}" in done.stderr
    assert "-p no:surroreg" in done.stderr
    assert "Traceback" not in done.text


def test_help_lists_the_options(acme):
    done = acme.run("pytest", "--help")
    assert done.code == 0
    for option in ("plugin", "surrogate", "check", "builtin", "object", "require-device", "max-examples", "seed"):
        assert f"--conformance-{option}" in done.stdout


# -- ways to choose tests ----------------------------------------------------------------------------

CHOICES = {
    "-k": (["-k", "bell and not_dead"], {"not_dead[cpu]", "not_dead[cuda]"}),
    "-k not": (["-k", "not formula_is_right"], {"not_dead[cpu]", "not_dead[cuda]"}),
    "--deselect": (
        ["--deselect", "surroreg-conformance::acme/bell::formula_is_right[cpu]", "--deselect", "test_own.py"],
        {"not_dead[cpu]", "not_dead[cuda]", "formula_is_right[cuda]"},
    ),
    "a surrogate": (["--deselect", "surroreg-conformance::acme/bell"], set()),
    "an id": (["surroreg-conformance::acme/bell::not_dead[cpu]"], {"not_dead[cpu]"}),
    "ids": (
        ["surroreg-conformance::acme/bell::not_dead[cpu]", "surroreg-conformance::acme/bell::not_dead[cuda]"],
        {"not_dead[cpu]", "not_dead[cuda]"},
    ),
    "an id and a test": (
        ["surroreg-conformance::acme/bell::not_dead[cpu]", "test_own.py::test_passes"],
        {"not_dead[cpu]"},
    ),
    "a test": (
        ["test_own.py::test_passes"],
        {"not_dead[cpu]", "not_dead[cuda]", "formula_is_right[cpu]", "formula_is_right[cuda]"},
    ),
}


@pytest.mark.parametrize("way", CHOICES)
def test_checks_are_chosen_as_tests_are(acme, way):
    options, expected = CHOICES[way]
    acme.write("test_own.py", OWN)
    done = acme.check(*FEW[1:3], "--collect-only", "-q", *options)
    assert done.code == 0, done.text
    prefix = "surroreg-conformance::acme/bell::"
    assert {line.removeprefix(prefix) for line in done.ids if line.startswith(prefix)} == expected
    own = {line for line in done.ids if line.startswith("test_own.py")}
    assert ("test_own.py::test_passes" in own) is (way not in ("-k", "--deselect", "an id", "ids"))


def test_an_id_that_is_not_there_is_an_error(acme):
    done = acme.check("surroreg-conformance::acme/bell::not_daed[cpu]")
    assert done.code in (2, 4)
    assert "acme/bell::not_daed[cpu]" in done.text


@pytest.mark.parametrize(
    "options",
    [
        ["--import-mode=importlib"],
        ["--keep-duplicates"],
        ["--pyargs", "test_own.py"],
        ["--doctest-modules"],
        ["--rootdir=.."],
        ["--ignore=.", "--ignore-glob=*"],
        ["--full-trace", "--tb=native"],
        ["-p", "no:python"],
    ],
    ids=" ".join,
)
def test_no_option_of_pytest_loses_a_check(acme, options):
    acme.write("test_own.py", "def test_passes(): pass")
    done = acme.check(*FEW, *options)
    assert done.code == 1
    assert done.outcomes["failed"] == 1
    assert done.outcomes["skipped"] == 4
    assert done.outcomes["passed"] >= 3


def test_from_a_folder_inside_the_project_ids_can_be_given_as_they_are_shown(acme):
    acme.write("pytest.ini", "[pytest]\n")
    acme.write("tests/test_own.py", "def test_passes(): pass")
    quick = (*NO_CACHE, "--plugin-conformance", *FEW)
    done = acme.run("pytest", *quick, folder="tests")
    assert done.outcomes == {"failed": 1, "passed": 4, "skipped": 4}
    (shown,) = re.findall(r"^FAILED (\S+)", done.stdout, re.M)
    again = acme.run("pytest", *quick, shown, folder="tests")
    assert again.outcomes == {"failed": 1}


def test_collecting_shows_what_would_run(acme):
    done = acme.check(*FEW, "--collect-only")
    assert done.code == 0
    for check in ("forward_nan", "not_dead", "formula_is_right", "backward_values"):
        assert f"acme/bell::{check}[cpu]" in done.stdout
    assert "8 tests collected" in done.stdout
