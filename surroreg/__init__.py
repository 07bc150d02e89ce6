"""The registry of surrogate gradients for spiking neural networks in PyTorch.

``surroreg.load("atan", alpha=2.0)`` returns a callable for any SNN library. Names are resolved when
first used: importing surroreg imports neither torch nor any plugin.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surroreg import conformance
    from surroreg.api import from_config, load, names, plugins, refresh, register, spec
    from surroreg.errors import (
        AmbiguousSurrogateError,
        DeprecatedAliasWarning,
        DuplicateSurrogateError,
        MissingLibraryError,
        NoEquivalentError,
        NoPrimitiveError,
        ParameterError,
        ParameterTypeError,
        PluginLoadError,
        PluginWarning,
        SpecError,
        SurroregError,
        UnknownSurrogateError,
    )
    from surroreg.hookspecs import hookimpl
    from surroreg.inventory import PluginInfo
    from surroreg.module import Surrogate
    from surroreg.parameters import Parameter
    from surroreg.specs import SurrogateSpec, surrogate
    from surroreg.traits import Reference, Traits
    from surroreg.translation import Translation, translate

__version__ = "0.1.0"

_HOMES = {
    "api": ("from_config", "load", "names", "plugins", "refresh", "register", "spec"),
    "errors": (
        "AmbiguousSurrogateError",
        "DeprecatedAliasWarning",
        "DuplicateSurrogateError",
        "MissingLibraryError",
        "NoEquivalentError",
        "NoPrimitiveError",
        "ParameterError",
        "ParameterTypeError",
        "PluginLoadError",
        "PluginWarning",
        "SpecError",
        "SurroregError",
        "UnknownSurrogateError",
    ),
    "hookspecs": ("hookimpl",),
    "module": ("Surrogate",),
    "parameters": ("Parameter",),
    "inventory": ("PluginInfo",),
    "specs": ("SurrogateSpec", "surrogate"),
    "traits": ("Reference", "Traits"),
    "translation": ("Translation", "translate"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AmbiguousSurrogateError",
    "DeprecatedAliasWarning",
    "DuplicateSurrogateError",
    "MissingLibraryError",
    "NoEquivalentError",
    "NoPrimitiveError",
    "Parameter",
    "ParameterError",
    "ParameterTypeError",
    "PluginInfo",
    "PluginLoadError",
    "PluginWarning",
    "Reference",
    "SpecError",
    "Surrogate",
    "SurrogateSpec",
    "SurroregError",
    "Traits",
    "Translation",
    "UnknownSurrogateError",
    "__version__",
    "conformance",
    "from_config",
    "hookimpl",
    "load",
    "names",
    "plugins",
    "refresh",
    "register",
    "spec",
    "surrogate",
    "translate",
]


def __getattr__(name: str) -> Any:
    if name == "conformance":
        return importlib.import_module("surroreg.conformance")
    if name not in _HOME:
        raise AttributeError(f"module 'surroreg' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"surroreg.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
