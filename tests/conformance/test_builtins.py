"""The built-in plugin keeps every promise that others are held to."""

import pytest

import surroreg
from surroreg.conformance import runner, targets
from surroreg.conformance.settings import Settings


def told(report):
    return "\n\n".join(f"{result.id}\n{result.message}" for result in report.failures)


@pytest.mark.parametrize("name", surroreg.names(namespace="builtin"))
def test_a_builtin_passes_every_check(name):
    report = surroreg.conformance.check(f"builtin/{name}")
    assert report.ok, told(report)
    assert not [result for result in report.results if result.status == "warned"]


def test_the_builtin_plugin_as_a_whole_passes():
    settings = Settings()
    selection = targets.Selection(targets.builtin().providers)
    results = [runner.run(item, settings) for item in runner.plan(selection)]
    report = runner.report(selection, results, settings)
    assert [result.status for result in results] == ["passed"] * 4, told(report)
