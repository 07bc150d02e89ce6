"""The translations, with the zoo's surrogates among ours."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of a gate, where a test that is skipped proves nothing. A slip in its name is an error."""
    parser.addoption(
        "--require-libraries",
        action="store_true",
        help="fail where a library with a version in its file under surroreg/libraries is not installed",
    )


@pytest.fixture(autouse=True)
def with_zoo(zoo: None) -> None:
    """All tests here know the zoo."""
