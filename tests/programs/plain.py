"""Leaky integrate-and-fire neurons written out in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tests.programs.base import FEWEST_STEPS, Batch, Program

STEPS = FEWEST_STEPS


class SpikingLayers(nn.Module):
    """Layers of leaky integrate-and-fire neurons; a linear layer weighs the spike counts of the last."""

    def __init__(self, spike: Callable[[], Any], sizes: Sequence[int], threshold: float) -> None:
        super().__init__()
        *hidden, outputs = sizes
        self.linears = nn.ModuleList(map(nn.Linear, hidden, hidden[1:]))
        self.spikes = nn.ModuleList(spike() for _ in self.linears)
        self.readout = nn.Linear(hidden[-1], outputs)
        self.threshold = threshold

    def forward(self, x: Tensor) -> Tensor:
        membranes = [x.new_zeros(len(x), linear.out_features) for linear in self.linears]
        count = x.new_zeros(())
        for _ in range(STEPS):
            spikes = x
            for layer, (linear, spike) in enumerate(zip(self.linears, self.spikes, strict=True)):
                membrane = 0.8 * membranes[layer] + linear(spikes)
                spikes = spike(membrane - self.threshold)
                membranes[layer] = membrane - self.threshold * spikes
            count = count + spikes
        return self.readout(count / STEPS)


def twelve_layers(spike: Callable[[], Any]) -> nn.Module:
    """Return twelve narrow spiking layers, with weights that carry spikes to the last of them."""
    network = SpikingLayers(spike, [6, *[8] * 12, 2], threshold=1.0)
    with torch.no_grad():
        for linear in network.linears:
            linear.weight.mul_(2)
            linear.bias.uniform_(0, 1)
    return network


class TwoPatterns(Program):
    """A program that tells two noisy patterns apart."""

    def data(self) -> Batch:
        y = torch.arange(600) % 2
        patterns = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
        return patterns[y] + 0.3 * torch.randn(600, 6, generator=torch.Generator().manual_seed(3)), y

    def unseen(self) -> Batch:
        y = torch.arange(300) % 2
        patterns = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
        return patterns[y] + 0.3 * torch.randn(300, 6, generator=torch.Generator().manual_seed(4)), y


PROGRAMS = {
    "plain": Program(partial(SpikingLayers, sizes=[64, 32, 32, 10], threshold=0.5)),
    "plain_deep": TwoPatterns(
        twelve_layers,
        surrogate="spike_rate_escape",
        params={"beta": 1.0, "slope": 1.0},
        later=({"beta": 0.5, "slope": 0.7}, {"beta": 2.0, "slope": 1.5}, {"beta": 1.5, "slope": 2.5}),
        epochs=12,
        goal=0.95,
    ),
}
