"""What plugins print, and where an answer cannot be written, the command line answers all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.attacks.commands import call, environment, install, is_clear, need_linux, run

need_linux()

#: Takes from the process what it can.
VANDAL = """
import io, os, sys, warnings
warnings.simplefilter("ignore")
sys.stdout = io.TextIOWrapper(sys.stdout.buffer)
sys.__stdout__.close()
sys.stderr = None
os.close(1)
raise RuntimeError("done")
"""


# -- what plugins print ------------------------------------------------------------------------------


def test_noisy_plugin_does_not_spoil_json(hostile):
    done = run(hostile, "list", "--json", NOISE_OF_C="1", SURROREG_DISABLE_PLUGINS="dead")
    names = {described["surrogate"] for described in json.loads(done.stdout)["surrogates"]}
    assert {"atan", "loud/loud", "fail/raises"} <= names
    assert done.returncode == 0
    for how in ("print import", "print hook", "write", "dunder", "descriptor", "system", "subprocess", "c", "exit"):
        assert f"NOISE {how}\n" in done.stderr


COMMANDS = {
    "show": ("show", "loud/loud"),
    "check": ("check", "loud/loud", "--check", "forward_dtype", "--device", "cpu"),
    "plot": ("plot", "loud/loud", "-o", "loud.png"),
    "explore": ("explore", "-o", "page.html"),
    "cite": ("cite", "loud/loud"),
    "plugins": ("plugins",),
    "doctor": ("doctor",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_noise_of_a_plugin_goes_to_standard_error(command, workplace, capfd):
    code, out, err = call(capfd, *COMMANDS[command])
    assert code == (command == "doctor")
    assert out
    assert "NOISE" not in out
    for how in ("print import", "write", "dunder", "descriptor", "system", "subprocess"):
        assert f"NOISE {how}\n" in err


def test_noise_is_kept_apart_in_streams_without_a_file(workplace, capsys):
    code, out, err = call(capsys, "show", "loud/loud", "--json")
    assert code == 0
    assert json.loads(out)["surrogate"]["surrogate"] == "loud/loud"
    assert "NOISE print import\nNOISE write\n" in err


@pytest.mark.parametrize("arguments", [("list",), ("--version",), ("show", "nothing"), ("frobnicate",)])
def test_streams_are_restored_after_a_command(arguments, workplace, capfd):
    def state():
        return sys.stdout, sys.stderr, sorted(os.listdir("/proc/self/fd"))

    before = state()
    call(capfd, *arguments)
    assert state() == before
    print("by Python")
    os.write(1, b"by its number\n")
    assert capfd.readouterr() == ("by Python\nby its number\n", "")


def test_plugin_that_breaks_the_streams_is_reported(tmp_path):
    done = run(install(tmp_path, {"vandal": VANDAL}), "list")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("atan ")
    assert "surroreg: warning: plugin 'vandal'" in done.stderr
    assert is_clear(done.stderr)


# -- terminals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252:strict"])
def test_terminal_without_utf_8_shows_escapes(encoding, bare):
    done = run(bare, "show", "atan", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u03b1" in done.stdout
    assert "defined in: surroreg" in done.stdout


def test_c_locale_shows_escapes(bare):
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(bare, "show", "atan", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u03b1" in done.stdout
    done = run(bare, "show", b"at\xff\xc3\xa9n", **variables)
    assert done.returncode == 2
    assert done.stderr.startswith("surroreg: no surrogate 'at\\udcff\\udcc3\\udca9n'.")


FULL = "surroreg: the answer cannot be written: No space left on device.\n"
CLOSED = "surroreg: the answer cannot be written: standard output is closed.\n"


@pytest.mark.parametrize(
    "command", ["list", "list --json", "show atan", "doctor", "--version", "--help", "plot --help", "cite atan"]
)
def test_answer_on_a_full_disk_exits_with_2(command, bare):
    done = run(bare, *command.split(), redirected="> /dev/full")
    assert (done.returncode, done.stderr) == (2, FULL)


@pytest.mark.parametrize("command", ["list", "show atan", "--version", "--help"])
def test_answer_without_a_stream_exits_with_2(command, bare):
    done = run(bare, *command.split(), redirected=">&-")
    assert (done.returncode, done.stderr) == (2, CLOSED)


@pytest.mark.parametrize(
    ("command", "redirected", "code"),
    [
        ("list", "2>&-", 0),
        ("show nothing", "2>&-", 2),
        ("show nothing", "2> /dev/full", 2),
        ("frobnicate", "2>&-", 2),
        ("frobnicate", "2> /dev/full", 2),
        ("list", "<&- >&- 2>&-", 2),
    ],
)
def test_messages_without_a_stream_change_no_code(command, redirected, code, bare):
    done = run(bare, *command.split(), redirected=redirected)
    assert (done.returncode, done.stderr) == (code, "")
    assert bool(done.stdout) == (code == 0)


@pytest.mark.parametrize("command", ["list", "list --json", "show atan", "--help"])
@pytest.mark.parametrize("lines", [0, 1])
def test_reader_that_closes_the_pipe_is_no_error(command, lines, bare):
    line = [sys.executable, "-m", "surroreg", *command.split()]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(bare)) as started:
        for _ in range(lines):
            assert started.stdout.readline()
        started.stdout.close()
        err = started.stderr.read()
    assert (started.returncode, err) == (0, b"")
