"""What became of the installed plugins, and what to say of a name that none of them has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from surroreg.equivalents import LIBRARIES, ROWS
from surroreg.errors import PluginLoadError, SurroregError, UnknownSurrogateError, did_you_mean
from surroreg.loader import Namespace

BUILTIN = "builtin"
LOCAL = "local"
Status = Literal["loaded", "failed", "unavailable", "disabled"]

#: Packages that can be installed for a namespace.
PACKAGES = {
    "norse": "surroreg-peers",
    "snntorch": "surroreg-peers",
    "spikingjelly": "surroreg-peers",
    "zoo": "surroreg-zoo",
}


@dataclass(frozen=True)
class PluginInfo:
    """What became of an installed plugin.

    Args:
        namespace: the entry point's name.
        distribution: the package that installed it, and its ``version``.
        status: ``"loaded"``, ``"failed"``, ``"unavailable"`` (a library it wraps is not installed) or
            ``"disabled"`` (by an environment switch; not imported).
        surrogates: the names it provides, unqualified.
        error: why it failed or is unavailable; its ``__cause__`` is the plugin's own exception, if any.
    """

    namespace: str
    distribution: str
    version: str
    status: Status
    surrogates: tuple[str, ...] = ()
    error: PluginLoadError | None = None


def unknown(name: str, namespace: str, infos: Iterable[PluginInfo], spaces: Iterable[Namespace]) -> SurroregError:
    """Return the error for a name, or a namespace, that is not there."""
    infos, spaces = list(infos), list(spaces)
    here = [space for space in spaces if space.name == namespace]
    for info in infos:
        if info.namespace != namespace or here:
            continue
        if info.error is not None:
            error = PluginLoadError(f"{name!r} is not to be had: {info.error}")
            error.__cause__ = info.error.__cause__
            return error
        return UnknownSurrogateError(
            f"no surrogate {name!r}: SURROREG_PLUGINS or SURROREG_DISABLE_PLUGINS switches off its plugin, "
            f"{info.distribution} {info.version}. 'surroreg list' shows all."
        )
    text = f"no surrogate {name!r}."
    if namespace and not here:
        installed = ", ".join(sorted(space.name for space in spaces))
        text += f" No plugin {namespace!r} is installed (installed: {installed})."
    text += _where_it_is(name, namespace, {space.name for space in spaces})
    # Compared without namespaces: a long one would drown a short name.
    shown: dict[str, str] = {}
    for space in [*here, *spaces]:
        for spec in space.specs.values():
            for key in (spec.name, *spec.aliases):
                shown.setdefault(key.lower(), key if space.name == BUILTIN else f"{space.name}/{key}")
    text += did_you_mean(name.rpartition("/")[2], shown)
    failed = sorted(info.namespace for info in infos if info.status == "failed")
    if failed:
        text += f" {len(failed)} plugin(s) could not be loaded: {', '.join(failed)} (see 'surroreg doctor')."
    return UnknownSurrogateError(text + " 'surroreg list' shows all.")


def _where_it_is(name: str, namespace: str, installed: set[str]) -> str:
    """Return a sentence on what to install, or on what another library's name is here."""
    away = {space: package for space, package in PACKAGES.items() if space not in installed}
    if namespace:
        return f" {namespace!r} comes with: pip install {away[namespace]}." if namespace in away else ""
    for row in ROWS:
        space, _, bare = row.ours.rpartition("/")
        comes = f" comes with: pip install {away[space]}." if space in away else ""
        if bare == name.lower() and comes:
            return f" {row.ours!r}{comes}"
        if row.ours and name.lower() in map(str.lower, row.names):
            theirs = f"{row.library}.{row.names[0]}"
            told = f", which{comes}" if comes else f" (see 'surroreg translate {theirs}')."
            return f" {LIBRARIES[row.library].title}'s {row.names[0]} is {row.ours!r} here{told}"
    return ""
