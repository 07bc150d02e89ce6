"""rockpool: functions of PyTorch's autograd, whose parameters are those of a neuron."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from surroreg.libraries import Equivalent
from tests.translation.originals.installed import Installed, classes


class Rockpool(Installed):
    def public(self) -> set[str]:
        return classes(self.home, torch.autograd.Function)

    def defaults(self, row: Equivalent) -> dict[str, Any]:
        neuron = self.home.LIFTorch(1)
        return {"window": float(neuron.learning_window), "threshold": neuron.threshold.item()}

    def build(self, row: Equivalent, params: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
        threshold, window = (torch.tensor(params[name], dtype=torch.float64) for name in ("threshold", "window"))
        largest_number_of_spikes = torch.tensor(2.0**16)
        function = getattr(self.home, row.names[0]).apply
        return lambda x: function(x + threshold, threshold, window, largest_number_of_spikes)


LIBRARY = Rockpool("rockpool", precision=1e-7)  # its spikes are float32
