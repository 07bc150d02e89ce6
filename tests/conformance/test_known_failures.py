"""Failures that a plugin declares in ``pyproject.toml``: strict, with a reason, and never stale."""

from __future__ import annotations

import json

import pytest

FORMULA = "--conformance-check=formula_is_right"
VMAP = "--conformance-check=vmap"


@pytest.fixture
def acme(inside):
    """The README's plugin with a gradient that is not its formula: ``formula_is_right`` fails."""
    inside.install("acme", inside.broken)
    return inside


def declare(place, *lines):
    place.write("pyproject.toml", "\n".join(["[tool.surroreg.conformance]", *lines]))


PATTERNS = [
    "acme/bell::formula_is_right[cpu]",
    "acme/bell::formula_is_right",
    "acme/*::formula_*",
    "*formula_is_right*",
    "*::formula_is_right[cpu]",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_declared_failure_is_expected(acme, pattern):
    declare(acme, f'"{pattern}" = "published with the factor"')
    done = acme.check(FORMULA, VMAP, "-rx")
    assert done.code == 0
    assert done.outcomes == {"passed": 1, "skipped": 2, "xfailed": 1}
    assert "known failure: published with the factor" in done.stdout
    assert "acme/bell  1 passed, 1 known failures, 2 NOT VERIFIED" in done.stdout


def test_undeclared_failure_still_fails(acme):
    declare(acme, '"acme/bell::formula_is_right" = "published with the factor"')
    acme.install("zed", acme.broken.replace("bell", "bump"))
    done = acme.check(FORMULA)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "xfailed": 1, "skipped": 2}


def test_declared_failure_that_passes_fails(acme):
    declare(acme, '"acme/bell::vmap" = "has no rule"')
    done = acme.check(VMAP)
    assert done.code == 1
    assert done.outcomes == {"failed": 1, "skipped": 1}
    for text in ("passes", "acme/bell::vmap", "has no rule", "Remove that line"):
        assert text in done.stdout


def test_failure_declared_for_a_missing_device_is_ignored(acme):
    declare(acme, '"acme/bell::vmap[cuda]" = "has no kernel"')
    done = acme.check(VMAP)
    assert done.code == 0
    assert done.outcomes == {"passed": 1, "skipped": 1}
    assert done.stdout.count("NOT VERIFIED") == 2


@pytest.mark.parametrize("pattern", ["acme/bell::formula_is_wrong", "acme/blel::*", "acme::vmap"])
def test_pattern_that_matches_nothing_is_an_error(acme, pattern):
    declare(acme, f'"{pattern}" = "no longer there"')
    done = acme.check(FORMULA)
    assert done.code in (2, 4)
    assert pattern in done.text
    assert "matches no check" in done.text


@pytest.mark.parametrize("pattern", ["acme/bell::formula_is_right[c*", "acme/bell::formula_is_right[cp]"])
def test_brackets_in_a_pattern_are_literal(acme, pattern):
    declare(acme, f'"{pattern}" = "why not"')
    done = acme.check(FORMULA)
    assert (done.code == 0) is pattern.endswith("[c*")


def test_declared_failure_outside_the_selection_is_not_stale(acme):
    acme.install("zed", acme.plugin.replace("bell", "bump"))
    declare(acme, '"acme/bell::formula_is_right" = "published with the factor"')
    assert acme.check(VMAP).code == 0
    assert acme.check(VMAP, "--conformance-surrogate=bump").code == 0


MISSING = """
import surroreg

@surroreg.hookimpl
def surroreg_surrogates():
    raise surroreg.MissingLibraryError("wrapped is not installed; pip install wrapped")
"""


def test_declared_failure_of_a_missing_library_is_not_stale(acme):
    acme.install("wrapper", MISSING)
    declare(acme, '"wrapper/old::vmap" = "has no vmap rule"')
    done = acme.check(VMAP)
    assert done.code == 0
    declare(acme, '"other/old::vmap" = "has no vmap rule"')
    assert "'other/old::vmap' matches no check" in acme.check(VMAP).text


def test_plugin_that_does_not_load_can_be_declared(inside):
    inside.install("lost", "import nowhere_at_all")
    declare(inside, '"lost::provider_loads" = "needs what is not here"')
    done = inside.check()
    assert done.code == 0
    assert done.outcomes == {"xfailed": 1, "skipped": 3}


def test_known_failure_is_in_the_report_and_colours_the_badge(acme):
    declare(acme, '"acme/bell::formula_is_right" = "published with the factor"')
    reports = [f"--conformance-report=r.{kind}" for kind in ("json", "md", "badge.json")]
    assert acme.check(FORMULA, VMAP, *reports).code == 0
    report = json.loads((acme.work / "r.json").read_text())
    statuses = {result["id"]: result["status"] for result in report["results"]}
    assert statuses["acme/bell::formula_is_right[cpu]"] == "known"
    assert report["ok"] is True
    assert "published with the factor" in (acme.work / "r.md").read_text()
    badge = json.loads((acme.work / "r.badge.json").read_text())
    assert "1 known" in badge["message"]
    assert badge["color"] == "yellow"


# -- malformed tables ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", ['""', '"  "', '"\\t\\n"', "3", "true", '["because"]', "{ because = 1 }"])
@pytest.mark.parametrize("command", ["pytest", "surroreg"])
def test_declared_failure_without_a_reason_is_an_error(acme, value, command):
    declare(acme, f'"acme/bell::formula_is_right" = {value}')
    done = acme.check(FORMULA) if command == "pytest" else acme.run("surroreg", "check", "acme/bell", "--check", "vmap")
    assert done.code == (4 if command == "pytest" else 2)
    assert "Traceback" not in done.text
    assert "reason" in done.text
    assert "pyproject.toml" in done.text


WRONG = {
    "no value": '[tool.surroreg.conformance]\n"acme/bell::vmap" =',
    "no table": "[tool]\nsurroreg = 3",
    "a list": '[tool.surroreg]\nconformance = ["acme/bell::vmap"]',
    "a text": '[tool.surroreg]\nconformance = "acme/bell::vmap"',
    "tables": '[[tool.surroreg.conformance]]\n"acme/bell::vmap" = "why"',
    "bytes": b"\xff\xfe",
    "twice": '[tool.surroreg.conformance]\n"a" = "b"\n"a" = "c"',
}


@pytest.mark.parametrize("kind", [kind for kind in WRONG if kind != "bytes"])  # at which pytest itself falls over
def test_malformed_file_is_a_usage_error_of_pytest(acme, kind):
    acme.write("pyproject.toml", WRONG[kind])
    done = acme.check(FORMULA)
    assert done.code == 4
    assert "INTERNALERROR" not in done.text
    assert "Traceback" not in done.text
    assert "pyproject.toml" in done.text


@pytest.mark.parametrize("kind", [*WRONG, "a folder"])
def test_malformed_file_is_a_clean_error_of_the_command(acme, kind):
    if kind == "a folder":
        (acme.work / "pyproject.toml").mkdir()
    else:
        content = WRONG[kind]
        (acme.work / "pyproject.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = acme.run("surroreg", "check", "acme/bell", "--check", "vmap", "--device", "cpu")
    assert done.code == 2
    assert "pyproject.toml" in done.stderr


@pytest.mark.parametrize("content", ["", "[tool.black]\nline-length = 3", "[tool.surroreg]\nother = 3"])
def test_file_that_declares_nothing_changes_nothing(acme, content):
    acme.write("pyproject.toml", content)
    assert acme.check(VMAP).code == 0


def test_file_is_read_from_the_root_of_pytest(acme):
    acme.write("pyproject.toml", '[tool.surroreg.conformance]\n"acme/bell::formula_is_right" = "published so"\n')
    acme.write("tests/test_own.py", "def test_own(): pass")
    acme.write("pytest.ini", "[pytest]\n")
    done = acme.run("pytest", "-p", "no:cacheprovider", "--plugin-conformance", FORMULA, folder="tests")
    assert done.outcomes == {"passed": 1, "xfailed": 1, "skipped": 1}


def test_command_honours_declared_failures(acme):
    declare(acme, '"acme/bell::formula_is_right" = "published with the factor"')
    done = acme.run("surroreg", "check", "acme/bell", "--check", "formula_is_right")
    assert done.code == 0
    assert "1 known failures" in done.stdout
    declare(acme, '"acme/bell::vmap" = "has no rule"')
    done = acme.run("surroreg", "check", "acme/bell", "--check", "vmap")
    assert done.code == 1
    assert "has no rule" in done.stdout
