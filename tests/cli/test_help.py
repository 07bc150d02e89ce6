"""The pages of ``--help``, and commands that are missing or interrupted."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import surroreg
from surroreg.cli import main, parser

ROOT = Path(__file__).parents[2]
COMMANDS = parser().commands
HELPS = {name: command.format_help() for name, command in COMMANDS.items()}


def examples(text):
    """The lines of a help text that can be typed."""
    section = text.partition("\nexamples:\n")[2].partition("\n\n")[0]
    return [line.strip().split("  ")[0] for line in section.splitlines() if re.match(r"  \S", line)]


@pytest.mark.parametrize("name", HELPS)
def test_every_command_has_a_paragraph_and_examples(name):
    command = COMMANDS[name]
    assert len(command.description) > 80
    assert 2 <= len(examples(HELPS[name])) <= 3
    assert max(map(len, [*command.description.splitlines(), *command.epilog.splitlines()])) <= 80


@pytest.mark.parametrize(
    "example", [line for text in [*HELPS.values(), parser().format_help()] for line in examples(text)]
)
def test_every_example_is_accepted_by_the_parser(example):
    line = re.sub(r'^eval "\$\((.*)\)"$', r"\1", example).partition(" >")[0]
    program, *arguments = shlex.split(line)
    assert program == "surroreg"
    assert parser().parse_args(arguments).run.__module__ == f"surroreg.cli.commands.{arguments[0]}"


@pytest.mark.parametrize("example", [line for name in ("show", "translate", "cite") for line in examples(HELPS[name])])
def test_quick_examples_work(example, capsys):
    assert main(shlex.split(example.partition(" >>")[0])[1:]) == 0
    out, err = capsys.readouterr()
    assert out
    assert err == ""


def test_missing_command_shows_the_help_as_an_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert err == parser().format_help()


def test_interrupted_command_ends_quietly_with_code_130(capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(surroreg, "names", interrupted)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == ""


def test_help_doctor_and_code_know_the_same_variables(capsys):
    read = set()
    for path in (ROOT / "surroreg").rglob("*.py"):
        read |= set(re.findall(r'environ(?:\.get\(|\[)"(SURROREG_\w+)"', path.read_text(encoding="utf-8")))
    assert len(read) >= 3
    described = parser().format_help().partition("environment:")[2].partition("exit codes:")[0]
    assert set(re.findall(r"^  (SURROREG_\w+)", described, re.M)) == read
    main(["doctor"])
    assert {
        line.split()[0].partition("=")[0] for line in capsys.readouterr().out.splitlines() if "SURROREG_" in line
    } == read


@pytest.mark.parametrize("command", ["list", "show atan", "--help", "check --help", "frobnicate", "show nothing"])
def test_output_without_terminal_or_colours_is_plain(command):
    for variables in ({}, {"NO_COLOR": "1", "FORCE_COLOR": ""}):
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | variables
        line = [sys.executable, "-m", "surroreg", *command.split()]
        done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
        assert "\x1b" not in done.stdout + done.stderr


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    for name in HELPS:
        assert re.search(rf"^    {name}\b", out, re.M), name
