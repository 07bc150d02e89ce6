"""Fixtures of the tests of the adapters."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def adapter() -> Iterator[None]:
    """The adapter for Norse, installed."""
    from surroreg.compat.norse import installed
    from tests.compat.norse_neurons import ORIGINAL, home

    with installed():
        yield
    assert home.threshold is ORIGINAL
