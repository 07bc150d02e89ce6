"""snnTorch's neurons."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from surroreg.bench.networks.library import DECAY, Library, Size


class Neurons(nn.Module):
    """Leaky neurons."""

    def __init__(self, spike: Any) -> None:
        super().__init__()
        import snntorch

        self.lif = snntorch.Leaky(beta=DECAY, spike_grad=spike)

    def forward(self, current: Tensor, membrane: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the spikes and the membranes."""
        spikes, membrane = self.lif(current, torch.zeros_like(current) if membrane is None else membrane)
        return spikes, membrane


class Recurrent(nn.Module):
    """RLeaky neurons, after a fully connected layer."""

    def __init__(self, spike: Any, size: Size) -> None:
        super().__init__()
        import snntorch

        self.weights = nn.Linear(size.inputs, size.hidden)
        self.lif = snntorch.RLeaky(beta=DECAY, linear_features=size.hidden, spike_grad=spike)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the spikes and the state."""
        current = self.weights(x)
        spikes, membrane = self.lif(current, *(state or (torch.zeros_like(current),) * 2))
        return spikes, (spikes, membrane)


class SnnTorch(Library):
    """snnTorch."""

    title, package, key = "snnTorch", "snntorch", "snntorch"

    def neurons(self, spike: Any) -> nn.Module:  # noqa: D102
        return Neurons(spike)

    def recurrent(self, spike: Any, size: Size) -> nn.Module:  # noqa: D102
        return Recurrent(spike, size)

    def reset(self, network: nn.Module) -> None:
        """Forget the last states, which the neurons keep beside those that they return.

        With states of another shape than at its first call, a network would be compiled a second time.
        """
        import snntorch

        for neuron in network.modules():
            if isinstance(neuron, snntorch.SpikingNeuron):
                for state in ("mem", "spk", "reset"):
                    if hasattr(neuron, state):
                        setattr(neuron, state, torch.zeros(0))
