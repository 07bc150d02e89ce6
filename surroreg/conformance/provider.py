"""A plugin under test, and what it does in a process of its own when it is loaded."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surroreg.conformance.table import ConformanceError

#: Seconds after which loading a plugin counts as hanging.
PATIENCE = 300

# The path comes first: it decides where surroreg and the plugin are.
_CHILD = """
import json, sys
given = json.loads(sys.argv[1])
sys.path[:] = given.pop("path")
from surroreg.conformance.loading import observe
observe(**given)
"""


@dataclass(frozen=True)
class Observation:
    """What loading a plugin did.

    Args:
        printed: text by stream.
        changed: the parts of the state that it changed, before and after.
        offered: the descriptions it gave, the first and the second time.
    """

    printed: dict[str, str]
    changed: dict[str, tuple[Any, Any]]
    offered: tuple[list[dict[str, Any]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Provider:
    """A plugin under test.

    Args:
        namespace: under which it provides.
        value: the entry point's value, ``"module"`` or ``"module:object"``.
        distribution, version: what installed it.
        problem: why it does not load, or ``""``.
        missing: which library it wraps is not installed, or ``""``.
        reference: by what another process finds it, for a line to repeat a check.
    """

    namespace: str
    value: str
    distribution: str = ""
    version: str = ""
    problem: str = ""
    missing: str = ""
    reference: str = ""

    @property
    def name(self) -> str:
        """The namespace; what it was asked for by, if it is not installed."""
        return self.namespace if self.distribution else self.reference or self.namespace

    @functools.cached_property
    def observed(self) -> Observation:
        """What loading it does, in a fresh process.

        Raises:
            ConformanceError: the process ends with an error.
        """
        result, printed = self._loaded([])
        changed = result["state"]
        if result["libraries"]:  # what an import of these libraries changes by itself is no fault of the plugin
            parts = {part for part, *_ in self._loaded(result["libraries"])[0]["state"]}
            changed = [change for change in changed if not change[3] or change[0] in parts]
        return Observation(
            printed=printed,
            changed={part: (before, after) for part, before, after, _ in changed},
            offered=(result["offered"][0], result["offered"][1]),
        )

    def _loaded(self, libraries: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """Load the plugin in a process of its own, after some libraries; return the result and what was printed."""
        with tempfile.TemporaryDirectory() as folder:
            out, err, result = Path(folder, "out"), Path(folder, "err"), Path(folder, "result.json")
            # The current folder is on the path as "": there it is not.
            path = [entry or str(Path.cwd()) for entry in sys.path]
            given = {"path": path, "namespace": self.namespace, "value": self.value, "result": str(result)}
            command = [sys.executable, "-c", _CHILD, json.dumps({**given, "libraries": libraries})]
            # Files, not pipes: a process that the plugin leaves behind would keep a pipe open.
            with out.open("wb") as stdout, err.open("wb") as stderr:
                child = subprocess.Popen(command, stdout=stdout, stderr=stderr, start_new_session=True)
                try:
                    child.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    raise ConformanceError("the plugin loads", got=f"nothing within {PATIENCE} seconds") from None
                finally:
                    _end(child)
            printed = {
                "standard output": out.read_text(encoding="utf-8", errors="replace"),
                "standard error": err.read_text(encoding="utf-8", errors="replace"),
            }
            if not result.exists():
                raise ConformanceError(
                    "the plugin loads in a fresh process", got=printed["standard error"].strip()[-1000:]
                )
            return json.loads(result.read_text(encoding="utf-8")), printed


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it has started and left behind."""
    with contextlib.suppress(OSError):  # none is left
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()
