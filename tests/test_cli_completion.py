"""``surroreg completion``: what real shells offer."""

import os
import re
import shutil
import subprocess
import sys

import pytest

import surroreg
from surroreg.cli import main, parser

#: What a shell is given: the script, then for each line of words what the last of them may become.
BASH = """
source "$1"; shift
IFS=$'\\n'
for line in "$@"; do
    IFS='|' read -ra COMP_WORDS <<<"$line|"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); IFS=$' \\t\\n'; _surroreg; (IFS=' '; echo "${COMPREPLY[*]}")
done
"""


@pytest.fixture
def scripts(tmp_path, capsys):
    """The folder with a script per shell, and with ``surroreg`` as an installed program."""
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        (tmp_path / shell).write_text(capsys.readouterr().out, encoding="utf-8")
    program = tmp_path / "surroreg"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m surroreg "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def shell(folder, *command):
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SURROREG_PLUGINS": ""}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


@pytest.fixture
def bash(scripts):
    program = shutil.which("bash") or pytest.skip("there is no bash")
    return lambda *lines: shell(scripts, program, "-c", BASH, "bash", str(scripts / "bash"), *lines)


def test_bash_offers_commands_options_choices_and_names(bash):
    lines = {
        "surroreg|tr": "translate",
        "surroreg|--v": "--version",
        "surroreg|check|--rep": "--report",
        "surroreg|bench|--dtype|fl": "float16 float32 float64",
        "surroreg|completion|": "bash zsh fish",
        "surroreg|show|s": " ".join(name for name in surroreg.names(namespace="builtin") if name.startswith("s")),
        "surroreg|demo|atan|--ep": "--epochs",
        "surroreg|cite|atan|fast": "fast_sigmoid",
        "surroreg|check|atan|--report|": "",
        "surroreg|frobnicate|": "",
    }
    assert dict(zip(lines, bash(*lines), strict=True)) == lines


def test_bash_offers_every_command_that_the_help_names(bash):
    (offered,) = bash("surroreg|")
    told = re.findall(r"^    ([a-z]+)\b", parser().format_help(), re.M)
    assert len(told) >= 11
    assert set(offered.split()) == {*told, "--version", "--help"}


def test_zsh_can_read_its_script(scripts):
    program = shutil.which("zsh") or pytest.skip("there is no zsh")
    assert shell(scripts, program, "-n", str(scripts / "zsh")) == []


def test_fish_offers_commands_options_choices_and_names(scripts):
    program = shutil.which("fish") or pytest.skip("there is no fish")
    for typed, offered in {
        "show fast": "fast_sigmoid",
        "bench --dtype bf": "bfloat16",
        "check --rep": "--report",
    }.items():
        script = f"source {scripts / 'fish'}; complete -C'surroreg {typed}'"
        assert [line.split("\t")[0] for line in shell(scripts, program, "-c", script)] == [offered]


def test_an_unknown_shell_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["completion", "tcsh"])
    assert stopped.value.code == 2
    assert "fish" in capsys.readouterr().err
