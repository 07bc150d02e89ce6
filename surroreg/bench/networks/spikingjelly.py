"""SpikingJelly's neurons, a time step at a time and all time steps at once."""

from __future__ import annotations

import importlib
from typing import Any

from torch import Tensor, nn

from surroreg.bench.networks.library import CLASSES, Library, Size, Spike
from surroreg.compat.spikingjelly import surrogate_function


def _module(name: str) -> Any:
    return importlib.import_module(f"spikingjelly.activation_based.{name}")


def _lif(spike: Any) -> nn.Module:
    lif: nn.Module = _module("neuron").LIFNode(v_threshold=0.5, surrogate_function=spike)
    return lif


def _recurrent(spike: Any, size: Size) -> nn.Module:
    layer = _module("layer")
    loop = layer.LinearRecurrentContainer(_lif(spike), in_features=size.hidden, out_features=size.hidden)
    return nn.Sequential(layer.Linear(size.inputs, size.hidden), loop)


class Stateful(nn.Module):
    """Neurons that keep their state themselves."""

    def __init__(self, neurons: nn.Module) -> None:
        super().__init__()
        self.neurons = neurons

    def forward(self, current: Tensor, state: None = None) -> tuple[Tensor, None]:
        """Return the spikes."""
        return self.neurons(current), None


class SingleStep(Library):
    """SpikingJelly, a time step at a time."""

    title, package, key = "SpikingJelly", "spikingjelly", "spikingjelly"

    def ours(self, name: str, **options: Any) -> Any:  # noqa: D102
        return surrogate_function(name, **options)

    def neurons(self, spike: Any) -> nn.Module:  # noqa: D102
        return Stateful(_lif(spike))

    def recurrent(self, spike: Any, size: Size) -> nn.Module:  # noqa: D102
        return Stateful(_recurrent(spike, size))

    def reset(self, network: nn.Module) -> None:  # noqa: D102
        _module("functional").reset_net(network)


class Sequence(nn.Module):
    """Layers in multi-step mode, which take all time steps at once. Returns the sum over the time steps.

    Args:
        layers: the layers.
        steps: for how many time steps the inputs stay the same; 0 if they are a sequence.
    """

    def __init__(self, *layers: nn.Module, steps: int) -> None:
        super().__init__()
        self.layers, self.steps = nn.Sequential(*layers), steps
        _module("functional").set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        sequence = x.expand(self.steps, *x.shape) if self.steps else x
        out: Tensor = self.layers(sequence).sum(0)
        return out


def _dense_sequence(library: Library, spike: Spike, size: Size) -> nn.Module:
    layer = _module("layer")
    first, second = layer.Linear(size.inputs, size.hidden), layer.Linear(size.hidden, CLASSES)
    return Sequence(first, _lif(spike()), second, _lif(spike()), steps=size.steps)


def _convolutional_sequence(library: Library, spike: Spike, size: Size) -> nn.Module:
    layer, near, far = _module("layer"), size.hidden, 2 * size.hidden
    return Sequence(
        *(layer.Conv2d(1, near, 5, padding=2), layer.MaxPool2d(2), _lif(spike())),
        *(layer.Conv2d(near, far, 5, padding=2), layer.MaxPool2d(2), _lif(spike())),
        *(layer.Flatten(), layer.Linear(far * (size.inputs // 4) ** 2, CLASSES), _lif(spike())),
        steps=size.steps,
    )


def _recurrent_sequence(library: Library, spike: Spike, size: Size) -> nn.Module:
    return Sequence(_recurrent(spike(), size), _module("layer").Linear(size.hidden, CLASSES), steps=0)


class MultiStep(SingleStep):
    """SpikingJelly in multi-step mode: the same layers."""

    own = {  # noqa: RUF012
        "dense": _dense_sequence,
        "convolutional": _convolutional_sequence,
        "recurrent": _recurrent_sequence,
    }
