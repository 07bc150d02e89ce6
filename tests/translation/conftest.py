"""The translations, with the zoo's surrogates among ours."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def with_zoo(zoo: None) -> None:
    """All tests here know the zoo."""
