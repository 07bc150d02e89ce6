"""Options of pytest, and of surroreg beside it; in this process, where torch is imported already."""

from __future__ import annotations

import json
import re
import sys

import pytest

NO_CACHE = ("-p", "no:cacheprovider")
FEW = tuple(f"--conformance-check={c}" for c in ("forward_nan", "not_dead", "formula_is_right", "backward_values"))
OWN = "def test_passes():\n    pass\n\ndef test_fails():\n    assert 0, 'my own'\n"


@pytest.fixture
def acme(inside):
    """A plugin whose gradient is not its formula."""
    inside.install("acme", inside.broken)
    return inside


def test_first_failure_ends_the_run_with_x(acme):
    done = acme.check(*FEW[1:3], "--tb=no", "-x")
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 1, "skipped": 1}
    assert "cuda: " in done.stdout
    assert "promised: the derivative is its formula" not in done.stdout
    assert acme.files == set()


def test_report_is_written_without_a_terminal(acme):
    done = acme.check(*FEW[1:3], "-p", "no:terminal", "--conformance-report=quiet.json")
    assert (done.code, done.stdout, done.stderr) == (1, "", "")
    report = json.loads((acme.work / "quiet.json").read_text(encoding="utf-8"))
    assert [result["status"] for result in report["results"]].count("failed") == 1


def test_checks_run_beside_own_tests_and_configuration(acme):
    acme.write("tests/test_own.py", OWN)
    acme.write("pytest.ini", "[pytest]\ntestpaths = tests\naddopts = -ra\nmarkers =\n    slow: mine\n")
    conftest = (
        "import pytest\n\n"
        "def pytest_addoption(parser):\n    parser.addoption('--mine')\n\n"
        "def pytest_collection_modifyitems(items):\n    items.reverse()\n\n"
        "@pytest.fixture(autouse=True)\ndef always():\n    yield\n"
    )
    acme.write("conftest.py", conftest)
    done = acme.check(*FEW, "--mine=1", "--strict-markers", "-W", "error")
    assert done.code == 1
    assert done.outcomes == {"failed": 2, "passed": 4, "skipped": 4}
    assert "FAILED tests/test_own.py::test_fails" in done.stdout
    assert "FAILED surroreg-conformance::acme/bell::formula_is_right[cpu]" in done.stdout


def test_failures_of_the_last_run_are_run_again(acme):
    acme.write("test_own.py", OWN)
    flag = ("--plugin-conformance", *FEW)
    assert acme.run("pytest", *flag).outcomes["failed"] == 2
    again = acme.run("pytest", *flag, "--lf")
    assert again.code == 1
    assert "FAILED surroreg-conformance::acme/bell::formula_is_right[cpu]" in again.stdout
    assert "FAILED test_own.py::test_fails" in again.stdout
    acme.write("test_own.py", OWN.replace("assert 0", "assert 1"))
    again = acme.run("pytest", *flag, "--lf")
    assert again.code == 1
    assert again.outcomes["failed"] == 1


def test_noise_and_warnings_at_import_fail_one_check(inside):
    noise = "\nimport sys, warnings\nprint('hello')\nwarnings.warn('be careful')\n"
    inside.install("acme", inside.plugin + noise)
    done = inside.check("--conformance-check=provider_*", "--conformance-check=not_dead", "-W", "error")
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "passed": 4, "skipped": 1}
    assert "_ acme::provider_quiet[cpu] _" in done.stdout
    assert "hello" in done.stdout


def test_required_device_that_is_missing_is_a_failure(acme):
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
def test_wrong_option_is_a_usage_error_before_collection(acme, options, words):
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
        "--conformance-require-nvrtc",
        "--conformance-max-examples=3",
        "--conformance-max-examples=50",
        "--conformance-seed=3",
        "--conformance-seed=0",
        "--conformance-report=r.json",
    ],
)
def test_option_without_the_flag_is_a_usage_error(acme, option):
    acme.write("test_own.py", "def test_own(): pass")
    done = acme.run("pytest", *NO_CACHE, option)
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert option.partition("=")[0] in done.stderr
    assert "--plugin-conformance" in done.stderr


def test_misspelt_path_beside_the_flag_is_a_usage_error(acme):
    done = acme.check("tests/test_onw.py")
    assert done.code == pytest.ExitCode.USAGE_ERROR
    assert "tests/test_onw.py" in done.stderr


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="an older pytest reports a clash only when it parses")
@pytest.mark.parametrize("option", ["--plugin-conformance", "--conformance-report"])
def test_clash_with_another_plugins_option_names_the_option(acme, option):
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


def test_unknown_id_is_an_error(acme):
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


def test_shown_ids_are_accepted_from_a_subfolder(acme):
    acme.write("pytest.ini", "[pytest]\n")
    acme.write("tests/test_own.py", "def test_passes(): pass")
    quick = (*NO_CACHE, "--plugin-conformance", *FEW)
    done = acme.run("pytest", *quick, folder="tests")
    assert done.outcomes == {"failed": 1, "passed": 4, "skipped": 4}
    (shown,) = re.findall(r"^FAILED (\S+)", done.stdout, re.M)
    again = acme.run("pytest", *quick, shown, folder="tests")
    assert again.outcomes == {"failed": 1}


def test_collect_only_lists_every_check(acme):
    done = acme.check(*FEW, "--collect-only")
    assert done.code == 0
    for check in ("forward_nan", "not_dead", "formula_is_right", "backward_values"):
        assert f"acme/bell::{check}[cpu]" in done.stdout
    assert "8 tests collected" in done.stdout
