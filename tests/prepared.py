"""A process that has imported torch and its compiler. A program runs in a fork of it, which saves these imports.

A program that must import torch itself, or that reads what Python was started with, needs a process of its own.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_SERVER = """
import atexit, gc, json, os, sys, threading, traceback
import numpy.random, sympy, torch, torch._dynamo, torch.export  # takes longer than all the rest

def prepare():
    # PyTorch imports more at the first use of its compiler and of a tensor without data.
    torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
    x = torch.ones(2, requires_grad=True)
    torch.compile(torch.sin, backend="aot_eager")(x).sum().backward()
    torch.export.export(torch.nn.ReLU(), (x,))
    (x.to("meta") + 1).sigmoid()
    torch._dynamo.reset()

prepare()
gc.collect()
gc.freeze()  # a collection would copy all memory that a fork shares
for line in iter(sys.stdin.readline, ""):
    given = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
del line, child, prepare
os.setsid()
for stream, name in enumerate((os.devnull, given["stdout"], given["stderr"])):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND), stream)
os.environ.clear()
os.environ.update(given["environment"])
os.chdir(given["folder"])
sys.argv, sys.path[:1], sys.dont_write_bytecode = given["argv"], given["path"], True
code = 0
try:
    exec(given["code"], globals())
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
except BaseException:
    traceback.print_exc()
    code = 1
threading._shutdown()
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # to take down the modules of torch, which a fork shares, costs more than the imports
"""


@functools.cache
def _server(process: int) -> subprocess.Popen[bytes]:
    """Start the process, once for each process of the tests; it ends with that one."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SURROREG_", "PYTEST_", "PYTHON"))
    }
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env={**kept, "CUDA_VISIBLE_DEVICES": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,  # select sees what is read by nobody yet
    )
    atexit.register(server.communicate)
    return server


class Fork:
    """A program in a fork of the prepared process; it has what a test needs of ``subprocess.Popen``.

    Args:
        code: Python code, which runs as the main program.
        argv: the arguments it finds in ``sys.argv``.
        path: the folders at the head of ``sys.path``.
        stdout, stderr: files for its output.
    """

    def __init__(
        self,
        code: str,
        argv: Sequence[str],
        *,
        path: Sequence[str],
        stdout: Path | str,
        stderr: Path | str,
        folder: Path | str = ".",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.server = _server(os.getpid())
        given = {
            "code": code,
            "argv": list(argv),
            "path": list(path),
            "stdout": str(stdout),
            "stderr": str(stderr),
            "folder": str(Path(folder).absolute()),
            "environment": dict(os.environ if environment is None else environment),
        }
        assert self.server.stdin is not None
        self.server.stdin.write(json.dumps(given).encode() + b"\n")
        self.pid = self._answer()
        self.returncode: int | None = None

    def _answer(self) -> int:
        assert self.server.stdout is not None
        return int(self.server.stdout.readline())

    def wait(self, timeout: float = 300) -> int:
        """Wait for the end, and return the exit code."""
        if self.returncode is None:
            if not select.select([self.server.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a fork", timeout)
            self.returncode = self._answer()
        return self.returncode

    def kill(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)


def _popen(command: Sequence[str], *, stdout: Any, stderr: Any, start_new_session: bool) -> Fork:
    _, option, code, *arguments = command
    assert (option, start_new_session) == ("-c", True)
    return Fork(code, ["-c", *arguments], path=[""], stdout=stdout.name, stderr=stderr.name)


#: Stands in for the module ``subprocess`` where a check loads a plugin in a process of its own.
FORKING = SimpleNamespace(Popen=_popen, TimeoutExpired=subprocess.TimeoutExpired)
