"""snnTorch: public functions that return functions of a tensor."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from tests.translation.originals.installed import Installed


def does_not_run(home: ModuleType) -> None:
    """Once it runs, its row can be compared: remove ``runs=False`` from the row, and this function."""
    with pytest.raises(TypeError):
        home.LSO()(torch.ones(1))


LIBRARY = Installed(
    "snntorch",
    needed={"custom_surrogate": {"custom_surrogate_function": lambda x, grad, spikes: grad * x.cos()}},
    notes={"LSO": does_not_run},
)
