"""Load one plugin: import it, call its hook, collect its specs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import pluggy

from surroreg import hookspecs
from surroreg.errors import DuplicateSurrogateError, SurroregError, in_one_line, shortened
from surroreg.registry.discovery import Candidate
from surroreg.specs import IDENTIFIER, SurrogateSpec

HOOK = "surroreg_surrogates"
NO_HOOK = f"it has no hook; define {HOOK}() in it and mark it @surroreg.hookimpl"
UNFINISHED = object()


@dataclass
class Namespace:
    """The specs of one provider, by lower-cased name and alias.

    Args:
        name: the namespace.
        specs: the specs by name.
        keys: the specs by lower-cased name and alias.
        bare: whether a bare name may reach them; ``namespace/name`` always does.
    """

    name: str
    specs: dict[str, SurrogateSpec] = field(default_factory=dict)
    keys: dict[str, SurrogateSpec] = field(default_factory=dict)
    bare: bool = True

    def add(self, spec: SurrogateSpec) -> None:
        """Add a spec under all its names, or raise and add nothing."""
        keys = {key.lower() for key in (spec.name, *spec.aliases, *spec.deprecated_aliases)}
        for key in sorted(keys & self.keys.keys()):
            other = self.keys[key]
            raise DuplicateSurrogateError(
                f"'{self.name}' offers {key!r} twice: {other.name!r} of {other.origin} and "
                f"{spec.name!r} of {spec.origin}"
            )
        self.specs[spec.name] = spec
        self.keys.update(dict.fromkeys(keys, spec))

    def without(self, names: set[str]) -> Namespace:
        """Return a copy that lacks some specs and all their names."""
        rest = Namespace(self.name, bare=self.bare)
        for spec in self.specs.values():
            if spec.name not in names:
                rest.add(spec)
        return rest


def imported(candidate: Candidate) -> Any:
    """Import a plugin and return it, or ``UNFINISHED`` if its module is still being imported.

    The latter happens where a plugin, while it is imported, asks the registry for names.

    Raises:
        SurroregError: the entry point is malformed.
        Exception: whatever the plugin's module raises.
    """
    if candidate.problem:
        raise SurroregError(candidate.problem)
    if not IDENTIFIER.fullmatch(candidate.namespace):
        raise SurroregError(
            f"{shortened(candidate.namespace)} cannot be a namespace: the name of the entry point must be "
            "lower-case letters, digits and '_', a letter first"
        )
    module, _, path = candidate.value.partition("[")[0].partition(":")
    plugin: Any = importlib.import_module(module.strip())
    if getattr(getattr(plugin, "__spec__", None), "_initializing", False):
        return UNFINISHED
    for part in filter(None, path.strip().split(".")):
        plugin = getattr(plugin, part)
    return plugin


def provided(namespace: str, plugin: Any) -> Namespace:
    """Call a plugin's hook and return its specs; on any error nothing of the plugin stays.

    Raises:
        SurroregError: the plugin breaks the interface.
        Exception: whatever the hook raises.
    """
    if plugin is None:  # pluggy would take None for a blocked name
        raise SurroregError(NO_HOOK)
    wanted = getattr(plugin, "surroreg_api_version", hookspecs.API_VERSION)
    if wanted != hookspecs.API_VERSION:
        raise SurroregError(
            f"it is written for version {shortened(wanted)} of the plugin interface, and this surroreg has version "
            f"{hookspecs.API_VERSION}; upgrade the older of the two"
        )
    bare = getattr(plugin, "surroreg_bare_names", True)
    if not isinstance(bare, bool):
        raise SurroregError(f"its surroreg_bare_names is {shortened(bare)}; it must be True or False")
    space = Namespace(namespace, bare=bare)
    for spec in _offered(namespace, plugin):
        space.add(spec)
    return space


def _offered(namespace: str, plugin: Any) -> list[SurrogateSpec]:
    # A manager for each plugin: pluggy stops a joint call at the first plugin that raises.
    manager = pluggy.PluginManager("surroreg")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=namespace)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise SurroregError(f"it has an unknown hook: {error}; the hook is {HOOK!r}") from error
    if not manager.hook.surroreg_surrogates.get_hookimpls():
        raise SurroregError(NO_HOOK)
    results: list[Any] = manager.hook.surroreg_surrogates()
    offered: Any = results[0] if results else None  # pluggy leaves out None
    if isinstance(offered, (str, SurrogateSpec)) or not hasattr(offered, "__iter__"):
        raise SurroregError(f"its {HOOK}() returned {shortened(offered)}; return a list of specs")
    specs = list(offered)
    for spec in specs:
        if type(spec) is not SurrogateSpec:  # a subclass could override comparison, hash and repr
            raise SurroregError(f"its {HOOK}() returned {shortened(spec)} among its specs. {WRAP}")
    if not specs:
        raise SurroregError(f"its {HOOK}() returned no surrogates")
    return specs


WRAP = "Decorate a derivative with @surroreg.surrogate, or wrap a callable in SurrogateSpec(factory=...)."


def because(cause: BaseException) -> str:
    """Return the cause of a failure in one line, with the remedy where a module is missing."""
    text, kind = in_one_line(cause), type(cause)  # not isinstance: an exception may define its own __class__
    if issubclass(kind, SurroregError):
        return text.partition(": ")[2] or text
    if issubclass(kind, ModuleNotFoundError):
        return f"{text} (install the missing module, or reinstall the plugin)"
    return text
