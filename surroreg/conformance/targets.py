"""What is to be checked: installed plugins, the built-ins, an object, one surrogate."""

from __future__ import annotations

import fnmatch
import importlib
import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from surroreg import api
from surroreg.conformance.provider import Provider
from surroreg.errors import PluginWarning, SurroregError
from surroreg.registry import discovery, process
from surroreg.registry.discovery import Candidate
from surroreg.registry.loader import because, imported, provided
from surroreg.registry.qualified import BUILTIN, LOCAL, parts, qualified
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import reference_to


@dataclass(frozen=True)
class Target:
    """One surrogate under test.

    Args:
        name: qualified name.
        spec: what it promises.
        bare: a callable to test as it is, in place of a surrogate built from the spec.
        reference: by what another process finds it, for a line to repeat a check; ``""`` if by nothing.
    """

    name: str
    spec: SurrogateSpec
    bare: Callable[..., Any] | None = None
    reference: str = ""


@dataclass(frozen=True)
class Selection:
    """What is to be checked: whole plugins, and surrogates."""

    providers: tuple[Provider, ...] = ()
    targets: tuple[Target, ...] = ()

    def __add__(self, other: Selection) -> Selection:
        return Selection(self.providers + other.providers, self.targets + other.targets)

    def matching(self, pattern: str) -> Selection:
        """Return the surrogates whose qualified or bare name matches; plugins only if none is left out."""
        kept = tuple(t for t in self.targets if matches(t.name, pattern) or matches(parts(t.name)[1], pattern))
        return Selection(self.providers if kept == self.targets else (), kept)


def union(parts: Iterable[Selection]) -> Selection:
    """Return what is in any of the selections, once."""
    parts = list(parts)
    providers = dict.fromkeys(provider for part in parts for provider in part.providers)
    return Selection(tuple(providers), tuple(dict.fromkeys(target for part in parts for target in part.targets)))


def matches(name: str, pattern: str) -> bool:
    """Whether a shell-style pattern, in which brackets mean themselves, matches."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def builtin() -> Selection:
    """Return the built-in plugin."""
    return Selection(
        (Provider(BUILTIN, "surroreg.builtin", "surroreg", reference=BUILTIN),), _targets(api.names(namespace=BUILTIN))
    )


def installed(pattern: str = "*") -> Selection:
    """Return the third-party plugins whose namespace or distribution matches, also those that fail to load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # the checks report these plugins as failing
        infos = [info for info in api.plugins() if info.status != "disabled"]
    values = {(c.namespace, c.distribution): c.value for c in discovery.scan()[0]}
    found = Selection()
    for info in infos:
        if matches(info.namespace, pattern) or matches(info.distribution, pattern):
            value = values.get((info.namespace, info.distribution), "")
            why = str(info.error) if info.error else ""
            kind = "missing" if info.status == "unavailable" else "problem"
            found_here = {"distribution": info.distribution, "version": info.version, "reference": info.namespace}
            provider = Provider(info.namespace, value, **found_here, **{kind: why})
            names = () if info.error else api.names(namespace=info.namespace)
            found += Selection((provider,), _targets(names))
    if matches(LOCAL, pattern) and pattern != "*":
        found += Selection((), _targets(api.names(namespace=LOCAL)))
    return found


def from_object(reference: str) -> Selection:
    """Return the plugin at ``"package.module"`` or ``"package.module:object"``, which need not be installed.

    What it provides is registered under the name of its top-level package, for this process.
    """
    package = reference.partition(":")[0].partition(".")[0]
    namespace = re.sub(r"\W", "_", package).lower().lstrip("_0123456789") or LOCAL
    try:
        _look_here()
        plugin = imported(Candidate(namespace, reference, namespace, ""))
        if isinstance(plugin, SurrogateSpec):
            return Selection((), (_registered(plugin, namespace, reference),))
        specs = provided(namespace, plugin).specs.values()
        targets = tuple(_registered(spec, namespace, reference) for spec in specs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also what only ends a test, a task or a process
        return Selection((Provider(namespace, reference, problem=because(error), reference=reference),))
    return Selection((Provider(namespace, reference, reference=reference),), targets)


def _registered(spec: SurrogateSpec, namespace: str, reference: str) -> Target:
    api.register(spec, namespace=namespace)
    name = process.registry.name_of(spec)
    # One that has no name outside this process is found through its plugin.
    return Target(qualified(namespace, spec.name), spec, reference=name if ":" in name else reference)


def one(thing: Any) -> Selection:
    """Return what ``surroreg.conformance.check`` was given: a name, a namespace, a spec, or any callable.

    Raises:
        TypeError: it is none of these.
        UnknownSurrogateError, AmbiguousSurrogateError, PluginLoadError: as :func:`surroreg.load`.
    """
    if isinstance(thing, str):
        return named(thing)
    if isinstance(thing, SurrogateSpec):
        return Selection((), (Target(thing.name, thing),))
    spec = getattr(thing, "spec", None)
    if isinstance(spec, SurrogateSpec):
        raise TypeError(f"give the spec, thing.spec, or the name of the surrogate {spec.name!r}: values are swept.")
    if not callable(thing) or isinstance(thing, type):
        raise TypeError(f"check takes a surrogate's name, a spec, or a callable x -> spikes, not {thing!r}.")
    name = re.sub(r"\W+", "_", getattr(thing, "__name__", type(thing).__name__)).strip("_0123456789").lower()
    spec = SurrogateSpec(name=name or "callable", factory=lambda: thing, summary=reference_to(thing))
    return Selection((), (Target(spec.name, spec, thing),))


def named(name: str) -> Selection:
    """Return the plugin of that namespace or distribution, or else the surrogate of that name."""
    if name == BUILTIN:
        return builtin()
    if "/" not in name and ":" not in name and name.lower() not in process.registry.builtin.keys:
        found = installed(name)
        if found.providers or found.targets:
            return found
    try:
        return Selection((), _targets([name]))
    except SurroregError:
        if ":" in name or "." in name or ("/" not in name and _is_module(name)):
            return from_object(name)
        raise


def _look_here() -> None:
    """Put the current folder on the path: ``python -m`` does so, a command does not."""
    if not {"", os.getcwd()} & {*sys.path}:
        sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()


def _is_module(name: str) -> bool:
    _look_here()
    return name.isidentifier() and importlib.util.find_spec(name) is not None


def _targets(names: Iterable[str]) -> tuple[Target, ...]:
    """Return targets for names that ``load`` knows."""
    found = [(name, *process.registry.find(name)) for name in names]
    return tuple(
        Target(qualified(space, spec.name), spec, reference="" if space == LOCAL else qualified(space, spec.name))
        if space
        else Target(spec.name, spec, reference=name)
        for name, space, spec in found
    )
