"""The harness finds in snnTorch, SpikingJelly and Norse exactly the failures that docs/peers.md records."""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from dataclasses import replace
from importlib import import_module, metadata
from pathlib import Path

import pytest
import torch

import surroreg
from surroreg.conformance import known
from tests.scripts import script

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "peers.md").read_text(encoding="utf-8")
SCRIPT = script("peers")
PLUGINS = SCRIPT.plugins()
(SNNTORCH, SPIKINGJELLY, NORSE) = PLUGINS
SURROGATES = {f"{plugin.LIBRARY}/{spec.name}": (plugin, spec) for plugin in PLUGINS for spec in plugin.OFFERED}
#: The failures that the plugin declares in its pyproject.toml.
DECLARED = known.read(ROOT / "plugins/surroreg-peers/pyproject.toml")
OF_SNNTORCH = {spec.name: spec for spec in SNNTORCH.OFFERED}


def need(plugin):
    if importlib.util.find_spec(plugin.LIBRARY) is None:
        pytest.skip(f"{plugin.LIBRARY} is not installed: its surrogates are NOT VERIFIED")
    version = metadata.version(plugin.LIBRARY)
    if version != plugin.VERSION:
        pytest.skip(f"{plugin.LIBRARY} is {version}: docs/peers.md is of {plugin.VERSION}, the rest is NOT VERIFIED")


def module(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        return import_module(name)


def result_of(target, check):
    """Return the result of one check on the CPU."""
    (result,) = surroreg.conformance.check(target, checks=check, devices=("cpu",), examples=20).results
    return result


@pytest.fixture(scope="module", params=SURROGATES)
def report(request):
    """The name of a surrogate, and the report on all of its checks. Two tests read it, as it takes a second."""
    plugin, spec = SURROGATES[request.param]
    need(plugin)
    return request.param, surroreg.conformance.check(spec, **SCRIPT.SETTINGS)


# -- the page ---------------------------------------------------------------------------------------


def test_page_has_all_surrogates_of_the_libraries():
    assert list(SCRIPT.recorded()) == list(SURROGATES)


def test_failing_checks_are_those_on_the_page(report):
    name, report = report
    messages = "\n\n".join(f"{r.id}\n{r.message}" for r in report.results if r.status in ("failed", "warned"))
    assert SCRIPT.failing(report) == SCRIPT.recorded()[name], f"{messages}\n\nrun: python docs/peers.py"


def test_failing_checks_are_those_that_the_plugin_declares(report):
    name, report = report
    results = [known.judged(replace(result, target=name), DECLARED) for result in report.results]
    failures = [f"{result.id}\n{result.message}" for result in results if result.status == "failed"]
    assert not failures, "\n\n".join(failures)
    assert {result.status for result in results} <= {"passed", "skipped", "known", "warned"}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.LIBRARY)
def test_lines_shown_by_hand_give_their_results(plugin):
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


# -- the best-known failures, by name --------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OF_SNNTORCH.keys() - {"lso"}))
def test_snntorch_loses_the_dtype(name):
    need(SNNTORCH)
    result = result_of(OF_SNNTORCH[name], "forward_dtype")
    assert result.status == "failed"
    assert "got:      torch.float32\nexpected: torch.float64" in result.message


@pytest.mark.parametrize("name", OF_SNNTORCH)
def test_snntorch_returns_closures_that_cannot_be_pickled(name):
    need(SNNTORCH)
    result = result_of(OF_SNNTORCH[name], "factory_pickles")
    assert result.status == "warned"
    assert "local object" in result.message


def test_snntorch_sigmoid_has_nan_gradients():
    need(SNNTORCH)
    result = result_of(OF_SNNTORCH["sigmoid"], "backward_finite")
    assert result.status == "failed"
    assert "at:       x = -100.0\ngot:      nan" in result.message


def test_snntorch_lso_lacks_an_argument():
    need(SNNTORCH)
    result = result_of(OF_SNNTORCH["lso"], "forward_step")
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
def test_bare_callable_that_takes_integers_fails(plugin, home, factory, returned):
    need(plugin)
    result = result_of(getattr(module(home), factory)(), "refuses_other_inputs")
    assert result.status == "failed"
    assert f"torch.int64 input is refused\ngot:      {returned} output" in result.message


def test_bare_closure_that_cannot_be_pickled_fails():
    need(SNNTORCH)
    result = result_of(module("snntorch.surrogate").atan(), "copies")
    assert result.status == "failed"
    assert "the surrogate can be pickled" in result.message


def test_bare_module_passes_the_check_of_copies():
    need(SPIKINGJELLY)
    assert result_of(module("spikingjelly.activation_based.surrogate").ATan(), "copies").status == "passed"
