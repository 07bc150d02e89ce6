"""Warnings, signals and failing plugins end a command in a message."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys

import pytest

from surroreg.cli import main
from tests.attacks.commands import HOOK, ONE, call, environment, install, is_clear, need_linux, run

need_linux()

#: Its default can be called, and not described.
MUTE = """
from collections.abc import Callable

class Mute:
    def __call__(self, x):
        return x

    def __repr__(self):
        raise ValueError("no words")

def mute(x, f):
    return f(x)

SPECS = [SurrogateSpec(name="mute", derivative=mute, parameters=[Parameter("f", Mute(), type=Callable)])]
"""

NAP = """
import time
with open("asleep", "w") as pipe:
    pipe.write("now")
time.sleep(60)
"""


@pytest.mark.parametrize("how", [{"options": ("-W", "error")}, {"PYTHONWARNINGS": "ignore"}])
def test_own_warnings_are_shown_whatever_the_filters(how, hostile):
    done = run(hostile, "list", SURROREG_PLUGINS="dead,nothing", **how)
    assert done.returncode == 0
    assert "atan" in done.stdout
    assert "surroreg: warning: plugin 'dead'" in done.stderr
    assert "surroreg: warning: SURROREG_PLUGINS" in done.stderr
    assert is_clear(done.stderr)


@pytest.mark.parametrize("action", ["error", "ignore"])
def test_own_warnings_are_shown_whatever_a_plugin_filters(action, tmp_path):
    first = f"import warnings\nwarnings.simplefilter({action!r})\nraise RuntimeError('first')"
    done = run(install(tmp_path, {"first": first, "second": "raise RuntimeError('second')"}), "list")
    assert done.returncode == 0
    assert "RuntimeError: first" in done.stderr
    assert "RuntimeError: second" in done.stderr


def test_commands_work_where_warnings_are_errors(bare, tmp_path):
    code = "import sys; from surroreg.cli import main; sys.exit(sum(main(line.split()) for line in sys.argv[1:]))"
    line = [sys.executable, "-W", "error", "-c", code, "show atan", "plot atan", f"check atan {' '.join(ONE)}"]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(bare), cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("atan.svg\nbuiltin/atan  1 passed\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_signal_ends_a_command_quietly(number, code, tmp_path):
    site = install(tmp_path, {"nap": NAP})
    os.mkfifo(tmp_path / "asleep")
    asleep = os.open(tmp_path / "asleep", os.O_RDONLY | os.O_NONBLOCK)
    # Whoever starts the tests in the background lets all of their processes ignore the signal.
    start = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    line = [sys.executable, "-c", f"{start}from surroreg.cli import main; sys.exit(main())", "list"]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stderr=pipe, stdout=pipe, cwd=tmp_path, env=environment(site)) as started:
        try:
            assert select.select([asleep], [], [], 60)[0]
            started.send_signal(number)
            assert (started.communicate(timeout=60), started.returncode) == ((b"", b""), code)
        finally:
            started.kill()
            os.close(asleep)


@pytest.mark.parametrize("name", ["red/red", "fail/raises", "fail/leaves", "fail/memory", "fail/recursion", "fail/odd"])
@pytest.mark.parametrize("command", ["plot", "demo --epochs 1", "bench --size 10 --rounds 1 --device cpu"])
def test_failing_code_of_a_plugin_is_one_message(command, name, workplace, capfd):
    code, _, err = call(capfd, *command.split(), name)
    (message,) = re.findall(r"^surroreg: the code of .*", err, re.M)
    assert code == 2
    assert f"{name.partition('/')[2]!r} (surroreg_{name.partition('/')[0]}:" in message
    assert re.search(r"\(in \w+, /.*/surroreg_\w+\.py:\d+\)\.$", message)
    assert is_clear(err)
    assert os.listdir(workplace) == []


@pytest.mark.parametrize("name", ["red/red", "fail/raises", "fail/leaves", "fail/memory", "fail/recursion", "fail/odd"])
def test_show_leaves_out_a_curve_that_fails(name, workplace, capfd):
    code, out, err = call(capfd, "show", name)
    assert code == 0
    assert "traits: " in out
    assert "surroreg: no curve of " in err


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_surrogate_that_cannot_be_listed_hides_no_other(options, tmp_path):
    done = run(install(tmp_path, {"mute": HOOK + MUTE}), "list", *options)
    assert done.returncode == 0
    assert "triangular" in done.stdout
    assert is_clear(done.stderr)
    assert "mute/mute" in done.stdout or "'mute' (surroreg_mute:mute) failed: ValueError: no words" in done.stderr


def test_defect_of_surroreg_keeps_its_traceback(workplace, capfd, monkeypatch):
    def defect(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("surroreg.plot.plot", defect)
    with pytest.raises(ZeroDivisionError):
        main(["plot", "atan"])
