"""The registry of surrogate gradients for spiking neural networks in PyTorch.

``surroreg.load("atan", alpha=2.0)`` returns a callable for any SNN library. Names are resolved when
first used: importing surroreg imports neither torch nor any plugin.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surroreg import conformance as conformance
    from surroreg.api import from_config as from_config
    from surroreg.api import load as load
    from surroreg.api import names as names
    from surroreg.api import plugins as plugins
    from surroreg.api import refresh as refresh
    from surroreg.api import register as register
    from surroreg.api import spec as spec
    from surroreg.errors import AmbiguousSurrogateError as AmbiguousSurrogateError
    from surroreg.errors import DeprecatedAliasWarning as DeprecatedAliasWarning
    from surroreg.errors import DuplicateSurrogateError as DuplicateSurrogateError
    from surroreg.errors import MissingLibraryError as MissingLibraryError
    from surroreg.errors import NoEquivalentError as NoEquivalentError
    from surroreg.errors import NoPrimitiveError as NoPrimitiveError
    from surroreg.errors import ParameterError as ParameterError
    from surroreg.errors import ParameterTypeError as ParameterTypeError
    from surroreg.errors import PluginLoadError as PluginLoadError
    from surroreg.errors import PluginWarning as PluginWarning
    from surroreg.errors import SpecError as SpecError
    from surroreg.errors import SurroregError as SurroregError
    from surroreg.errors import UnknownSurrogateError as UnknownSurrogateError
    from surroreg.hookspecs import hookimpl as hookimpl
    from surroreg.module import Surrogate as Surrogate
    from surroreg.registry.inventory import PluginInfo as PluginInfo
    from surroreg.specs import Parameter as Parameter
    from surroreg.specs import Reference as Reference
    from surroreg.specs import SurrogateSpec as SurrogateSpec
    from surroreg.specs import Traits as Traits
    from surroreg.specs import surrogate as surrogate
    from surroreg.translation import Translation as Translation
    from surroreg.translation import translate as translate

__version__ = "0.1.0"

#: The public names, by the module that has each. They are imported when they are first asked for.
_HOMES = {
    "surroreg.api": ("from_config", "load", "names", "plugins", "refresh", "register", "spec"),
    "surroreg.errors": (
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
    "surroreg.hookspecs": ("hookimpl",),
    "surroreg.module": ("Surrogate",),
    "surroreg.registry.inventory": ("PluginInfo",),
    "surroreg.specs": ("Parameter", "Reference", "SurrogateSpec", "Traits", "surrogate"),
    "surroreg.translation": ("Translation", "translate"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME, "__version__", "conformance"])


def __getattr__(name: str) -> Any:
    if name == "conformance":
        return importlib.import_module("surroreg.conformance")
    if name not in _HOME:
        raise AttributeError(f"module 'surroreg' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
