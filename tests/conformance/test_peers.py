"""The harness finds in snnTorch, SpikingJelly and Norse what docs/peers.md records: no less, and no more."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
import warnings
from importlib import import_module, metadata
from pathlib import Path

import pytest
import torch

import surroreg

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "peers.md").read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(DOCS / "peers.py"))
PLUGINS = SCRIPT["plugins"]()
(SNNTORCH, SPIKINGJELLY, NORSE) = PLUGINS
SURROGATES = {f"{plugin.LIBRARY}/{spec.name}": (plugin, spec) for plugin in PLUGINS for spec in plugin.OFFERED}
OF_SNNTORCH = {spec.name: spec for spec in SNNTORCH.OFFERED}


def need(plugin):
    if importlib.util.find_spec(plugin.LIBRARY) is None:
        pytest.skip(f"{plugin.LIBRARY} is not installed: its surrogates are NOT VERIFIED")
    found = metadata.version(plugin.LIBRARY)
    if found != plugin.VERSION:
        pytest.skip(f"{plugin.LIBRARY} is {found}: docs/peers.md is of {plugin.VERSION}, the rest is NOT VERIFIED")


def module(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        return import_module(name)


def found(target, check):
    """What becomes of one check on the CPU."""
    (result,) = surroreg.conformance.check(target, checks=check, devices=("cpu",), examples=20).results
    return result


# -- the page ---------------------------------------------------------------------------------------


def test_the_page_has_all_surrogates_of_the_libraries():
    assert list(SCRIPT["recorded"](PAGE)) == list(SURROGATES)


@pytest.mark.parametrize("name", SURROGATES)
def test_the_failing_checks_are_those_on_the_page(name):
    plugin, spec = SURROGATES[name]
    need(plugin)
    report = surroreg.conformance.check(spec, **SCRIPT["SETTINGS"])
    told = "\n\n".join(f"{r.id}\n{r.message}" for r in report.results if r.status in ("failed", "warned"))
    assert SCRIPT["failing"](report) == SCRIPT["recorded"](PAGE)[name], f"{told}\n\nrun: python docs/peers.py"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.LIBRARY)
def test_what_the_page_shows_by_hand_is_so(plugin):
    need(plugin)
    sections = {title: text for title, _, text in (part.partition("\n") for part in PAGE.split("\n## "))}
    (title,) = [title for title in sections if title.lower() == f"{plugin.LIBRARY} {plugin.VERSION}"]
    module(plugin.LIBRARY)
    scope, shown = {}, 0
    for block in re.findall(r"```python\n(.*?)```", sections["By hand"] + sections[title], re.S):
        for node in ast.parse(block).body:
            source = "\n".join(block.splitlines()[node.lineno - 1 : node.end_lineno])
            _, _, want = source.partition("  # ")
            if not want:
                exec(source, scope)
                continue
            shown += 1
            try:
                got = repr(eval(source, scope))
            except Exception as error:
                got = f"{type(error).__name__}: {error}"[: len(want)]
            assert got == want, source
    assert shown >= 7


# -- what is best known, by name --------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OF_SNNTORCH.keys() - {"lso"}))
def test_snntorch_loses_the_dtype(name):
    need(SNNTORCH)
    result = found(OF_SNNTORCH[name], "forward_dtype")
    assert result.status == "failed"
    assert "got:      torch.float32\nexpected: torch.float64" in result.message


@pytest.mark.parametrize("name", OF_SNNTORCH)
def test_snntorch_returns_closures_that_cannot_be_pickled(name):
    need(SNNTORCH)
    result = found(OF_SNNTORCH[name], "factory_pickles")
    assert result.status == "warned"
    assert "local object" in result.message


def test_snntorch_sigmoid_has_nan_gradients():
    need(SNNTORCH)
    result = found(OF_SNNTORCH["sigmoid"], "backward_finite")
    assert result.status == "failed"
    assert "at:       x = -100.0\ngot:      nan" in result.message


def test_snntorch_lso_lacks_an_argument():
    need(SNNTORCH)
    result = found(OF_SNNTORCH["lso"], "forward_step")
    assert result.status == "failed"
    assert "TypeError" in result.message
    assert "'variance'" in result.message


@pytest.mark.parametrize(
    ("plugin", "home", "factory", "returned"),
    [
        (SNNTORCH, "snntorch.surrogate", "atan", torch.float32),
        (SPIKINGJELLY, "spikingjelly.activation_based.surrogate", "ATan", torch.int64),
    ],
)
def test_a_bare_callable_is_blamed_for_taking_integers(plugin, home, factory, returned):
    need(plugin)
    result = found(getattr(module(home), factory)(), "refuses_other_inputs")
    assert result.status == "failed"
    assert f"torch.int64 input is refused\ngot:      {returned} output" in result.message


def test_a_bare_closure_is_blamed_for_not_being_copied():
    need(SNNTORCH)
    result = found(module("snntorch.surrogate").atan(), "copies")
    assert result.status == "failed"
    assert "the surrogate can be pickled" in result.message


def test_a_bare_module_is_copied():
    need(SPIKINGJELLY)
    assert found(module("spikingjelly.activation_based.surrogate").ATan(), "copies").status == "passed"
