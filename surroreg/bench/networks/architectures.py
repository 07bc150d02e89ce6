"""The networks, of the neurons of any library that run a time step at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from surroreg.bench.networks.library import CLASSES, Builder, Library, Size, Spike


class Dense(nn.Module):
    """Two fully connected layers of neurons. Returns how often each output spikes."""

    def __init__(self, library: Library, spike: Spike, size: Size) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(size.inputs, size.hidden), nn.Linear(size.hidden, CLASSES)
        self.hidden, self.output = library.neurons(spike()), library.neurons(spike())
        self.steps = size.steps

    def forward(self, x: Tensor) -> Tensor:
        """Return the counts for inputs that stay the same."""
        hidden = output = None
        count = x.new_zeros(())
        for _ in range(self.steps):
            spikes, hidden = self.hidden(self.first(x), hidden)
            spikes, output = self.output(self.second(spikes), output)
            count = count + spikes
        return count


class Convolutional(nn.Module):
    """Two convolutions with pooling and neurons, and a fully connected layer of neurons."""

    def __init__(self, library: Library, spike: Spike, size: Size) -> None:
        super().__init__()
        near, far, pixels = size.hidden, 2 * size.hidden, (size.inputs // 4) ** 2
        self.first, self.second = nn.Conv2d(1, near, 5, padding=2), nn.Conv2d(near, far, 5, padding=2)
        self.third = nn.Linear(far * pixels, CLASSES)
        self.near, self.far, self.output = (library.neurons(spike()) for _ in range(3))
        self.steps = size.steps

    def forward(self, x: Tensor) -> Tensor:
        """Return how often each output spikes, for images that stay the same."""
        near = far = output = None
        count = x.new_zeros(())
        for _ in range(self.steps):
            spikes, near = self.near(max_pool2d(self.first(x), 2), near)
            spikes, far = self.far(max_pool2d(self.second(spikes), 2), far)
            spikes, output = self.output(self.third(spikes.flatten(1)), output)
            count = count + spikes
        return count


class Recurrent(nn.Module):
    """A layer of recurrent neurons, and the sum of its weighed spikes."""

    def __init__(self, library: Library, spike: Spike, size: Size) -> None:
        super().__init__()
        self.layer, self.readout = library.recurrent(spike(), size), nn.Linear(size.hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums for a sequence, its time first."""
        state: Any = None
        out = x.new_zeros(())
        for each in x.unbind():
            spikes, state = self.layer(each, state)
            out = out + self.readout(spikes)
        return out


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Args:
        build: returns the network.
        size: its size.
        shape: the shape of its data, by its size.
    """

    build: Builder
    size: Size
    shape: Callable[[Size], tuple[int, ...]]

    def data(self) -> tuple[Tensor, Tensor]:
        """Return inputs from 0 to 2, and a class for each sample, both random."""
        return 2 * torch.rand(self.shape(self.size)), torch.randint(CLASSES, (self.size.batch,))


ARCHITECTURES = {
    "dense": Architecture(Dense, Size(128, 10, 784, 1000), lambda size: (size.batch, size.inputs)),
    "convolutional": Architecture(
        Convolutional, Size(32, 10, 28, 12), lambda size: (size.batch, 1, size.inputs, size.inputs)
    ),
    "recurrent": Architecture(Recurrent, Size(128, 10, 200, 500), lambda size: (size.steps, size.batch, size.inputs)),
}
