"""Find specs by name: namespaces, aliases, conflicts. Built-ins never wait for a scan."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections.abc import Callable
from typing import Any

from surroreg.errors import (
    AmbiguousSurrogateError,
    DeprecatedAliasWarning,
    DuplicateSurrogateError,
    SpecError,
    UnknownSurrogateError,
    shortened,
    warn,
)
from surroreg.registry import discovery
from surroreg.registry.discovery import Candidate, Remark
from surroreg.registry.inventory import unknown
from surroreg.registry.loader import WRAP, Namespace, imported, provided
from surroreg.registry.loading import Plugins
from surroreg.registry.qualified import BUILTIN, LOCAL, listed, parts, qualified
from surroreg.specs import IDENTIFIER, SurrogateSpec
from surroreg.specs.imports import import_object, loaded_object


class Registry:
    """Names, the specs behind them, and the plugins they come from.

    Args:
        scan: returns the installed plugin candidates and remarks, as :func:`surroreg.registry.discovery.scan`.
    """

    def __init__(self, scan: Callable[[], tuple[list[Candidate], list[Remark]]] = discovery.scan) -> None:
        self.plugins = Plugins(scan)
        self._warned_aliases: set[str] = set()

    @functools.cached_property
    def builtin(self) -> Namespace:
        """The specs of the built-in plugin, loaded like any other plugin, but without a scan."""
        return provided(BUILTIN, imported(Candidate(BUILTIN, "surroreg.builtin", "surroreg", "")))

    # -- names ----------------------------------------------------------------------------------

    def find(self, name: str, *, may_import: bool = True) -> tuple[str, SurrogateSpec]:
        """Return the namespace and the spec that ``name`` stands for.

        Args:
            name: see :func:`surroreg.load`.
            may_import: whether ``"package.module:name"`` imports that module; else it must be imported already.

        Raises:
            UnknownSurrogateError, AmbiguousSurrogateError, PluginLoadError: see :func:`surroreg.load`.
        """
        if not isinstance(name, str):
            raise TypeError(f"a surrogate is asked for by name, a str, not {type(name).__name__}.")
        if ":" in name:
            return "", self._at(name, import_object if may_import else loaded_object)
        namespace, key = parts(name.lower())
        is_bare = "/" not in name
        if key in self.builtin.keys and (namespace == BUILTIN or is_bare):
            found = [self.builtin]
        elif namespace == BUILTIN:
            found = []
        else:
            spaces = self.plugins.spaces(None if is_bare else namespace)
            found = [space for space in spaces if key in space.keys and (space.bare or not is_bare)]
        if len(found) > 1:
            options = " or ".join(repr(qualified(space.name, space.keys[key].name)) for space in found)
            raise AmbiguousSurrogateError(f"{name!r} is offered by {len(found)} plugins; ask for {options}.")
        if not found:
            raise unknown(name, namespace, self.plugins.infos(), [self.builtin, *self.plugins.spaces()])
        spec = found[0].keys[key]
        if key in map(str.lower, spec.deprecated_aliases):
            self._warn_alias(name, found[0], spec)
        return found[0].name, spec

    def names(self, pattern: str = "*", *, namespace: str | None = None) -> list[str]:
        """Return the known names that match; see :func:`surroreg.names`."""
        for what in (pattern, *(() if namespace is None else (namespace,))):
            if not isinstance(what, str):
                raise TypeError(f"names are matched by text, a str, not {type(what).__name__}.")
        spaces = [self.builtin] if namespace in (None, BUILTIN) else []
        spaces += [] if namespace == BUILTIN else self.plugins.spaces(namespace)
        if not spaces and namespace is not None and namespace != LOCAL:
            raise unknown(f"{namespace}/*", namespace, self.plugins.infos(), [self.builtin, *self.plugins.spaces()])
        pattern = pattern.lower()
        return sorted(
            listed(space.name, name)
            for space in spaces
            for name in space.specs
            if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(qualified(space.name, name), pattern)
        )

    def register(self, spec: SurrogateSpec, *, namespace: str = LOCAL) -> None:
        """Add a spec for this process; see :func:`surroreg.register`."""
        if type(spec) is not SurrogateSpec:
            raise TypeError(f"register takes a SurrogateSpec, not {shortened(spec)}. {WRAP}")
        if not isinstance(namespace, str) or not IDENTIFIER.fullmatch(namespace) or namespace == BUILTIN:
            raise SpecError(
                f"{shortened(namespace)} cannot be registered into: give a lower-case name other than 'builtin'."
            )
        if namespace != LOCAL and namespace not in self.plugins.local and self.plugins.spaces(namespace):
            raise DuplicateSurrogateError(f"the namespace {namespace!r} belongs to an installed plugin.")
        with self.plugins.lock:
            space = self.plugins.local.get(namespace, Namespace(namespace))
            earlier = space.specs.get(spec.name)
            # A notebook cell that runs again defines the same spec anew: no conflict.
            again = earlier is not None and earlier.origin == spec.origin
            space = space.without({spec.name} if again else set())
            space.add(spec)
            self.plugins.local[namespace] = space

    def name_of(self, spec: SurrogateSpec) -> str:
        """Return the name by which ``find`` returns ``spec``, preferably one that works in other processes too.

        Raises:
            SpecError: there is none: the spec is not registered, and not at a module's top level.
        """
        spec = spec.base or spec
        for space in (self.builtin, *self.plugins.loaded.values()):
            if spec.is_same(space.specs.get(spec.name)):
                return qualified(space.name, spec.name)
        with contextlib.suppress(SpecError):
            if spec.is_same(loaded_object(spec.origin)):
                return spec.origin
        for space in list(self.plugins.local.values()):  # another thread may register
            if spec.is_same(space.specs.get(spec.name)):
                return qualified(space.name, spec.name)
        raise SpecError(
            f"surrogate {spec.name!r} has no name to find it by: register it, or define it at a module's top level."
        )

    @staticmethod
    def _at(reference: str, object_at: Callable[[str], Any]) -> SurrogateSpec:
        try:
            found = object_at(reference)
        except SpecError as error:
            raise UnknownSurrogateError(f"no surrogate {shortened(reference)}: {error}") from error
        if type(found) is not SurrogateSpec:
            raise UnknownSurrogateError(
                f"no surrogate {shortened(reference)}: a {type(found).__name__} is not a surrogate. {WRAP}"
            )
        return found

    def _warn_alias(self, name: str, space: Namespace, spec: SurrogateSpec) -> None:
        with self.plugins.lock:
            if (alias := qualified(space.name, parts(name.lower())[1])) in self._warned_aliases:
                return
            self._warned_aliases.add(alias)
        warn(f"{name!r} is deprecated; ask for {listed(space.name, spec.name)!r}.", DeprecatedAliasWarning)
