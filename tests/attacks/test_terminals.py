"""Texts of plugins and people do not steer a terminal."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from surroreg.conformance.report import Report, Result
from surroreg.errors import printable
from tests.attacks.commands import STEERING, call, environment, is_clear, need_linux

need_linux()


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "list --json",
        "show red/red",
        "show dead/x",
        "plugins",
        "doctor",
        "plot red/red",
        "check dead",
        "check red --check not_dead --device cpu",
        f"list {STEERING}",
        f"show {STEERING}",
        f"list --{STEERING}",
        f"{STEERING}",
        f"translate {STEERING}.x",
        f"new {STEERING}",
        f"plot atan -o {STEERING}",
    ],
)
def test_texts_do_not_steer_the_terminal(command, workplace, capfd):
    _, out, err = call(capfd, *command.split(" "))
    assert out + err == printable(out + err)
    assert "\\x1b[31m\\x9b31m\\x07\\u202e" in out + err or "--json" in command or command == "plugins"


def test_summary_of_two_lines_is_one_row(workplace, capfd):
    _, out, _ = call(capfd, "list", "red/*")
    assert len(out.splitlines()) == 1


BREAKOUT = f"why\n```\n# Passed\n````\n{STEERING}\udcff"


def test_message_stays_inside_its_fence_in_markdown(tmp_path):
    report = Report([Result("a`b|c\n# d/e", "check", "cpu", "failed", BREAKOUT)])
    report.write(tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert text == printable(text)
    lines = text.splitlines()
    start = lines.index("`````text")
    assert lines[start + 1 : start + 5] == ["why", "```", "# Passed", "````"]
    assert lines[-1] == "`````"
    assert [line for line in lines if line.startswith("#")] == [
        "# Conformance report",
        "## Failed",
        "### `` a`b\\|c # d/e::check[cpu] ``",
        "# Passed",
    ]
    report.write(tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page == printable(page)


def test_pytest_shows_escapes_and_loses_no_report(hostile, tmp_path):
    (tmp_path / "full.json").symlink_to("/dev/full")
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--plugin-conformance"]
    line += ["--conformance-plugin=dead", "--conformance-report=full.json", "--conformance-report=r.json"]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(hostile), cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "dead \\x1b[31m\\x9b31m\\x07\\u202e" in done.stdout
    assert done.stdout + done.stderr == printable(done.stdout + done.stderr)
    assert "report: " + str(tmp_path / "r.json") in done.stdout
    assert f"ERROR: cannot write '{tmp_path}/full.json': No space left on device." in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["counts"]["failed"] > 0
    assert "1 failed" in done.stdout.splitlines()[-1]
    assert is_clear(done.stderr)
