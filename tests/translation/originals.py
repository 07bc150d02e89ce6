"""The other libraries' surrogates as they are installed, as functions of membrane minus threshold."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from surroreg.libraries import LIBRARIES, ROWS, Equivalent

#: Their packages import half of the JAX world; the one module with the surrogates needs only JAX.
ALONE = {"slax": "models/surrogates.py", "snnax": "functional/surrogate.py", "spyx": "axn.py"}
JAX = {*ALONE, "braintools"}

#: Rows by a short name for test ids.
BY_ID = {f"{row.library}.{row.names[0]}": row for row in ROWS}
EQUIVALENT = {name: row for name, row in BY_ID.items() if row.ours}


def module(library: str) -> ModuleType:
    """Return the module with a library's surrogates, or skip the test."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: its rows are NOT VERIFIED")
    name = LIBRARIES[library].module
    if library in JAX:
        pytest.importorskip("jax", reason="jax is not installed: the rows of JAX libraries are NOT VERIFIED")
    if library in ALONE and name not in sys.modules:
        (folder,) = importlib.util.find_spec(library).submodule_search_locations
        spec = importlib.util.spec_from_file_location(name, Path(folder, ALONE[library]))
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        return importlib.import_module(name)


def original(row: Equivalent, params: Mapping[str, Any]) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return a function that gives theirs: the spikes and the derivative at a float64 tensor."""
    return {"sinabs": _sinabs, "rockpool": _rockpool}.get(row.library, _jax if row.library in JAX else _torch)(
        row, module(row.library), params
    )


def _torch(row: Equivalent, home: ModuleType, params: Mapping[str, Any]) -> Any:
    made = functools.partial(home.threshold, method=row.names[0], **params) if row.library == "norse" else None
    made = made or getattr(home, row.names[0])(**params)
    return lambda x: _by_autograd(made, x)


def _by_autograd(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.detach().clone().requires_grad_()
    torch.manual_seed(0)
    spikes = function(leaf)
    torch.manual_seed(0)
    (gradient,) = torch.autograd.grad(spikes, leaf, torch.ones_like(spikes))
    return spikes.detach(), gradient


def _sinabs(row: Equivalent, home: ModuleType, params: Mapping[str, Any]) -> Any:
    threshold = params["spike_threshold"] if "spike_threshold" in row.theirs else 1.0
    made = getattr(home, row.names[0])(**{k: v for k, v in params.items() if k != "spike_threshold"})
    return lambda x: _by_autograd(lambda v: home.SingleSpike.apply(v + threshold, threshold, made), x)


def _rockpool(row: Equivalent, home: ModuleType, params: Mapping[str, Any]) -> Any:
    threshold, window = (torch.tensor(params[name], dtype=torch.float64) for name in ("threshold", "window"))
    many = torch.tensor(2.0**16)
    return lambda x: _by_autograd(
        lambda v: getattr(home, row.names[0]).apply(v + threshold, threshold, window, many), x
    )


def _jax(row: Equivalent, home: ModuleType, params: Mapping[str, Any]) -> Any:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    made = getattr(home, row.names[0])(**params)

    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        there = jnp.asarray(x.numpy())
        spikes, gradient = made(there), jax.grad(lambda v: made(v).sum())(there)
        return torch.tensor(spikes.tolist(), dtype=x.dtype), torch.tensor(gradient.tolist(), dtype=x.dtype)

    return function
