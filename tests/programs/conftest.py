"""Fixtures of the tests of whole training programs."""

import pytest
import torch

from tests.programs import catalogue


def pytest_collection_modifyitems(config, items):
    """Of the tests that a missing library would skip, keep the first of each file: one line for each library."""
    seen, surplus = set(), set()
    for item in items:
        name = getattr(item, "callspec", None) and item.callspec.params.get("program")
        if name in catalogue.EVERY and not catalogue.is_installed(name):
            case = (item.path, catalogue.EVERY[name][1])
            if case in seen:
                surplus.add(item)
            seen.add(case)
    if surplus:
        items[:] = [item for item in items if item not in surplus]
        config.hook.pytest_deselected(items=list(surplus))


@pytest.fixture
def program(request):
    """The program of this name, with its library set up."""
    program = catalogue.find(request.param)
    with program.ready():
        yield program


@pytest.fixture(autouse=True)
def _fresh():
    """The same random numbers, an empty compiler and one thread for every test."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tensors here are small: a second thread only waits
    torch.manual_seed(0)
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()
    torch.set_num_threads(threads)
