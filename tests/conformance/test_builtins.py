"""The built-in plugin and the zoo keep every promise that others are held to, and the strict ones."""

import pytest

import surroreg
from surroreg.conformance import known, runner, targets
from surroreg.conformance.settings import Settings
from tests import zoo

STRICT = Settings(strict=True, examples=10)
ZOO = zoo.zoo_specs()


def shown(results):
    return "\n\n".join(f"{result.id}\n{result.message}" for result in results)


@pytest.mark.parametrize("name", surroreg.names(namespace="builtin"))
def test_builtin_passes_every_check_strictly(name):
    report = surroreg.conformance.check(f"builtin/{name}", strict=True, examples=10)
    assert report.ok, shown(report.failures)
    assert not [result for result in report.results if result.status == "warned"]


@pytest.mark.parametrize("spec", ZOO, ids=lambda spec: spec.name)
def test_zoo_passes_every_check_strictly_but_known_failures(spec):
    declared = known.read(zoo.FOLDER / "pyproject.toml")
    selection = targets.Selection(targets=(targets.Target(f"zoo/{spec.name}", spec),))
    items = runner.plan(selection, ("cpu", "meta"))
    results = [known.judged(runner.run(item, STRICT), declared) for item in items]
    assert any(result.status == "passed" for result in results)
    assert not (failed := [result for result in results if result.status == "failed"]), shown(failed)


def test_builtin_plugin_as_a_whole_passes():
    selection = targets.Selection(targets.builtin().providers)
    results = [runner.run(item, STRICT) for item in runner.plan(selection)]
    assert [result.status for result in results] == ["passed"] * 4, shown(results)
