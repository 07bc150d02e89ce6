"""Norse's neurons with an adaptive threshold."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from surroreg.compat.norse import installed
from tests.programs.base import FEWEST_STEPS, Program

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    from norse.torch import LSNNCell, LSNNFeedForwardState, LSNNParameters

STEPS = FEWEST_STEPS + 1  # the current of the first step reaches the membrane in the second


class Adaptive(nn.Module):
    """Linear, LSNNCell, Linear over time; returns the sum of the outputs."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        fast = {"tau_mem_inv": torch.tensor(500.0), "tau_syn_inv": torch.tensor(500.0)}
        self.fc1 = nn.Linear(64, 32)
        self.cell = LSNNCell(LSNNParameters(method=spike(), beta=torch.tensor(0.5), **fast))
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        zeros, out = x.new_zeros(len(x), 32), x.new_zeros(())
        # The cell's own first state sets requires_grad, at which a compiler breaks the graph.
        state = LSNNFeedForwardState(v=zeros, i=zeros, b=zeros + 1)
        for _ in range(STEPS):
            spikes, state = self.cell(self.fc1(x), state)
            out = out + self.fc2(spikes)
        return out


class Norse(Program):
    """A program whose surrogate is a text among the parameters of the cell."""

    def spike(self, name: str, **params: Any) -> str:
        return f"surroreg:{name}({', '.join(f'{key}={value!r}' for key, value in params.items())})"

    def anneal(self, network: nn.Module, **values: float) -> None:
        network.cell.p = network.cell.p._replace(method=self.spike(self.surrogate, **values))

    def ready(self) -> AbstractContextManager[None]:
        return installed()


PROGRAMS = {"norse": Norse(Adaptive)}
