"""The state of the process: each effect is named, and put back where that is possible."""

from __future__ import annotations

import gc
import os

import numpy.random  # noqa: F401  # a generator that nobody has imported has no state
import pytest

from surroreg.conformance import state
from surroreg.conformance.output import printed
from surroreg.conformance.provider import Provider
from tests.mutants.plugins.mutants_effects import EFFECTS, KEPT

NAMES = {part.name for part in state.PARTS}
#: What nothing puts back; the check itself puts the filters back.
LASTING = {
    "threads",
    "open files",
    "child processes",
    "the random generators of Python and numpy",
    "the filters of warnings",
}


@pytest.mark.parametrize("effect", [name for name in EFFECTS if not name.startswith("standard output")])
def test_state_after_an_effect_names_it_and_is_restored(effect):
    with state.restored() as before:
        EFFECTS[effect]()
        parts = [change.part for change in state.changes(before)]
    assert len(parts) == 1
    assert effect == parts[0] or effect not in NAMES
    assert {change.part for change in state.changes(before)} <= LASTING
    while KEPT:
        kept = KEPT.pop()
        getattr(kept, "kill", kept.close if hasattr(kept, "close") else None)()
        getattr(kept, "wait", lambda: None)()


def test_state_without_an_effect_has_no_changes():
    before = state.snapshot()
    gc.collect()
    assert state.changes(before) == []


@pytest.mark.parametrize("effect", ["standard output", "standard output, past Python"])
def test_printed_of_either_way_has_the_text(effect):
    with printed() as texts:
        EFFECTS[effect]()
    assert texts == {"standard output": "acme 1.0\n", "standard error": ""}


def _library(folder, name, code):
    """Write a module that belongs to a distribution."""
    (folder / f"{name}.py").write_text(code)
    described = folder / f"{name}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (described / "top_level.txt").write_text(f"{name}\n")


@pytest.mark.parametrize(
    ("code", "blamed"),
    [
        ("import logging; logging.basicConfig(level=10)", set()),
        ("import os; os.environ['ACME'] = '1'", set()),
        ("import torch; torch.rand(3)", {"torch's random generator"}),
    ],
)
def test_plugin_of_a_library_answers_for_torch_only(code, blamed, tmp_path, monkeypatch, forked):
    _library(tmp_path, "acme_library", code)
    (tmp_path / "acme_plugin.py").write_text(
        "import acme_library\nfrom mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(os.path.join(os.path.dirname(__file__), "..", "mutants", "plugins"))
    assert {*Provider("acme", "acme_plugin").observed.changed} == blamed
