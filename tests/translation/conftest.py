"""A registry that knows the built-ins and the zoo of this checkout, installed or not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import surroreg
import surroreg.api
from surroreg.registry import Registry

ZOO = Path(__file__).parents[2] / "plugins" / "surroreg-zoo"


@pytest.fixture(autouse=True)
def zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the zoo's surrogates under its namespace."""
    monkeypatch.setattr(surroreg.api, "_default", Registry(scan=lambda: ([], [])))
    monkeypatch.syspath_prepend(ZOO)
    for spec in importlib.import_module("surroreg_zoo").surroreg_surrogates():
        surroreg.register(spec, namespace="zoo")
    assert "surroreg_zoo" in sys.modules
