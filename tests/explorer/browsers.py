"""Whether a browser is installed."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from tests.conftest import BROWSERS


def need_browser() -> None:
    """Skip a module that opens pages in every test, in one line for all of its tests, where no browser is installed."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed", allow_module_level=True)
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip(f"no page is opened: none of {', '.join(BROWSERS)} is installed", allow_module_level=True)
