"""A plugin under test, and what it does in a process of its own when it is loaded."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surroreg.conformance.table import ConformanceError

#: Seconds after which loading a plugin counts as hanging.
PATIENCE = 300

# Loads the plugin between two looks at everything it should leave alone.
_CHILD = """
import json, sys, warnings
given = json.loads(sys.argv[1])
sys.path[:] = given["path"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from surroreg.registry import process
    from surroreg.registry.discovery import Candidate
    from surroreg.registry.loader import imported, provided

def look():
    registry = process.registry
    return {
        "torch's random generator": torch.get_rng_state().tolist(),
        "torch's default dtype": str(torch.get_default_dtype()),
        "the grad mode": torch.is_grad_enabled(),
        "the number of threads": torch.get_num_threads(),
        "the GPU": "initialised" if torch.cuda.is_initialized() else "not initialised",
        "the built-in surrogates": {name: spec.to_dict() for name, spec in registry.builtin.specs.items()},
        "what is registered": sorted(registry.plugins.local),
    }

before = look()
sys.stderr.flush()
warnings.simplefilter("always")
candidate = Candidate(given["namespace"], given["value"], given["namespace"], "")
plugin = imported(candidate)
offered = [sorted(provided(given["namespace"], plugin).specs.items()) for _ in range(2)]
after = look()
drawn = "torch's random generator"
if before[drawn] != after[drawn]:
    before[drawn], after[drawn] = "as it was", "drawn from"
with open(given["result"], "w", encoding="utf-8") as file:
    json.dump({
        "state": {what: [before[what], after[what]] for what in before if what != drawn or before[what] == "as it was"},
        "offered": [[spec.to_dict() for _, spec in specs] for specs in offered],
    }, file, default=str)
"""


@dataclass(frozen=True)
class Observation:
    """What loading a plugin did.

    Args:
        printed: text by stream.
        state: what may not change, before and after.
        offered: the descriptions it gave, the first and the second time.
    """

    printed: dict[str, str]
    state: dict[str, tuple[Any, Any]]
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
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder, "result.json")
            # The current folder is on the path as "": there it is not.
            path = [entry or str(Path.cwd()) for entry in sys.path]
            given = {"path": path, "namespace": self.namespace, "value": self.value, "result": str(result)}
            command = [sys.executable, "-c", _CHILD, json.dumps(given)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
            except subprocess.TimeoutExpired:
                raise ConformanceError("the plugin loads", got=f"nothing within {PATIENCE} seconds") from None
            if not result.exists():
                raise ConformanceError("the plugin loads in a fresh process", got=done.stderr.strip()[-1000:])
            found = json.loads(result.read_text(encoding="utf-8"))
        return Observation(
            printed={"standard output": done.stdout, "standard error": done.stderr},
            state={what: (before, after) for what, (before, after) in found["state"].items()},
            offered=(found["offered"][0], found["offered"][1]),
        )
