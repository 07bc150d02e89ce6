"""SpikingJelly's neurons, a step at a time and all steps at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

import surroreg
from surroreg.compat.spikingjelly import surrogate_function
from tests.programs.base import FEWEST_STEPS, Call, Program

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    from spikingjelly.activation_based import functional, layer, neuron

STEPS = FEWEST_STEPS


class SingleStep(nn.Module):
    """Linear, LIFNode, Linear, LIFNode, called at every time step; returns the firing rate of each output."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        first, second = (neuron.LIFNode(v_threshold=0.5, surrogate_function=spike()) for _ in range(2))
        self.layer = nn.Sequential(nn.Linear(64, 32), first, nn.Linear(32, 10), second)

    def forward(self, x: Tensor) -> Tensor:
        rate = x.new_zeros(())
        for _ in range(STEPS):
            rate = rate + self.layer(x) / STEPS
        return rate


class MultiStep(nn.Module):
    """The same layers in multi-step mode, which take a whole sequence."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        super().__init__()
        first, second = (neuron.LIFNode(v_threshold=0.5, surrogate_function=spike()) for _ in range(2))
        self.layer = nn.Sequential(layer.Linear(64, 32), first, layer.Linear(32, 10), second)
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.expand(STEPS, *x.shape)).mean(0)


class Adapted(Program):
    """A program with the surrogates that the adapter makes."""

    def spike(self, name: str, **params: Any) -> Any:
        return surrogate_function(name, **params)

    def run(self, call: Call, x: Tensor) -> Tensor:
        functional.reset_net(call)
        return call(x)


class Direct(Adapted):
    """A program with plain surrogates, which fire at zero as SpikingJelly's own do."""

    def spike(self, name: str, **params: Any) -> Any:
        return surroreg.load(name, at_zero=1, **params)


# Any surrogate gives two graphs with dynamic sizes, one without parameters as well; SpikingJelly's own give an error.
PROGRAMS = {
    "spikingjelly_single_step": Adapted(SingleStep, epochs=15, dynamic_graphs=2),
    "spikingjelly_multi_step": Direct(MultiStep, epochs=15, dynamic_graphs=2),
}
