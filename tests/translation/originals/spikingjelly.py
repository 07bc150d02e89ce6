"""SpikingJelly: classes of modules."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch

from surroreg.libraries import Equivalent
from tests.translation.originals.installed import Installed, classes


def draws(home: ModuleType) -> None:
    assert 0 < home.PoissonPass()(torch.full((1000,), 0.5)).mean() < 1


def counts(home: ModuleType) -> None:
    assert home.MultiLevelSpikeCount(max_spike_count=4)(torch.tensor([3.0])).item() == 3


class SpikingJelly(Installed):
    def public(self) -> set[str]:
        return classes(self.home, torch.nn.Module) - {"SurrogateFunctionBase"}

    def admits(self, row: Equivalent, params: Mapping[str, Any]) -> bool:
        return row.names[0] != "QPseudoSpike" or params["alpha"] > 1


LIBRARY = SpikingJelly(
    "spikingjelly", ignored={"spiking"}, notes={"PoissonPass": draws, "MultiLevelSpikeCount": counts}
)
