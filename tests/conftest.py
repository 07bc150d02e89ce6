"""Settings and fixtures for all tests."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

import surroreg
import surroreg.api
from surroreg.registry import Registry, process
from tests import prepared
from tests.zoo import zoo_specs

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: the workers share the cores

# Inductor would start processes that import torch and wait for kernels of a GPU; the C++ compiler needs none of them.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

# A slow machine must not fail a test: the time of an example is no property of the code.
settings.register_profile("surroreg", deadline=None)
settings.load_profile("surroreg")

# rockpool imports samna, whose package on PyPI runs pip to replace itself when it is imported: not in a test run.
sys.modules.setdefault("samna", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that turns a missing library into a failure: in a gate a skipped test proves nothing."""
    parser.addoption(
        "--require-libraries",
        action="store_true",
        help="fail where a library with a version in its file under surroreg/libraries, or NVRTC, is not installed",
    )


def pytest_collection_finish() -> None:
    """Save the time that Python and torch spend beside the tests: a fifth of all.

    The garbage collector leaves out the modules and the tests, which live to the end, and comes more rarely. Dynamo
    does not measure its guards for its log, for which it empties the processor's cache after every compilation.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    guards = sys.modules.get("torch._dynamo.guards")
    if hasattr(guards, "profile_guard_manager"):
        guards.profile_guard_manager = lambda *_: 0.0


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that knows the built-ins and the zoo, under its namespace."""
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    for spec in zoo_specs():
        surroreg.register(spec, namespace="zoo")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of a plugin load it in a fork of a process that has imported torch."""
    if hasattr(os, "fork"):
        monkeypatch.setattr("surroreg.conformance.provider.subprocess", prepared.FORKING)


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The one browser of the process, as playwright starts no second; without a browser the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no page is opened: none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
