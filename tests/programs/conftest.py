"""Fixtures of the tests of whole training programs."""

import pytest
import torch

from tests.programs import catalogue


@pytest.fixture
def program(request):
    """The program of this name, with its library set up."""
    found = catalogue.find(request.param)
    with found.ready():
        yield found


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
