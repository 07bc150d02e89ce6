"""The harness proves itself: each check catches the broken surrogate meant for it, and correct surrogates pass."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import torch

import surroreg.api
import tests.mutants
from surroreg.conformance.table import CHECKS
from surroreg.conformance.targets import Selection, Target
from surroreg.registry import Registry, process
from tests.conformance import checked
from tests.mutants import unusual
from tests.mutants.base import MUTANTS
from tests.mutants.correct import CORRECT, SPECS
from tests.mutants.strict import even_but_for_a_bit

for module in pkgutil.iter_modules(tests.mutants.__path__, "tests.mutants."):  # each enters its mutants
    importlib.import_module(module.name)

#: Where only mutants of the CUDA checks run. On a GPU most checks rightly notice a hard-coded CPU, or a wait, so other
#: mutants would be killed by more than one check.
CUDA = ("cuda",)
PLACES = list(CHECKS)
UNUSUAL = {spec.name: Selection(targets=(Target(f"correct/{spec.name}", spec),)) for spec in unusual.SPECS}


pytestmark = pytest.mark.usefixtures("forked")  # plugins among the mutants are loaded in processes of their own

#: Of the mutants of each check the first that no other check may notice.
ALONE = {mutant.kills: mutant for mutant in reversed(MUTANTS) if mutant.sole}


@pytest.mark.parametrize("mutant", [pytest.param(m, id=f"{m.kills}-{m.name}") for m in MUTANTS])
def test_mutant_is_killed_by_the_check_meant_for_it(mutant, record_property, pytestconfig):
    on_cuda = CHECKS[mutant.kills].devices == CUDA
    absent = on_cuda and not torch.cuda.is_available()
    devices = checked.DEVICES + CUDA if on_cuda and not absent else checked.DEVICES
    # All checks take two minutes, so they are run where this folder is asked for, and on one mutant of each check.
    alone = mutant is ALONE[mutant.kills] and any("mutants" in argument for argument in pytestconfig.args)
    # A mutant of a looser check may well break the strict ones too.
    strict = CHECKS[mutant.kills].severity == "strict"
    pattern = "*" if alone else mutant.kills
    found = checked.results(mutant.selection, devices, examples=10, strict=strict, pattern=pattern)
    killed = {result.check for result in found if result.status in ("failed", "warned")}
    row = {"mutant": mutant.name, "kills": mutant.kills, "place": PLACES.index(mutant.kills), "alone": alone}
    record_property("surroreg_mutant", {**row, "killed": sorted(killed, key=PLACES.index), "absent": absent})
    if absent:
        assert not killed
        pytest.skip("no CUDA device")
    assert mutant.kills in killed
    if alone:
        others = [result for result in found if result.check in killed - {mutant.kills}]
        # Dynamo of torch 2.9 cannot read whether these Functions have a setup_context.
        others = [result for result in others if "setup_context) has no type" not in result.message]
        assert not others, "\n\n".join(f"{result.id}\n{result.message}" for result in others)


def test_every_check_has_a_mutant_that_only_it_kills():
    assert set(ALONE) == set(CHECKS)


def test_mutants_are_many_and_have_distinct_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 55


@pytest.mark.parametrize("name", [*CORRECT, *UNUSUAL])
def test_correct_surrogates_pass_every_check(name, monkeypatch):
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    for spec in (*SPECS, *unusual.SPECS):
        if spec.factory is not None:  # found by its name, it can be copied
            surroreg.register(spec, namespace="correct")
    # The strict checks, which cost the most, are for surroreg's own.
    found = checked.results((CORRECT | UNUSUAL)[name], examples=10, strict=name in CORRECT)
    # Unverified is what needs NVRTC where that is not installed.
    fine = ("passed", "skipped", "unverified")
    messages = [f"{result.id}\n{result.message}" for result in found if result.status not in fine]
    assert not messages, "\n\n".join(messages)
    assert any(result.status == "passed" for result in found)
    skipped = {result.check for result in found if result.status == "skipped"}
    if name == "declared":
        # A black box has no derivative, no primitive, no forward mode.
        assert skipped == {"formula_is_right", "primitive_is_right", "jvp"}


def test_strict_check_fails_only_a_strict_run():
    reports = [surroreg.conformance.check(even_but_for_a_bit, strict=value) for value in (False, True)]
    statuses = [{result.status for result in report.results if result.check == "even_exactly"} for report in reports]
    assert [report.ok for report in reports] == [True, False]
    assert statuses == [{"warned"}, {"failed"}]
