"""Hostile plugins and odd names, and commands that run beside them, here or in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from surroreg.cli import main

#: Colours the terminal, once in a single byte; rings its bell; turns the text round.
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

#: The options of a check that takes no time.
ONE = ("--check", "forward_dtype", "--device", "cpu", "--max-examples", "2")

#: Names that no surrogate has.
NAMES = [
    *("", " ", "\0", "a\nb", "a\rb", "\udcff", "\ud800x", "é", STEERING, "x" * 100_000, "../..", "..", ".", "/", "//"),
    *(":", "::", "a:b:c", ":x", "x:", "/x", "x/", "builtin/", "builtin/x/y", "*", "[", "os", "sys:exit", "surroreg:x"),
]


def install(folder, plugins):
    for namespace, source in plugins.items():
        (folder / f"surroreg_{namespace}.py").write_text(source, encoding="utf-8")
        info = folder / f"surroreg_{namespace}-1.0.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: surroreg-{namespace}\nVersion: 1.0\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[surroreg]\n{namespace} = surroreg_{namespace}\n", encoding="utf-8")
    return folder


def need_linux():
    """Skip a module that needs /dev/full, /proc and limits on processes, in one line for all of its tests."""
    if sys.platform != "linux":
        pytest.skip("/dev/full and /proc are Linux's", allow_module_level=True)


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
    """Run a command in a process of its own, through a shell."""
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
    """Whether a text has no traceback in it."""
    return "Traceback" not in text and "Exception ignored" not in text
