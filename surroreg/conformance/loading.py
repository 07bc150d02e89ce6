"""Loads a plugin and reports what changes: the program of the process that a check of a plugin starts."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import warnings
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from surroreg.conformance import state
from surroreg.registry import process
from surroreg.registry.discovery import Candidate
from surroreg.registry.loader import imported, provided


def observe(namespace: str, value: str, result: str, libraries: Iterable[str] = ()) -> None:
    """Load a plugin, and write what it changed and offered as JSON.

    Args:
        namespace: name of the plugin's entry point.
        value: value of the entry point.
        result: the file to write.
        libraries: modules to import first, so that their effects are not the plugin's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in ("numpy.random", *libraries):
            with contextlib.suppress(Exception):  # a library that fails here fails in the plugin, too
                importlib.import_module(library)
    sys.stderr.flush()
    warnings.simplefilter("always")
    modules, before, registered = {*sys.modules}, state.snapshot(), _registered()
    plugin = imported(Candidate(namespace, value, namespace, ""))
    offered = [sorted(provided(namespace, plugin).specs.items()) for _ in range(2)]
    changes = [[change.part, change.before, change.after, change.excusable] for change in state.changes(before)]
    changes += [[part, before, _registered()[part], False] for part, before in registered.items()]
    text = json.dumps(
        {
            "state": [change for change in changes if change[1] != change[2]],
            "offered": [[spec.to_dict() for _, spec in specs] for specs in offered],
            "libraries": _libraries({*sys.modules} - modules, value) if any(change[3] for change in changes) else [],
        },
        default=str,
    )
    Path(result).write_text(text, encoding="utf-8")
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # a thread that the plugin has left would keep this process alive


def _registered() -> dict[str, Any]:
    registry = process.registry
    return {
        "the GPU": "initialised" if torch.cuda.is_initialized() else "not initialised",  # type: ignore[no-untyped-call]
        "the built-in surrogates": {name: spec.to_dict() for name, spec in registry.builtin.specs.items()},
        "what is registered": sorted(registry.plugins.local),
    }


def _libraries(modules: Iterable[str], value: str) -> list[str]:
    """Return the modules that belong to Python or to another distribution than the plugin's own."""
    distributions = metadata.packages_distributions()
    own = {*distributions.get(value.partition(":")[0].partition(".")[0], ())}
    return sorted(
        name
        for name in modules
        for package in (name.partition(".")[0],)
        if package in sys.stdlib_module_names or {*distributions.get(package, ())} - own
    )
