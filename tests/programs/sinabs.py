"""sinabs' layers, which take a whole sequence."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from surroreg.compat.sinabs import spike_fn
from tests.programs.base import FEWEST_STEPS, Call, Program

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    from sinabs.layers import LIF, StatefulLayer

STEPS = FEWEST_STEPS


class Sequence(nn.Sequential):
    """Linear, LIF, Linear, LIF over a sequence, with time constants that are learnt."""

    def __init__(self, spike: Callable[[], Any]) -> None:
        options = {"tau_mem": 10.0, "norm_input": False}
        first, second = (LIF(spike_fn=spike(), shape=(1, size), **options) for size in (32, 10))
        super().__init__(nn.Linear(64, 32), first, nn.Linear(32, 10), second)


class Sinabs(Program):
    """A program with the surrogates that the adapter makes."""

    def spike(self, name: str, **params: Any) -> Any:
        return spike_fn(name, **params)

    def run(self, call: Call, x: Tensor) -> Tensor:
        for module in call.modules():
            if isinstance(module, StatefulLayer):
                # As the adapter's docstring says: sinabs.reset_states(call) passes such a layer over.
                module.v_mem = x.new_zeros(len(x), *module.v_mem.shape[1:])
        return call(x[:, None].expand(-1, STEPS, -1)).mean(1)


# The state is a buffer of the module, so each of three batch sizes has a graph, whatever the surrogate. sinabs' own
# cannot be compiled without a break.
PROGRAMS = {"sinabs": Sinabs(Sequence, dynamic_graphs=3)}
