"""What holds for all tests."""

import os
import sys

import pytest
import zoo_plugin
from hypothesis import settings

import surroreg
import surroreg.api
from surroreg.registry import Registry

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: the workers share the cores

# How long an example takes is no property of what is tested.
settings.register_profile("surroreg", deadline=None)
settings.load_profile("surroreg")

# rockpool imports samna, whose package on PyPI runs pip to replace itself when it is imported: not in a test run.
sys.modules.setdefault("samna", None)


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that knows the built-ins and the zoo, under its namespace."""
    monkeypatch.setattr(surroreg.api, "_default", Registry(scan=lambda: ([], [])))
    for spec in zoo_plugin.specs():
        surroreg.register(spec, namespace="zoo")
