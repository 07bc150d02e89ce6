"""``surroreg completion``: the words that real shells offer."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

import surroreg
from surroreg.cli import main, parser

pytest.importorskip("shtab", reason="shtab, which writes the scripts, is not installed")

SHELLS = ("bash", "zsh", "fish")
NAMES = surroreg.names(namespace="builtin")

#: Lines to complete, and the words offered, whatever the shell.
OFFERED = {
    "surroreg tr": "translate",
    "surroreg --v": "--version",
    "surroreg check --rep": "--report",
    "surroreg bench --dtype fl": "float16 float32 float64",
    "surroreg bench --size 10 --mode ": "eager compiled",
    "surroreg completion ": "bash zsh fish",
    "surroreg show s": " ".join(name for name in NAMES if name.startswith("s")),
    "surroreg list fast": "fast_sigmoid",
    "surroreg check --device cpu fast": "fast_sigmoid",
    "surroreg demo atan --ep": "--epochs",
    "surroreg cite atan fast": "fast_sigmoid",
    "surroreg plot atan fast": "fast_sigmoid",
    "surroreg plot atan --out": "--output",
    "surroreg bench atan --dtype bf": "bfloat16",
    "surroreg check atan --report surr": "surroreg",
    "surroreg explore atan -o surr": "surroreg",
    "surroreg translate fast": "",
}

#: Completes each line of words. The name of the function is that which the script has registered.
BASH = """
source "$1"; shift
[[ $(complete -p surroreg) =~ -F\\ ([^ ]+) ]]; completed=${BASH_REMATCH[1]}
for line in "$@"; do
    COMP_WORDS=($line); [[ $line == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); asked=$line
    $completed
    echo "$asked|${COMPREPLY[*]}"
done
"""

#: Loads the script, and writes the words of each completion to a file instead of the screen.
ZSH = """
PROMPT=
fpath=({folder}/functions $fpath)
autoload -U compinit; compinit -u -d {folder}/dump
{load}
compadd() {{
    if [[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    local -a words
    builtin compadd -A words "$@"
    (( $#words )) && print -rl -- $words >> {folder}/offered
}}
tab() {{ zle complete-word; touch {folder}/done }}
zle -N tab; bindkey '^I' tab
touch {folder}/ready
"""


@pytest.fixture
def scripts(tmp_path, capsys):
    """A folder with a script for each shell, and with ``surroreg`` as an installed program."""
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        (tmp_path / f"script.{shell}").write_text(capsys.readouterr().out, encoding="utf-8")
    program = tmp_path / "surroreg"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m surroreg "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def environment(folder):
    variables = {"SURROREG_PLUGINS": "", "TERM": "dumb", "XDG_CONFIG_HOME": str(folder)}
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **variables}


def shell(folder, *command):
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(folder),
        cwd=folder,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


class Terminal:
    """A zsh that reads from a terminal: it completes nowhere else."""

    def __init__(self, program, folder, load):
        self.folder = folder
        (folder / "functions").mkdir()
        (folder / "start").write_text(ZSH.format(folder=folder, load=load), encoding="utf-8")
        self.descriptor, other = pty.openpty()  # pty.fork would warn of the threads that torch has started
        line = [program, "-f", "-i"]
        streams = {"stdin": other, "stdout": other, "stderr": other}
        self.process = subprocess.Popen(line, **streams, cwd=folder, env=environment(folder), start_new_session=True)
        os.close(other)

    def type(self, text, *, until):
        """Type text, and wait for the file that the shell then writes."""
        os.write(self.descriptor, text.encode())
        deadline = time.monotonic() + 60
        while not (self.folder / until).exists():
            assert time.monotonic() < deadline
            if select.select([self.descriptor], [], [], 0.02)[0]:
                os.read(self.descriptor, 65536)  # unread, its screen would fill up and the shell would wait
        (self.folder / until).unlink()

    def offers(self, line):
        """Return the words that the Tab key offers after a line."""
        (self.folder / "offered").write_text("", encoding="utf-8")
        self.type(f"\x15{line}\t", until="done")  # control-U empties the line before
        return set((self.folder / "offered").read_text(encoding="utf-8").split())


@pytest.fixture(params=["fpath", "eval"])
def zsh(scripts, request):
    program = shutil.which("zsh") or pytest.skip("there is no zsh")
    script = scripts / "script.zsh"
    terminal = Terminal(program, scripts, f'eval "$(cat {script})"' if request.param == "eval" else "")
    shutil.copy(script, scripts / "functions/_surroreg")
    terminal.type("source start\n", until="ready")
    yield terminal
    os.write(terminal.descriptor, b"\x15exit\n")
    os.close(terminal.descriptor)
    terminal.process.wait(timeout=60)


@pytest.fixture
def bash(scripts):
    program = shutil.which("bash") or pytest.skip("there is no bash")
    return lambda *lines: dict(
        line.split("|") for line in shell(scripts, program, "-c", BASH, "bash", "script.bash", *lines)
    )


def commands():
    return re.findall(r"^    ([a-z]+)\b", parser().format_help(), re.M)


def test_bash_offers_commands_options_choices_names_files(bash):
    assert bash(*OFFERED) == OFFERED


def test_bash_offers_every_command_that_the_help_names(bash):
    assert len(commands()) >= 11
    offered = bash("surroreg ", "surroreg -")
    assert set(offered["surroreg "].split()) == set(commands())
    assert set(offered["surroreg -"].split()) == {"-h", "--help", "--version"}


def test_zsh_can_read_its_script(scripts):
    program = shutil.which("zsh") or pytest.skip("there is no zsh")
    assert shell(scripts, program, "-n", "script.zsh") == []


def test_zsh_offers_commands_options_choices_names_files(zsh):
    assert {line: zsh.offers(line) for line in OFFERED} == {line: set(words.split()) for line, words in OFFERED.items()}
    assert zsh.offers("surroreg ") == set(commands())


def test_fish_offers_commands_options_choices_names_files(scripts):
    program = shutil.which("fish") or pytest.skip("there is no fish")
    lines = {**OFFERED, "surroreg ": " ".join(commands())}
    for line, words in lines.items():
        offered = shell(scripts, program, "-c", f"source script.fish; complete -C'{line}'")
        assert {row.split("\t")[0] for row in offered} == set(words.split()), line


def test_second_name_in_zsh_is_not_excluded(scripts):
    assert not re.search(r'"\(\*\)', (scripts / "script.zsh").read_text(encoding="utf-8"))


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_describe_a_command_by_its_line(scripts, shell):
    script = (scripts / f"script.{shell}").read_text(encoding="utf-8")
    assert ("draw surrogates into a file" in script) == (shell != "bash")
    assert "Draws the derivative" not in script


def test_unknown_shell_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["completion", "tcsh"])
    assert stopped.value.code == 2
    assert "fish" in capsys.readouterr().err


def test_completion_without_its_extra_names_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "pip install 'surroreg[cli]'" in err
