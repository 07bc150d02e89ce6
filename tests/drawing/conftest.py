"""A registry that knows the built-ins and the zoo of this checkout; tests that take a ``name`` run for each of them."""

from __future__ import annotations

import pytest

import surroreg
from tests.zoo import zoo_specs


@pytest.fixture(autouse=True)
def with_zoo(zoo: None) -> None:
    """All tests here know the zoo."""


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
