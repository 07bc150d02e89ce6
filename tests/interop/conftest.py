"""Fixtures of the interoperability tests."""

import pytest
import torch

from tests.interop import cases


@pytest.fixture(params=cases.NAMES)
def s(request):
    """Every built-in surrogate, at its defaults."""
    return cases.build(request.param)


@pytest.fixture(autouse=True)
def _fresh():
    """The same random numbers and an empty compiler for every test."""
    torch.manual_seed(0)
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()
