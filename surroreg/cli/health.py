"""The state of the installed plugins, as ``surroreg plugins`` and ``surroreg doctor`` print it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import surroreg
from surroreg.cli.listing import table


def installed() -> list[surroreg.PluginInfo]:
    """Return every installed plugin, broken or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", surroreg.PluginWarning)  # else the command would print each error twice
        return surroreg.plugins()


def lines(plugins: Iterable[surroreg.PluginInfo]) -> list[str]:
    """Return plugins as the lines of a table."""
    rows = [(p.namespace, p.distribution, p.version, p.status, ", ".join(p.surrogates) or _hint(p)) for p in plugins]
    return table(rows) or [
        "No plugins are installed (a plugin is a package with an entry point in the group 'surroreg')."
    ]


def data(plugins: Iterable[surroreg.PluginInfo]) -> list[dict[str, Any]]:
    """Return plugins as data for JSON."""
    return [
        {
            "namespace": plugin.namespace,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "status": plugin.status,
            "surrogates": list(plugin.surrogates),
            "error": str(plugin.error) if plugin.error else None,
        }
        for plugin in plugins
    ]


def _hint(plugin: surroreg.PluginInfo) -> str:
    return "" if plugin.error is None else "see 'surroreg doctor'"
