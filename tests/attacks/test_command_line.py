"""The command line survives what plugins, terminals, disks and people do to it."""

from __future__ import annotations

import collections
import json
import os
import random
import re
import select
import signal
import stat
import subprocess
import sys
import threading

import pytest

from surroreg import files
from surroreg.cli import main, parser
from surroreg.conformance.report import Report, Result
from surroreg.errors import SurroregError, printable
from surroreg.registry import Registry, process

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full and /proc are Linux's")

#: Colours the terminal, with one byte too; rings; turns the text round.
STEERING = "\x1b[31m\x9b31m\x07\u202e"

HOOK = """
from surroreg import Parameter, SurrogateSpec, hookimpl, surrogate

@hookimpl
def surroreg_surrogates():
    return SPECS
"""

LOUD = """
import atexit, ctypes, os, subprocess, sys
from surroreg import hookimpl, surrogate

def noise(when):
    print("NOISE print", when)
    sys.stdout.write("NOISE write\\n")
    sys.__stdout__.write("NOISE dunder\\n")
    os.write(1, b"NOISE descriptor\\n")
    os.system("echo NOISE system")
    subprocess.run(["echo", "NOISE subprocess"])
    if "NOISE_OF_C" in os.environ:  # stays in a buffer until the process ends
        ctypes.CDLL(None).puts(b"NOISE c")

noise("import")
atexit.register(print, "NOISE exit") if "NOISE_OF_C" in os.environ else None

@surrogate(references=["doi:10.1000/1"])
def loud(x):
    "Prints."
    noise("derivative")
    return 1 / (1 + x.abs())

@hookimpl
def surroreg_surrogates():
    noise("hook")
    return [loud]
"""

RED = f"""
def red(x, k):
    raise ValueError("why {STEERING}")

SPECS = [SurrogateSpec(
    name="red", derivative=red, summary="Sum {STEERING}\\nsecond  9.9", description="All {STEERING}",
    parameters=[Parameter("k", 1.0, symbol="{STEERING}", doc="doc {STEERING}")],
)]
"""

FAIL = """
import sys

def raises():
    raise ZeroDivisionError("in the factory")

def leaves():
    sys.exit(0)

def memory():
    raise MemoryError

def recursion():
    return recursion()

class Odd(BaseException):
    def __str__(self):
        raise ValueError

def odd():
    raise Odd

SPECS = [SurrogateSpec(name=f.__name__, factory=f) for f in (raises, leaves, memory, recursion, odd)]
"""

PLUGINS = {
    "loud": LOUD,
    "red": HOOK + RED,
    "dead": f"raise RuntimeError('dead {STEERING}')",
    "fail": HOOK + FAIL,
}

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


def install(folder, plugins):
    for namespace, source in plugins.items():
        (folder / f"surroreg_{namespace}.py").write_text(source, encoding="utf-8")
        info = folder / f"surroreg_{namespace}-1.0.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: surroreg-{namespace}\nVersion: 1.0\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[surroreg]\n{namespace} = surroreg_{namespace}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with plugins that print, colour and fail, as an installer leaves them."""
    return install(tmp_path_factory.mktemp("site"), PLUGINS)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A folder without plugins."""
    return tmp_path_factory.mktemp("bare")


@pytest.fixture
def here(site, tmp_path, monkeypatch):
    """An empty folder to work in, and in this process a registry that knows the plugins of the site."""
    for name in [name for name in os.environ if name.startswith("SURROREG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(process, "registry", Registry())
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(site) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def call(captured, *arguments):
    """Run a command in this process; return its exit code and both streams."""
    captured.readouterr()
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    return (code, *captured.readouterr())


def environment(site, **variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SURROREG_", "PYTHON"))}
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}


def run(site, *arguments, redirected="", folder=None, options=(), limits="", **variables):
    """Run a command in a process of its own, as a shell does."""
    line = [sys.executable, *options, "-m", "surroreg", *arguments]
    return subprocess.run(
        ["/bin/sh", "-c", f'{limits} "$@" {redirected}', "sh", *line],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=environment(site, **variables),
        cwd=folder,
        check=False,
        timeout=120,
    )


def is_clear(text):
    """Whether a text is a message and no accident."""
    return "Traceback" not in text and "Exception ignored" not in text


# -- what plugins print ------------------------------------------------------------------------------


def test_a_noisy_plugin_does_not_spoil_json(site):
    done = run(site, "list", "--json", NOISE_OF_C="1", SURROREG_DISABLE_PLUGINS="dead")
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
def test_a_noisy_plugin_prints_beside_the_answer(command, here, capfd):
    code, out, err = call(capfd, *COMMANDS[command])
    assert code == (command == "doctor")
    assert out
    assert "NOISE" not in out
    for how in ("print import", "write", "dunder", "descriptor", "system", "subprocess"):
        assert f"NOISE {how}\n" in err


def test_noise_is_kept_apart_where_streams_have_no_file(here, capsys):
    code, out, err = call(capsys, "show", "loud/loud", "--json")
    assert code == 0
    assert json.loads(out)["surrogate"]["surrogate"] == "loud/loud"
    assert "NOISE print import\nNOISE write\n" in err


@pytest.mark.parametrize("arguments", [("list",), ("--version",), ("show", "nothing"), ("frobnicate",)])
def test_streams_are_as_they_were_after_a_command(arguments, here, capfd):
    def state():
        return sys.stdout, sys.stderr, sorted(os.listdir("/proc/self/fd"))

    before = state()
    call(capfd, *arguments)
    assert state() == before
    print("by Python")
    os.write(1, b"by its number\n")
    assert capfd.readouterr() == ("by Python\nby its number\n", "")


def test_a_plugin_that_breaks_the_streams_is_reported(tmp_path):
    done = run(install(tmp_path, {"vandal": VANDAL}), "list")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("atan ")
    assert "surroreg: warning: plugin 'vandal'" in done.stderr
    assert is_clear(done.stderr)


# -- texts that steer a terminal ---------------------------------------------------------------------


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
def test_texts_do_not_steer_the_terminal(command, here, capfd):
    _, out, err = call(capfd, *command.split(" "))
    assert out + err == printable(out + err)
    assert "\\x1b[31m\\x9b31m\\x07\\u202e" in out + err or "--json" in command or command == "plugins"


def test_a_summary_of_two_lines_is_one_row(here, capfd):
    _, out, _ = call(capfd, "list", "red/*")
    assert len(out.splitlines()) == 1


BREAKOUT = f"why\n```\n# Passed\n````\n{STEERING}\udcff"


def test_a_message_stays_inside_its_fence_in_markdown(tmp_path):
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


def test_pytest_shows_escapes_and_loses_no_report(site, tmp_path):
    (tmp_path / "full.json").symlink_to("/dev/full")
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--plugin-conformance"]
    line += ["--conformance-plugin=dead", "--conformance-report=full.json", "--conformance-report=r.json"]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(site), cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "dead \\x1b[31m\\x9b31m\\x07\\u202e" in done.stdout
    assert done.stdout + done.stderr == printable(done.stdout + done.stderr)
    assert "report: " + str(tmp_path / "r.json") in done.stdout
    assert f"ERROR: cannot write '{tmp_path}/full.json': No space left on device." in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["counts"]["failed"] > 0
    assert "1 failed" in done.stdout.splitlines()[-1]
    assert is_clear(done.stderr)


# -- terminals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252:strict"])
def test_a_terminal_without_utf_8_shows_escapes(encoding, bare):
    done = run(bare, "show", "atan", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u03b1" in done.stdout
    assert "defined in: surroreg" in done.stdout


def test_the_c_locale_shows_escapes(bare):
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
def test_an_answer_that_finds_no_space_exits_with_2(command, bare):
    done = run(bare, *command.split(), redirected="> /dev/full")
    assert (done.returncode, done.stderr) == (2, FULL)


@pytest.mark.parametrize("command", ["list", "show atan", "--version", "--help"])
def test_an_answer_without_a_stream_exits_with_2(command, bare):
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
def test_a_reader_that_has_seen_enough_is_no_error(command, lines, bare):
    line = [sys.executable, "-m", "surroreg", *command.split()]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(bare)) as started:
        for _ in range(lines):
            assert started.stdout.readline()
        started.stdout.close()
        err = started.stderr.read()
    assert (started.returncode, err) == (0, b"")


# -- files -------------------------------------------------------------------------------------------


ONE = ("--check", "forward_dtype", "--device", "cpu", "--max-examples", "2")


@pytest.mark.parametrize(("name", "code", "shown"), [("atan", 2, "1 passed"), ("fail/raises", 1, "1 failed")])
def test_a_report_that_fails_loses_no_other(name, code, shown, here, capfd):
    (here / "full.md").symlink_to("/dev/full")
    found, out, err = call(capfd, "check", name, *ONE, "--report", "full.md", "--report", "r.json")
    assert found == code
    assert shown in out
    assert f"surroreg: cannot write '{here}/full.md': No space left on device." in err
    assert json.loads((here / "r.json").read_text())["counts"]
    assert sorted(os.listdir(here)) == ["full.md", "r.json"]


@pytest.mark.parametrize(
    "report", ["/proc/r.json", "nowhere/r.json", "folder.json", "x" * 300 + ".json", "a\0.json", "", "locked.json"]
)
def test_a_report_that_cannot_be_is_refused_before_the_run(report, here, capfd):
    (here / "folder.json").mkdir()
    (here / "locked.json").touch(mode=0o400)
    if report == "locked.json" and os.access(report, os.W_OK):
        pytest.skip("the superuser may write anywhere")
    code, out, err = call(capfd, "check", "atan", *ONE, "--report", "r.md", "--report", report)
    assert (code, out) == (2, "")
    assert err.startswith(("surroreg: cannot write ", "surroreg: a report is written as "))
    assert sorted(os.listdir(here)) == ["folder.json", "locked.json"]


@pytest.mark.parametrize("command", ["explore -o", "plot atan -o"])
def test_a_file_on_a_full_disk_stays_as_it_was(command, bare, tmp_path):
    old = tmp_path / "old.svg"
    old.write_text("precious")
    done = run(bare, *command.split(), "old.svg", folder=tmp_path, limits="ulimit -f 8;")  # blocks of 512 bytes
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("surroreg: cannot write 'old.svg': File too large.\n")
    assert is_clear(done.stderr)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old.svg": "precious"}


def test_a_replaced_file_keeps_mode_and_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("target")
    files.refuse_unwritable(link)
    assert target.read_bytes() == b"old"
    files.write(link, b"new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(os.listdir(tmp_path)) == 2


def test_a_new_file_has_the_mode_that_others_have(tmp_path):
    (tmp_path / "other").touch()
    (tmp_path / "link").symlink_to("new")
    files.refuse_unwritable(tmp_path / "link")
    assert not (tmp_path / "new").exists()
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_pipe_and_a_device_are_written_to_directly(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    files.refuse_unwritable(pipe)
    files.write(pipe, b"x" * 100_000)
    reader.join()
    assert read == [b"x" * 100_000]
    files.write("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(SurroregError, match="cannot write '/dev/full': No space left on device"):
        files.write("/dev/full", b"x")
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("failing", ["replace", "chmod"])
def test_a_failure_leaves_no_file_behind(failing, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(5, "Input/output error")

    (tmp_path / "old").write_text("precious")
    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(SurroregError, match=r"cannot write .*: Input/output error"):
        files.write(tmp_path / "old", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old": "precious"}


def test_a_file_that_cannot_be_replaced_is_written_in_place(tmp_path, monkeypatch):
    def busy(*_):
        raise OSError(16, "Device or resource busy")  # as of a file that is mounted

    (tmp_path / "mounted").write_text("a longer text")
    monkeypatch.setattr(os, "replace", busy)
    files.write(tmp_path / "mounted", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"mounted": "new"}


def test_a_page_for_standard_output_is_the_whole_answer(bare):
    done = run(bare, "explore", "-o", "/dev/stdout")
    assert done.returncode == 0
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert done.stdout.rstrip().endswith("</html>")


# -- numbers and settings ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["inf", "nan", "1e400", "0", "-1", "-inf", "x", "0.5", "", "1e15", "1e300"])
def test_a_size_that_cannot_be_measured_exits_with_2(size, here, capfd):
    code, out, err = call(capfd, "bench", "atan", f"--size={size}", "--rounds=1", "--device=cpu")
    assert (code, out) == (2, "")
    assert "--size" in err
    assert is_clear(err)


@pytest.mark.parametrize("option", ["--max-examples", "--seed"])
@pytest.mark.parametrize("value", ["1e9999", "9" * 5000, "inf", "x", ""])
def test_a_count_that_is_none_exits_with_2(option, value, here, capfd):
    code, out, err = call(capfd, "check", "atan", *ONE, f"{option}={value}")
    assert (code, out) == (2, "")
    assert option in err


NESTED = [f"alpha={sign * number}1" for sign in "([{-~" for number in (50, 250, 100_000)]


@pytest.mark.parametrize(
    "command", ["plot atan", "demo atan", "translate spikingjelly.ATan", "translate atan --to spikingjelly"]
)
def test_a_setting_that_makes_no_sense_exits_with_2(command, here, capfd):
    for setting in [
        *("alpha=-2", "alpha=nan", "alpha=inf", "alpha=1e400", "alpha=[1]", "alpha={[]}", "alpha=None", "alpha=''"),
        *("alpha", "alpha=", "=2", "=", "", "beta=2", "name=2", "self=2", "to=2", "at_zero=7", "at_zero=x", "x\0=1"),
        *("alpha='\ud800'", "alpha=\0", f"{STEERING}=1", f"alpha={STEERING}", "alpha=" + "9" * 5000, *NESTED),
    ]:
        code, out, err = call(capfd, *command.split(), f"--set={setting}")
        assert (code, out) == (2, ""), setting[:20]
        own = [line for line in err.splitlines() if line.startswith("surroreg: ") and "warning" not in line]
        assert len(own) == 1, setting[:20]
        assert err == printable(err)
    code, out, err = call(capfd, *command.split(), "--set", "alpha=2", "--set", "alpha=3")
    assert (code, out) == (2, "")
    assert "surroreg: --set gives 'alpha' more than one value.\n" in err
    assert os.listdir(here) == []


@pytest.mark.parametrize("command", ["new " + "a" * 300, "new acme --namespace red", "new acme --surrogate if"])
def test_a_new_plugin_that_cannot_be_leaves_nothing(command, here, capfd):
    code, out, err = call(capfd, *command.split())
    assert (code, out) == (2, "")
    assert is_clear(err)
    assert os.listdir(here) == []


def test_a_new_plugin_in_a_read_only_folder_exits_with_2(here, capfd, monkeypatch):
    monkeypatch.chdir("/proc")
    code, out, err = call(capfd, "new", "acme")
    assert (code, out) == (2, "")
    assert "surroreg: 'surroreg-acme' cannot be written: " in err


@pytest.mark.parametrize("name", ["nul", "CON", "com1"])
def test_a_new_plugin_may_be_called_like_a_device(name, here, capfd):
    code, _, _ = call(capfd, "new", name)
    assert (code, os.listdir(here)) == (0, [f"surroreg-{name.lower()}"])


# -- warnings, signals, exceptions -------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"options": ("-W", "error")}, {"PYTHONWARNINGS": "ignore"}])
def test_own_warnings_are_shown_whatever_the_filters(how, site):
    done = run(site, "list", SURROREG_PLUGINS="dead,nothing", **how)
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
def test_a_signal_ends_a_command_quietly(number, code, tmp_path):
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
def test_code_of_a_plugin_that_fails_is_one_message(command, name, here, capfd):
    code, _, err = call(capfd, *command.split(), name)
    (message,) = re.findall(r"^surroreg: the code of .*", err, re.M)
    assert code == 2
    assert f"{name.partition('/')[2]!r} (surroreg_{name.partition('/')[0]}:" in message
    assert re.search(r"\(in \w+, /.*/surroreg_\w+\.py:\d+\)\.$", message)
    assert is_clear(err)
    assert os.listdir(here) == []


@pytest.mark.parametrize("name", ["red/red", "fail/raises", "fail/leaves", "fail/memory", "fail/recursion", "fail/odd"])
def test_show_does_without_the_curve_that_fails(name, here, capfd):
    code, out, err = call(capfd, "show", name)
    assert code == 0
    assert "traits: " in out
    assert "surroreg: no curve of " in err


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_surrogate_that_cannot_be_listed_hides_no_other(options, tmp_path):
    done = run(install(tmp_path, {"mute": HOOK + MUTE}), "list", *options)
    assert done.returncode == 0
    assert "triangular" in done.stdout
    assert is_clear(done.stderr)
    assert "mute/mute" in done.stdout or "'mute' (surroreg_mute:mute) failed: ValueError: no words" in done.stderr


def test_a_defect_of_surroreg_keeps_its_traceback(here, capfd, monkeypatch):
    def defect(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("surroreg.plot.plot", defect)
    with pytest.raises(ZeroDivisionError):
        main(["plot", "atan"])


# -- names -------------------------------------------------------------------------------------------

NAMES = [
    *("", " ", "\0", "a\nb", "a\rb", "\udcff", "\ud800x", "é", STEERING, "x" * 100_000, "../..", "..", ".", "/", "//"),
    *(":", "::", "a:b:c", ":x", "x:", "/x", "x/", "builtin/", "builtin/x/y", "*", "[", "os", "sys:exit", "surroreg:x"),
]


@pytest.mark.parametrize(
    "command",
    ["show", "show --json", "cite", "plot", "explore", "demo", "translate", "bench", f"check {' '.join(ONE)}"],
)
def test_odd_names_are_refused_in_a_message(command, here, capfd):
    for name in NAMES:
        code, out, err = call(capfd, *command.split(), f"{name}")
        # A module is imported to be checked: that it cannot be is what was found.
        assert code == 2 or (code == 1 and command.startswith("check") and "FAILED" in out), name[:20]
        assert err == printable(err)
        assert is_clear(err + out)
    assert os.listdir(here) == []


# -- a few hundred lines at random -------------------------------------------------------------------

#: The options of each command, those that take a value with an equals sign.
SYNTAX = {
    name: tuple(
        option + ("=" if action.nargs != 0 else "")
        for action in own._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    )
    for name, own in parser().commands.items()
}
#: What some command takes.
SENSIBLE = [
    *("atan", "red/red", "builtin/atan", "zsh", "norse.SuperSpike", "alpha=2", "a.svg", "r.json", "norse", "0", "acme"),
]
WORDS = [
    *("atan", "ATan", "builtin/atan", "red/red", "fail/leaves", "fail/recursion", "custom_surrogate", "dead/x", "acme"),
    *("spikingjelly.ATan", "norse.SuperSpike", "snntorch", "bash", "zsh", "a.svg", "b.png", "c.pdf", "r.json", "r.md"),
    *("alpha=2", "alpha=-1", "alpha=1e400", "slope=[", "=", "nan", "inf", "-1", "0", "1", "1e400", "9" * 30, "{}"),
    *("cpu", "meta", "cuda", "--", "--json", "--help", "--version", "-o", "--nope", "()" * 99, "*a*", "zoo/*"),
    *NAMES,
]
#: These end a line whatever came before, so that none takes long.
SHORT = {
    "check": ("--check", "forward_dtype", "--device", "cpu", "--max-examples", "2"),
    "demo": ("--epochs", "0"),
    "bench": ("--device", "tpu"),
}


def random_line(chance):
    command = chance.choice(list(SYNTAX))
    line = [command] if chance.random() < 0.98 else [chance.choice(WORDS)]
    if command in ("show", "plot", "cite", "check", "explore") and chance.random() < 0.5:
        line += chance.sample(["atan", "red/red", "fail/odd", "sigmoid"], chance.randint(1, 2))
    for _ in range(chance.randint(0, 3)):
        option = chance.choice([*SYNTAX[command], ""])
        word = chance.choice(WORDS if chance.random() < 0.6 else SENSIBLE)
        line += [option + word] if option.endswith("=") else [option] if option else [word]
    return [*line, *SHORT.get(command, ())]


def test_no_command_line_ends_in_an_exception(here, capfd):
    chance, outcomes = random.Random(0), collections.Counter()
    for _ in range(400):
        line = random_line(chance)
        code, out, err = call(capfd, *line)
        shown = [word[:40] for word in line]
        assert code in (0, 1, 2), shown
        assert code == 0 or "surroreg" in err or "FAILED" in out or "failed" in out or '"ok": false' in out, shown
        assert out + err == printable(out + err), shown
        assert is_clear(err), shown
        outcomes[line[0] if line[0] in SYNTAX else "none", code] += 1
    code, out, _ = call(capfd, "list")
    assert (code, out.splitlines()[0].split()[0]) == (0, "atan")
    assert not [name for name in os.listdir(here) if name.startswith(".surroreg")]
    print(sum(outcomes.values()), "calls, by command and exit code:", dict(sorted(outcomes.items())))
