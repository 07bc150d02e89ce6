"""snnTorch's neurons: explicit states, convolutions, recurrence, two states, truncated backpropagation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import snntorch as snn
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.programs.base import FEWEST_STEPS, Call, Program

STEPS = FEWEST_STEPS


class FullyConnected(nn.Module):
    """Linear, Leaky, Linear, Leaky over time; returns the spike count of each output."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.lif1 = snn.Leaky(beta=0.9, spike_grad=spike())
        self.fc2 = nn.Linear(32, 10)
        self.lif2 = snn.Leaky(beta=0.9, spike_grad=spike())

    def forward(self, x: Tensor) -> Tensor:
        mem1, mem2 = x.new_zeros(len(x), 32), x.new_zeros(len(x), 10)
        record = []
        for _ in range(STEPS):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            record.append(spk2)
        return torch.stack(record).sum(0)


class Convolutional(nn.Module):
    """Convolution, pooling, Leaky, Linear, Leaky over time; returns the spike count of each output."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.lif1 = snn.Leaky(beta=0.8, spike_grad=spike())
        self.fc = nn.Linear(8 * 4 * 4, 10)
        self.lif2 = snn.Leaky(beta=0.8, spike_grad=spike())

    def forward(self, x: Tensor) -> Tensor:
        mem1, mem2 = x.new_zeros(len(x), 8, 4, 4), x.new_zeros(len(x), 10)
        images, count = x.reshape(-1, 1, 8, 8), x.new_zeros(())
        for _ in range(STEPS):
            spk1, mem1 = self.lif1(functional.max_pool2d(self.conv(images), 2), mem1)
            spk2, mem2 = self.lif2(self.fc(spk1.flatten(1)), mem2)
            count = count + spk2
        return count


class Recurrent(nn.Module):
    """RLeaky with learnt threshold and decay, which reads a digit four rows at a time."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        self.rlif = snn.RLeaky(0.8, linear_features=32, learn_beta=True, learn_threshold=True, spike_grad=spike())
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        spk, mem = x.new_zeros(len(x), 32), x.new_zeros(len(x), 32)
        out = x.new_zeros(())
        for rows in x.reshape(-1, STEPS, 32).unbind(1):
            spk, mem = self.rlif(self.fc1(rows), spk, mem)
            out = 0.8 * out + self.fc2(spk)
        return out


class Currents(nn.Module):
    """Linear, Synaptic, Linear, Synaptic over time; returns the spike count of each output."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.lif1 = snn.Synaptic(alpha=0.5, beta=0.8, spike_grad=spike())
        self.fc2 = nn.Linear(32, 10)
        self.lif2 = snn.Synaptic(alpha=0.5, beta=0.8, spike_grad=spike())

    def forward(self, x: Tensor) -> Tensor:
        syn1, mem1 = x.new_zeros(len(x), 32), x.new_zeros(len(x), 32)
        syn2, mem2 = x.new_zeros(len(x), 10), x.new_zeros(len(x), 10)
        count = x.new_zeros(())
        for _ in range(STEPS):
            spk1, syn1, mem1 = self.lif1(self.fc1(x), syn1, mem1)
            spk2, syn2, mem2 = self.lif2(self.fc2(spk1), syn2, mem2)
            count = count + spk2
        return count


class TwoSteps(nn.Sequential):
    """Two time steps of a network whose neurons keep their own state; returns the sum of the output spikes."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        first, second = (snn.Leaky(beta=0.9, spike_grad=spike(), init_hidden=True) for _ in range(2))
        super().__init__(nn.Linear(64, 32), first, nn.Linear(32, 10), second)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + super().forward(x)


class Truncated(Program):
    """A program that detaches the states of the neurons after two of four steps."""

    def run(self, call: Call, x: Tensor) -> Tensor:
        neurons = [module for module in call.modules() if isinstance(module, snn.Leaky)]
        for neuron, size in zip(neurons, (32, 10), strict=True):
            # utils.reset does not look into a compiled network, and keeps the size of the last batch.
            neuron.mem = x.new_zeros(len(x), size)
        count = call(x)
        for neuron in neurons:  # Leaky.detach_hidden detaches the neurons of every network in the process
            neuron.mem = neuron.mem.detach()
        return count + call(x)


# With snnTorch's own surrogates the graphs are as many. The first call finds neurons without a state, so it has a graph
# of its own; where the state is a buffer in use, as in the last program, each batch size has one.
PROGRAMS = {
    "snntorch": Program(FullyConnected, graphs=2),
    "snntorch_convolutional": Program(Convolutional, graphs=2, dynamic_graphs=2),
    "snntorch_recurrent": Program(Recurrent, epochs=15, goal=0.7, graphs=2),
    "snntorch_synaptic": Program(Currents, goal=0.7, graphs=2),
    "snntorch_truncated": Truncated(TwoSteps, dynamic_graphs=3),
}
