"""Names -> specs: namespaces, aliases, conflicts, and which plugin is loaded when.

What a registry must bear: a plugin that fails costs one warning and nothing else; built-ins never
wait for a scan; order decides nothing; several threads may ask at once.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from surroreg import discovery
from surroreg.discovery import Candidate, Switches
from surroreg.errors import (
    AmbiguousSurrogateError,
    DeprecatedAliasWarning,
    DuplicateSurrogateError,
    PluginLoadError,
    PluginWarning,
    SpecError,
    SurroregError,
    UnknownSurrogateError,
    did_you_mean,
    warn,
)
from surroreg.loader import WRAP, Loader, Namespace, because
from surroreg.parameters import import_object
from surroreg.specs import IDENTIFIER, SurrogateSpec

BUILTIN = "builtin"
LOCAL = "local"


@dataclass(frozen=True)
class PluginInfo:
    """What became of an installed plugin.

    Args:
        namespace: the entry point's name.
        distribution: the package that installed it, and its ``version``.
        status: ``"loaded"``, ``"failed"`` or ``"disabled"`` (by an environment switch; not imported).
        surrogates: the names it provides, unqualified.
        error: why it failed; its ``__cause__`` is the plugin's own exception, if any.
    """

    namespace: str
    distribution: str
    version: str
    status: Literal["loaded", "failed", "disabled"]
    surrogates: tuple[str, ...] = ()
    error: PluginLoadError | None = None


class Registry:
    """Names, the specs behind them, and the plugins they come from. Safe to use from several threads.

    Args:
        scan: returns the installed plugin candidates and remarks, as :func:`surroreg.discovery.scan`.
    """

    def __init__(self, scan: Callable[[], tuple[list[Candidate], list[str]]] = discovery.scan) -> None:
        self._scan = scan
        self._lock = threading.RLock()
        self._local: dict[str, Namespace] = {}
        self._warned_aliases: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self._plugins: dict[str, Namespace] = {}
        self._pending: dict[str, list[Candidate]] | None = None
        self._strict = False
        self._infos: list[PluginInfo] = []
        self._builtin: Namespace | None = None
        self._loader = Loader()

    # -- names ----------------------------------------------------------------------------------

    def find(self, name: str) -> tuple[str, SurrogateSpec]:
        """Return the namespace and the spec that ``name`` stands for.

        Raises:
            UnknownSurrogateError, AmbiguousSurrogateError, PluginLoadError: see :func:`load`.
        """
        if not isinstance(name, str):
            raise TypeError(f"a surrogate is asked for by name, a str, not {type(name).__name__}.")
        if ":" in name:
            return "", self._at(name)
        namespace, slash, key = name.lower().rpartition("/")
        if not slash:
            spec = self.builtin.keys.get(key)
            found = [(BUILTIN, spec)] if spec else self._offers(key)
        elif namespace == BUILTIN:
            found = [(BUILTIN, self.builtin.keys[key])] if key in self.builtin.keys else []
        else:
            found = [(space.name, space.keys[key]) for space in self._spaces(namespace) if key in space.keys]
        if len(found) > 1:
            options = " or ".join(repr(f"{space}/{spec.name}") for space, spec in found)
            raise AmbiguousSurrogateError(f"{name!r} is offered by {len(found)} plugins; ask for {options}.")
        if not found:
            raise self._unknown(name, namespace)
        namespace, spec = found[0]
        if key in map(str.lower, spec.deprecated_aliases):
            self._warn_alias(name, key, namespace, spec)
        return namespace, spec

    def names(self, pattern: str = "*", *, namespace: str | None = None) -> list[str]:
        """Return the known names that match; see :func:`names`."""
        shown = [spec.name for spec in self.builtin.specs.values()] if namespace in (None, BUILTIN) else []
        if namespace != BUILTIN:
            spaces = self._spaces() if namespace is None else self._spaces(namespace)
            shown += [f"{space.name}/{name}" for space in spaces for name in space.specs]
            if namespace is not None and not spaces:
                raise self._unknown(f"{namespace}/*", namespace)
        pattern = pattern.lower()
        return sorted(
            name
            for name in shown
            if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name.rpartition("/")[2], pattern)
        )

    def register(self, spec: SurrogateSpec, *, namespace: str = LOCAL) -> None:
        """Add a spec for this process; see :func:`surroreg.register`."""
        if not isinstance(spec, SurrogateSpec):
            raise TypeError(f"register takes a SurrogateSpec, not {spec!r}. {WRAP}")
        if not IDENTIFIER.fullmatch(namespace) or namespace == BUILTIN:
            raise SpecError(f"{namespace!r} cannot be registered into: give a lower-case name other than 'builtin'.")
        with self._lock:
            if namespace != LOCAL and any(space.name not in self._local for space in self._spaces(namespace)):
                raise DuplicateSurrogateError(f"the namespace {namespace!r} belongs to an installed plugin.")
            space = self._local.get(namespace, Namespace(namespace))
            earlier = space.specs.get(spec.name)
            # Running a notebook cell again defines the same thing anew; that is no conflict.
            again = earlier is not None and earlier.origin == spec.origin
            space = space.without(spec.name if again else "")
            space.add(spec)
            self._local[namespace] = space

    def name_of(self, spec: SurrogateSpec) -> str:
        """Return the name by which ``find`` returns ``spec``, in other processes too where it can be.

        Raises:
            SpecError: there is none: the spec is not registered, and not at a module's top level.
        """
        for space in (self.builtin, *self._plugins.values()):
            if space.specs.get(spec.name) is spec:
                return f"{space.name}/{spec.name}"
        with contextlib.suppress(SpecError):
            if import_object(origin := spec.origin) is spec:
                return origin
        for space in self._local.values():
            if space.specs.get(spec.name) is spec:
                return f"{space.name}/{spec.name}"
        raise SpecError(
            f"surrogate {spec.name!r} has no name to find it by: register it, or define it at a module's top level."
        )

    # -- plugins --------------------------------------------------------------------------------

    @property
    def builtin(self) -> Namespace:
        """The built-in plugin's specs; it comes through the same door as all others, unscanned."""
        if self._builtin is None:
            with self._lock:
                if self._builtin is None:
                    self._builtin = self._loader.load(Candidate(BUILTIN, "surroreg.builtin", "surroreg", ""))
        return self._builtin

    def plugins(self) -> list[PluginInfo]:
        """Load every enabled plugin and return what became of each, sorted by namespace."""
        with self._lock:
            self._load()
            return sorted(self._infos, key=lambda info: (info.namespace, info.distribution))

    def refresh(self) -> None:
        """Forget plugins and scan again when next needed; see :func:`refresh`."""
        with self._lock:
            importlib.invalidate_caches()
            self._reset()

    def _spaces(self, namespace: str | None = None) -> list[Namespace]:
        """Return the third-party namespaces, or those of one name, loading what that needs."""
        with self._lock:
            self._load(namespace)
            if self._strict:
                for info in self._infos:
                    if info.error and namespace in (None, info.namespace):
                        raise info.error
            both = [*self._local.values(), *self._plugins.values()]
            return sorted((s for s in both if namespace in (None, s.name)), key=lambda s: s.name)

    def _offers(self, key: str) -> list[tuple[str, SurrogateSpec]]:
        return [(space.name, space.keys[key]) for space in self._spaces() if key in space.keys]

    def _load(self, namespace: str | None = None) -> None:
        """Import the candidates of one namespace, or all. Scans the first time."""
        problems: list[str] = []
        if self._pending is None:
            problems += self._discover()
        assert self._pending is not None
        for name in [namespace] if namespace is not None else sorted(self._pending):
            # Taken out before the import: a plugin that asks for names while it is imported must not recurse.
            rivals = self._pending.pop(name, [])
            for candidate in rivals:
                problems += self._try(candidate, [c for c in rivals if c is not candidate])
        # Warned last: where warnings are errors, the registry is already whole.
        for problem in problems:
            warn(problem, PluginWarning)

    def _discover(self) -> list[str]:
        switches = Switches.read()
        found, remarks = self._scan()
        self._strict = switches.strict
        self._pending = {}
        for candidate in found:
            if switches.admit(candidate):
                self._pending.setdefault(candidate.namespace, []).append(candidate)
            else:
                self._infos.append(
                    PluginInfo(candidate.namespace, candidate.distribution, candidate.version, "disabled")
                )
        for entry in switches.unmatched(found):
            remarks.append(
                f"SURROREG_PLUGINS or SURROREG_DISABLE_PLUGINS names {entry!r}, which is no installed plugin."
            )
        return remarks

    def _try(self, candidate: Candidate, rivals: list[Candidate]) -> list[str]:
        """Load one candidate, record what became of it, and return what there is to warn about."""
        try:
            if candidate.namespace in (BUILTIN, LOCAL):
                raise SurroregError(f"the namespace {candidate.namespace!r} is reserved")
            if rivals:
                others = ", ".join(f"{r.distribution} {r.version}" for r in rivals)
                raise SurroregError(f"the namespace {candidate.namespace!r} is also claimed by {others}")
            space = self._loader.load(candidate)
        except (Exception, SystemExit) as cause:
            error = PluginLoadError(
                f"{candidate.described} cannot be used: {because(cause)}. "
                f"Everything else works; SURROREG_DISABLE_PLUGINS={candidate.distribution} leaves it out."
            )
            error.__cause__ = cause
            self._infos.append(
                PluginInfo(candidate.namespace, candidate.distribution, candidate.version, "failed", (), error)
            )
            return [str(error)]
        self._plugins[candidate.namespace] = space
        self._infos.append(
            PluginInfo(
                candidate.namespace,
                candidate.distribution,
                candidate.version,
                "loaded",
                tuple(sorted(space.specs)),
            )
        )
        return []

    def _at(self, reference: str) -> SurrogateSpec:
        found = import_object(reference)
        if not isinstance(found, SurrogateSpec):
            raise UnknownSurrogateError(f"{reference!r} is a {type(found).__name__}, not a surrogate. {WRAP}")
        return found

    # -- messages -------------------------------------------------------------------------------

    def _unknown(self, name: str, namespace: str) -> SurroregError:
        infos = {info.namespace: info for info in self.plugins()}
        asked = infos.get(namespace)
        if asked is not None and asked.error is not None:
            error = PluginLoadError(f"{name!r} is not to be had: {asked.error}")
            error.__cause__ = asked.error.__cause__
            return error
        if asked is not None and asked.status == "disabled":
            return UnknownSurrogateError(
                f"no surrogate {name!r}: SURROREG_PLUGINS or SURROREG_DISABLE_PLUGINS switches off its plugin, "
                f"{asked.distribution} {asked.version}."
            )
        spaces = [self.builtin, *self._spaces()]
        text = f"no surrogate {name!r}."
        if namespace and namespace not in [space.name for space in spaces]:
            known = sorted(space.name for space in spaces)
            text += f" No plugin {namespace!r} is installed (installed: {', '.join(known)})."
        candidates = [
            key if space.name == BUILTIN else f"{space.name}/{key}"
            for space in spaces
            for spec in space.specs.values()
            for key in (spec.name, *spec.aliases)
        ]
        text += did_you_mean(name, candidates) or did_you_mean(name.rpartition("/")[2], candidates)
        failed = sorted(info.namespace for info in infos.values() if info.error)
        if failed:
            text += f" {len(failed)} plugin(s) could not be loaded: {', '.join(failed)} (see 'surroreg doctor')."
        return UnknownSurrogateError(text + " 'surroreg list' shows all.")

    def _warn_alias(self, name: str, key: str, namespace: str, spec: SurrogateSpec) -> None:
        qualified = spec.name if namespace == BUILTIN else f"{namespace}/{spec.name}"
        with self._lock:
            if (alias := f"{namespace}/{key}") in self._warned_aliases:
                return
            self._warned_aliases.add(alias)
        warn(f"{name!r} is deprecated; ask for {qualified!r}.", DeprecatedAliasWarning)
