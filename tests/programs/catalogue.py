"""The programs by name; a program whose library is missing skips its tests, visibly."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable

import pytest

from tests.interop.cases import FUNCTION_WARNS, SCRIPT_WARNS
from tests.interop.test_compile import STATE_WARNS
from tests.programs.base import Program

#: The module of each program, and the library that the module imports.
PLAIN = dict.fromkeys(["plain", "plain_deep"], ("plain", "torch"))
SNNTORCH = dict.fromkeys(
    [
        "snntorch",
        "snntorch_convolutional",
        "snntorch_recurrent",
        "snntorch_synaptic",
        "snntorch_truncated",
    ],
    ("snntorch", "snntorch"),
)
SPIKINGJELLY = dict.fromkeys(["spikingjelly_single_step", "spikingjelly_multi_step"], ("spikingjelly", "spikingjelly"))
NORSE = {"norse": ("norse", "norse")}
SINABS = {"sinabs": ("sinabs", "sinabs")}
#: All programs.
EVERY = {**PLAIN, **SNNTORCH, **SPIKINGJELLY, **NORSE, **SINABS}

#: Those whose surrogates are modules, whose values a user assigns. Norse's is a text among the constants of a cell.
ASSIGNED = [name for name in EVERY if name not in NORSE]
#: No library's neurons, neurons with explicit states, neurons that keep their states: where a mode takes long, these
#: stand for all.
SOME = ["plain", "snntorch", "spikingjelly_single_step"]

#: What PyTorch itself warns of while it compiles.
COMPILER_WARNS = [FUNCTION_WARNS, SCRIPT_WARNS, STATE_WARNS]


def is_installed(name: str) -> bool:
    """Whether the library of a program can be imported."""
    try:
        return importlib.util.find_spec(EVERY[name][1]) is not None
    except ValueError:  # of a module that ``sys.modules`` hides
        return False


def find(name: str) -> Program:
    """Return a program by name, or skip the test."""
    module, library = EVERY[name]
    pytest.importorskip(library, reason=f"{library} is not installed: its programs are NOT VERIFIED")
    return importlib.import_module(f"tests.programs.{module}").PROGRAMS[name]


def each(names: Iterable[str] = EVERY) -> pytest.MarkDecorator:
    """Return the mark that runs a test with each of these programs as its ``program``."""
    return pytest.mark.parametrize("program", list(names), indirect=True)
