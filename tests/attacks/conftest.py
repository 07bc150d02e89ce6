"""Folders with hostile plugins, and with none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from surroreg.registry import Registry, process
from tests.attacks.commands import PLUGINS, install


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plugins that print, colour and fail, as an installer leaves them."""
    return install(tmp_path_factory.mktemp("hostile"), PLUGINS)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without plugins."""
    return tmp_path_factory.mktemp("bare")


@pytest.fixture
def workplace(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in. The registry of this process knows the hostile plugins."""
    for name in [name for name in os.environ if name.startswith("SURROREG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", [str(hostile), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(process, "registry", Registry())
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(hostile) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]
