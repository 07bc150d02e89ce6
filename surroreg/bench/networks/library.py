"""A library's neurons and surrogates, and the size of a network; here those of plain PyTorch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

import surroreg
from surroreg.bench.peers import BROKEN
from surroreg.errors import NoEquivalentError
from surroreg.translation import translate

#: Returns a new surrogate for each layer.
Spike = Callable[[], Any]

#: The outputs of every network.
CLASSES = 10
#: How much of a membrane is left after a time step.
DECAY = 0.9


@dataclass(frozen=True)
class Size:
    """The size of a network.

    Args:
        batch: samples.
        steps: time steps.
        inputs: the inputs of a time step; of a convolutional network, the pixels along a side of the image.
        hidden: the neurons of the hidden layer; of a convolutional network, the channels of the first layer.
    """

    batch: int
    steps: int
    inputs: int
    hidden: int


class Leaky(nn.Module):
    """Leaky integrate-and-fire neurons written out."""

    def __init__(self, spike: Any) -> None:
        super().__init__()
        self.spike = spike

    def forward(self, current: Tensor, membrane: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the spikes and the membranes."""
        membrane = current if membrane is None else DECAY * membrane + current
        spikes = self.spike(membrane - 1)
        return spikes, membrane - spikes


class Feedback(nn.Module):
    """A layer of neurons that also take their own spikes of the step before, through weights."""

    def __init__(self, neurons: nn.Module, size: Size) -> None:
        super().__init__()
        self.forth, self.back = nn.Linear(size.inputs, size.hidden), nn.Linear(size.hidden, size.hidden)
        self.neurons = neurons

    def forward(self, x: Tensor, state: tuple[Tensor, Any] | None = None) -> tuple[Tensor, tuple[Tensor, Any]]:
        """Return the spikes and the state."""
        before, inner = (x.new_zeros(len(x), self.back.in_features), None) if state is None else state
        spikes, inner = self.neurons(self.forth(x) + self.back(before), inner)
        return spikes, (spikes, inner)


class Library:
    """Plain PyTorch, without a library. The class of a library overrides the methods that differ there.

    Attributes:
        title: how the library writes its name.
        package: the package that must be installed.
        key: its name in the translation table, or ``""``.
        own: builders of networks that the library does not run a time step at a time, by architecture.
    """

    title, package, key = "plain PyTorch", "torch", ""
    own: Mapping[str, Builder] = {}

    @property
    def is_installed(self) -> bool:
        """Whether its package can be imported."""
        try:
            return importlib.util.find_spec(self.package) is not None
        except ValueError:  # of a module that ``sys.modules`` hides
            return False

    def ready(self) -> AbstractContextManager[Any]:
        """Return the context in which its networks run."""
        return nullcontext()

    def ours(self, name: str, **options: Any) -> Any:
        """Return a surrogate of ours as the neurons take it, loaded with these options."""
        return surroreg.load(name, **options)

    def theirs(self, name: str) -> Any:
        """Return the library's own surrogate, equal to ours in strength and place.

        Raises:
            NoEquivalentError: the library has none, or it does not run.
        """
        if not self.key or (name, self.key) in BROKEN:
            raise NoEquivalentError(f"{self.title} has no equivalent of {name} that runs.")
        return translate(name, to=self.key).load()

    def free(self) -> Any:
        """Return a surrogate that costs nothing: it returns its input, so it keeps nothing and has no backward pass."""
        return _identity

    def neurons(self, spike: Any) -> nn.Module:
        """Return a layer of neurons: a function of the current and the state, of the spikes and the next state."""
        return Leaky(spike)

    def recurrent(self, spike: Any, size: Size) -> nn.Module:
        """Return a layer of recurrent neurons, with the weights of its inputs."""
        return Feedback(self.neurons(spike), size)

    def reset(self, network: nn.Module) -> None:
        """Let the neurons forget their states."""


def _identity(x: Tensor) -> Tensor:
    return x


#: Returns a network, of a library, a surrogate and a size.
Builder = Callable[[Library, Spike, Size], nn.Module]
