"""sinabs: functions of the membrane and the threshold."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from surroreg.libraries import Equivalent
from tests.translation.originals.installed import Installed, classes


def moves_one_bump_only(home: ModuleType) -> None:
    assert {each.name for each in dataclasses.fields(home.MultiGaussian)} == {"mu", "sigma", "h", "s", "grad_scale"}
    v, far = torch.tensor([1.0, 51.0]), home.MultiGaussian(mu=50.0)
    near = home.MultiGaussian()
    assert far(v, 1.0)[1] > 0.9 * near(v, 1.0)[0]  # the middle one moved by 50 ...
    assert far(v, 1.0)[0] < 0  # ... and left the other two where they were


class Sinabs(Installed):
    def public(self) -> set[str]:
        return classes(importlib.import_module("sinabs.activation.surrogate_gradient_fn"))

    def defaults(self, row: Equivalent) -> dict[str, Any]:
        own = super().defaults(row)  # first, because it imports sinabs with its warnings silenced
        neuron = inspect.signature(importlib.import_module("sinabs.layers").LIF).parameters
        threshold = {"spike_threshold": float(neuron["spike_threshold"].default)}
        return own | (threshold if "spike_threshold" in row.theirs else {})

    def build(self, row: Equivalent, params: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
        own = dict(params)
        threshold = own.pop("spike_threshold", 1.0)
        function = getattr(self.home, row.names[0])(**own)
        return lambda x: self.home.SingleSpike.apply(x + threshold, threshold, function)


LIBRARY = Sinabs(
    "sinabs",
    precision=1e-7,  # the Gaussians take a constant from a float32 tensor
    ignored={"mu"},  # of MultiGaussian: see its note
    notes={"MultiGaussian": moves_one_bump_only},
)
