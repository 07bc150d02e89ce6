"""A library as it is installed: the module of its surrogates, their names, and how to build them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from surroreg.libraries import LIBRARIES, Equivalent


@dataclass(eq=False)
class Installed:
    """A library whose surrogates are functions or classes of their parameters, and return functions of a tensor.

    A library that differs overrides a method in its file.

    Args:
        name: the name that users import.
        others: public names of the module that are no surrogates, and need no row.
        ignored: parameters of surrogates that change no gradient, and need no place in a row.
        needed: values of the parameters that have no default, by the name of the surrogate.
        notes: functions of the module that assert the note of a row, by the name of the surrogate. A surrogate that is
            compared with nothing, since it has no equivalent or does not run, must have one.
        precision: the relative error of its float64 gradients.
    """

    name: str
    others: Collection[str] = ()
    ignored: Collection[str] = ()
    needed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Mapping[str, Callable[[ModuleType], None]] = field(default_factory=dict)
    precision: float = 1e-12

    def missing(self) -> str:
        """Return the name of a package that must be installed first; empty if there is none."""
        return "" if importlib.util.find_spec(self.name) else self.name

    @functools.cached_property
    def home(self) -> ModuleType:
        """The module with the surrogates."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library's own imports
            return importlib.import_module(LIBRARIES[self.name].module)

    def public(self) -> set[str]:
        """Return the names of all public surrogates; each must have a row."""
        return functions(self.home).difference(self.others)

    def admits(self, row: Equivalent, params: Mapping[str, Any]) -> bool:
        """Whether a surrogate of the library is a function at these values of its parameters."""
        return True

    def defaults(self, row: Equivalent) -> dict[str, Any]:
        """Return all parameters of a surrogate with their defaults; ``None`` where there is none."""
        parameters = inspect.signature(getattr(self.home, row.names[0])).parameters
        return {key: None if each.default is each.empty else each.default for key, each in parameters.items()}

    def build(self, row: Equivalent, params: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
        """Return the spikes as a function of the membrane minus the threshold."""
        return getattr(self.home, row.names[0])(**params)  # type: ignore[no-any-return]

    def at(self, row: Equivalent, params: Mapping[str, Any], x: Tensor) -> tuple[Tensor, Tensor]:
        """Return spikes and derivative at a float64 tensor of membranes minus threshold."""
        function, leaf = self.build(row, params), x.detach().clone().requires_grad_()
        torch.manual_seed(0)
        spikes = function(leaf)
        torch.manual_seed(0)
        (gradient,) = torch.autograd.grad(spikes, leaf, torch.ones_like(spikes))
        return spikes.detach(), gradient


@dataclass(eq=False)
class InstalledJax(Installed):
    """A library whose surrogates take arrays of JAX.

    Args:
        file: the file with the surrogates, where the package imports half of the JAX world and the file only JAX.
    """

    file: str = ""

    def missing(self) -> str:
        """Return the name of a package that must be installed first, JAX too; empty if there is none."""
        return super().missing() or ("" if importlib.util.find_spec("jax") else "jax")

    @functools.cached_property
    def home(self) -> ModuleType:
        """The module with the surrogates, imported by itself where the library has a ``file``."""
        name = LIBRARIES[self.name].module
        if self.file and name not in sys.modules:
            (folder,) = importlib.util.find_spec(self.name).submodule_search_locations
            spec = importlib.util.spec_from_file_location(name, Path(folder, self.file))
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return super().home

    def at(self, row: Equivalent, params: Mapping[str, Any], x: Tensor) -> tuple[Tensor, Tensor]:
        """Return spikes and derivative at a float64 tensor of membranes minus threshold."""
        import jax
        import jax.numpy as jnp

        function = getattr(self.home, row.names[0])(**params)
        jax.config.update("jax_enable_x64", True)  # after the import of the library, which may choose float32
        array = jnp.asarray(x.numpy())
        results = function(array), jax.grad(lambda v: function(v).sum())(array)
        spikes, gradient = (torch.tensor(each.tolist(), dtype=x.dtype) for each in results)
        return spikes, gradient


def functions(home: ModuleType) -> set[str]:
    """Return the public functions that a module defines."""
    names = {name for name, each in vars(home).items() if inspect.isfunction(each) and each.__module__ == home.__name__}
    return {name for name in names if not name.startswith("_")}


def classes(home: ModuleType, base: type = object) -> set[str]:
    """Return the subclasses of a class that a module defines."""
    names = {name for name, each in vars(home).items() if inspect.isclass(each) and each.__module__ == home.__name__}
    return {name for name in names if issubclass(getattr(home, name), base)}
