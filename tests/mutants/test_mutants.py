"""The harness proves itself: broken surrogates are found, each by the check meant for it, and correct ones pass."""

from __future__ import annotations

import gc

import pytest
import torch

import surroreg.api
from surroreg.conformance.runner import plan, run
from surroreg.conformance.settings import Settings
from surroreg.conformance.table import CHECKS
from surroreg.registry import Registry, process
from tests.mutants import backward, cuda, engineering, forward, providers, stochastic, strict, transforms, values  # noqa: F401
from tests.mutants.base import MUTANTS
from tests.mutants.correct import CORRECT, SPECS

DEVICES = ("cpu", "meta")
#: Where the mutants of its own checks run besides. The others are about one device: on a GPU a hard-coded CPU, or a
#: wait, is noticed by most checks, rightly.
CUDA = ("cuda",)
PLACES = list(CHECKS)


@pytest.fixture(scope="module", autouse=True)
def _little_garbage():
    """Some checks collect garbage, which takes the longer the more there is to look at."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def results(selection, devices=DEVICES):
    settings = Settings(examples=25, devices=devices)
    return [run(item, settings) for item in plan(selection, devices)]


def killers(found, kills):
    """The checks that a mutant breaks. Those that are stricter than the check meant for it are not counted."""
    broken = {result.check for result in found if result.status in ("failed", "warned")}
    if CHECKS[kills].severity == "strict":
        return broken
    return {name for name in broken if CHECKS[name].severity != "strict"}


@pytest.mark.parametrize("mutant", [pytest.param(m, id=f"{m.kills}-{m.name}") for m in MUTANTS])
def test_a_mutant_is_killed_by_the_check_meant_for_it(mutant, record_property):
    on_cuda = CHECKS[mutant.kills].devices == CUDA
    absent = on_cuda and not torch.cuda.is_available()
    found = results(mutant.selection, DEVICES + CUDA if on_cuda and not absent else DEVICES)
    killed = killers(found, mutant.kills)
    told = {"mutant": mutant.name, "kills": mutant.kills, "place": PLACES.index(mutant.kills), "sole": mutant.sole}
    record_property("surroreg_mutant", {**told, "killed": sorted(killed, key=PLACES.index), "absent": absent})
    if absent:
        assert not killed
        pytest.skip("no CUDA device")
    assert mutant.kills in killed
    if mutant.sole:
        others = [result for result in found if result.check in killed - {mutant.kills}]
        # Dynamo of torch 2.9 cannot read whether these Functions have a setup_context.
        others = [result for result in others if "setup_context) has no type" not in result.message]
        assert not others, "\n\n".join(f"{result.id}\n{result.message}" for result in others)


def test_every_check_has_a_mutant_that_only_it_kills():
    assert {mutant.kills for mutant in MUTANTS if mutant.sole} == set(CHECKS)


def test_there_are_many_mutants_each_with_a_name_of_its_own():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 55


@pytest.mark.parametrize("name", CORRECT)
def test_nothing_is_said_against_a_correct_one(name, monkeypatch):
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    for spec in SPECS:
        if spec.factory is not None:  # found by its name, it can be copied
            surroreg.register(spec, namespace="correct")
    found = results(CORRECT[name])
    told = [f"{result.id}\n{result.message}" for result in found if result.status not in ("passed", "skipped")]
    assert not told, "\n\n".join(told)
    assert any(result.status == "passed" for result in found)
    skipped = {result.check for result in found if result.status == "skipped"}
    if name == "declared":
        # A black box has no derivative, no primitive, no forward mode.
        assert skipped == {"formula_is_right", "primitive_is_right", "jvp"}
