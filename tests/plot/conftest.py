"""A registry that knows the built-ins and the zoo of this checkout; tests that take a ``name`` run for each of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import surroreg
import surroreg.api
from surroreg.registry import Registry

ZOO = Path(__file__).parents[2] / "plugins" / "surroreg-zoo"


def zoo_specs():
    sys.path.insert(0, str(ZOO))
    try:
        return importlib.import_module("surroreg_zoo").surroreg_surrogates()
    finally:
        sys.path.remove(str(ZOO))


@pytest.fixture(autouse=True)
def zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the zoo's surrogates under its namespace."""
    monkeypatch.setattr(surroreg.api, "_default", Registry(scan=lambda: ([], [])))
    for spec in zoo_specs():
        surroreg.register(spec, namespace="zoo")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        names = [*surroreg.names(namespace="builtin"), *(f"zoo/{spec.name}" for spec in zoo_specs())]
        metafunc.parametrize("name", names)


@pytest.fixture
def loaded(name):
    """The surrogate of that name, its required parameters filled from the first example."""
    spec = surroreg.spec(name)
    needed = any(parameter.required for parameter in spec.parameters)
    return spec(**(spec.examples[0] if needed else {}))
