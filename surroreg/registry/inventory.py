"""Reports on installed plugins, and the error for an unknown name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from surroreg.errors import PluginLoadError, SurroregError, UnknownSurrogateError, did_you_mean, public, shortened
from surroreg.registry.loader import Namespace
from surroreg.registry.qualified import listed, parts, qualified
from surroreg.registry.synonyms import SYNONYMS, Synonym, nearest_word, plain

Status = Literal["loaded", "failed", "unavailable", "disabled"]

#: Packages that can be installed for a namespace.
PACKAGES = {
    "norse": "surroreg-peers",
    "snntorch": "surroreg-peers",
    "spikingjelly": "surroreg-peers",
    "zoo": "surroreg-zoo",
}


@public
@dataclass(frozen=True)
class PluginInfo:
    """The report on an installed plugin.

    Args:
        namespace: the entry point's name.
        distribution: the package that installed it, and its ``version``.
        status: ``"loaded"``, ``"failed"``, ``"unavailable"`` (a library it wraps is not installed) or
            ``"disabled"`` (by an environment switch; not imported).
        surrogates: the names it provides, unqualified.
        error: why the plugin failed or is unavailable; its ``__cause__`` is the plugin's own exception, if any.
    """

    namespace: str
    distribution: str
    version: str
    status: Status
    surrogates: tuple[str, ...] = ()
    error: PluginLoadError | None = None


def unknown(name: str, namespace: str, infos: Iterable[PluginInfo], spaces: Iterable[Namespace]) -> SurroregError:
    """Return the error for an unknown name or namespace."""
    infos, spaces = list(infos), list(spaces)
    here = [space for space in spaces if space.name == namespace]
    for info in infos:
        if info.namespace != namespace or here:
            continue
        if info.error is not None:
            error = PluginLoadError(f"cannot load {shortened(name)}: {info.error}")
            error.__cause__ = info.error.__cause__
            return error
        return UnknownSurrogateError(
            f"no surrogate {shortened(name)}: SURROREG_PLUGINS or SURROREG_DISABLE_PLUGINS switches off its plugin, "
            f"{info.distribution} {info.version}. 'surroreg list' shows all."
        )
    text = f"no surrogate {shortened(name)}."
    if namespace and not here:
        installed = ", ".join(sorted(space.name for space in spaces))
        text += f" No plugin {shortened(namespace)} is installed (installed: {installed})."
    present = {space.name for space in spaces} | {info.namespace for info in infos}
    away = {space: package for space, package in PACKAGES.items() if space not in present}
    if namespace in away:
        text += f" {namespace!r} comes with: pip install {away[namespace]}."
    else:
        _, bare = parts(name)
        answer = _answer(bare, spaces, away)
        hidden = [
            qualified(space.name, bare.lower()) for space in spaces if not space.bare and bare.lower() in space.keys
        ]
        if hidden and not namespace:
            answer += f" Only by qualified name: {', '.join(map(repr, hidden))}."
        text += answer or _look_alikes(bare, [*here, *spaces])
    failed = sorted(info.namespace for info in infos if info.status == "failed")
    if failed:
        text += f" {len(failed)} plugin(s) could not be loaded: {', '.join(failed)} (see 'surroreg doctor')."
    return UnknownSurrogateError(text + " 'surroreg list' shows all.")


def _answer(asked: str, spaces: Iterable[Namespace], away: Mapping[str, str]) -> str:
    """Return a hint, as sentences, to the surrogate that papers or libraries call by the unknown name; ``""`` if none.

    Args:
        asked: the unknown name, without a namespace.
        spaces: the namespaces that are installed.
        away: the packages to install, by their namespaces.
    """
    from surroreg.libraries import ROWS  # imported here, because a known name needs no table

    keys = {key for space in spaces if space.bare for key in space.keys}
    if asked.lower() in keys:  # the namespace was wrong
        return ""
    for ours in (*(row.ours for row in ROWS), *(synonym.name for synonym in SYNONYMS.values())):
        space, bare = parts(ours)
        if asked.lower() == bare and space in away:
            return f" {ours!r} comes with: pip install {away[space]}."
    word, names = plain(asked), set(map(plain, keys))
    spelled = str.lower if word in names else plain
    rows = [row for row in ROWS if row.ours and spelled(asked) in map(spelled, row.names)]
    commands = [f"'surroreg translate {row.library}.{row.names[0]}'" for row in rows]
    found = nearest_word(asked, names)
    if found == word or (found and not rows):
        synonym = SYNONYMS[found]
    elif rows:
        found, synonym = word, Synonym(rows[0].ours)
    else:
        return ""
    values = " and ".join(f"{key}={value}" for key, value in synonym.params.items())
    package = away.get(parts(synonym.name)[0])
    text = " Ask for " if found == word else f" If you mean {found!r}, ask for "
    text += f"{synonym.name!r} with {values}." if values else f"{synonym.name!r}."
    text += f" It comes with: pip install {package}." if package else ""
    text += f" {synonym.why}" if synonym.why else ""
    return text + (f" For its parameters and strength in a library, run {' or '.join(commands)}." if rows else "")


def _look_alikes(asked: str, spaces: Iterable[Namespace]) -> str:
    """Return a question with the names nearest to ``asked``, those of the first namespaces first."""
    # Compare without namespaces: a long namespace would outweigh a short name.
    shown: dict[str, str] = {}
    for space in spaces:
        for spec in space.specs.values():
            for key in (spec.name, *spec.aliases):
                shown.setdefault(key.lower(), listed(space.name, key))
    return did_you_mean(asked, shown)
