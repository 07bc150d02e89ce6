"""The parts of other libraries that this release of PyTorch cannot compile with any surrogate."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor, nn


class Stateful(nn.Module):
    """A neuron that keeps its state as a buffer, as sinabs' do."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Tensor
        self.register_buffer("state", torch.zeros(1))
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        self.state = self.state + self.weight * x
        return self.state


def compared(x: Tensor) -> Tensor:
    """Compare a tensor with None, as the neurons of snnTorch 1.0.0 do."""
    return x if not x == None else -x  # noqa: E711, SIM201


@functools.cache
def compiles(library: str) -> bool:
    """Whether this PyTorch compiles what the neurons of a library do, in one graph."""
    function = {"snntorch": compared, "sinabs": Stateful()}.get(library)
    if function is None:
        return True
    try:
        torch.compile(function, fullgraph=True, backend="aot_eager")(torch.ones(1))
    except Exception:  # of Dynamo's, of AOTAutograd's
        return False
    return True


def skip_unless_compiles(library: str) -> None:
    """Skip a test, visibly, if this PyTorch cannot compile the neurons of a library."""
    if not compiles(library):
        pytest.skip(f"torch {torch.__version__} cannot compile the neurons of {library} in one graph")
