"""Norse: methods of one function, whose defaults are those of a neuron."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from surroreg.libraries import Equivalent
from tests.translation.originals.installed import Installed, functions


def has_no_gradient(home: ModuleType) -> None:
    assert not home.threshold(torch.ones(1, requires_grad=True), "heaviside", 100.0).requires_grad


def draws(home: ModuleType, name: str) -> None:
    assert 0 < getattr(home, name)(torch.zeros(1000), 1.0).mean() < 1


def ignores_alpha(home: ModuleType) -> None:
    gradients = []
    for alpha in (1.0, 100.0):
        x = torch.linspace(-1, 1, 9, requires_grad=True)
        home.threshold(x, "super", alpha).sum().backward()
        gradients.append(x.grad)
    assert torch.equal(*gradients)


class Norse(Installed):
    def public(self) -> set[str]:
        return {name for name in functions(self.home) if name.endswith("_fn")}

    def defaults(self, row: Equivalent) -> dict[str, Any]:
        package = self.home.__name__.rpartition(".")[0]  # `home` imports Norse with its warnings silenced
        neuron = importlib.import_module(f"{package}.lif")
        return {"alpha": neuron.LIFParameters().alpha}

    def build(self, row: Equivalent, params: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
        return functools.partial(self.home.threshold, method=row.names[0], **params)


LIBRARY = Norse(
    "norse",
    precision=1e-7,  # the error function takes a constant from a float32 tensor
    notes={
        "super": ignores_alpha,
        "heaviside": has_no_gradient,
        "logistic_fn": functools.partial(draws, name="logistic_fn"),
        "circ_dist_fn": functools.partial(draws, name="circ_dist_fn"),
    },
)
