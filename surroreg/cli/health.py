"""``surroreg plugins`` and ``surroreg doctor``: they work however broken a plugin is."""

from __future__ import annotations

import argparse
import json
import os
import platform
import traceback
import warnings

import surroreg
from surroreg import discovery
from surroreg._compat import metadata
from surroreg.cli.listing import table

SWITCHES = ("SURROREG_PLUGINS", "SURROREG_DISABLE_PLUGINS", "SURROREG_STRICT")


def plugins(arguments: argparse.Namespace) -> int:
    """Print what became of every installed plugin."""
    infos = _plugins()
    if arguments.json:
        rows = [
            {
                "namespace": info.namespace,
                "distribution": info.distribution,
                "version": info.version,
                "status": info.status,
                "surrogates": list(info.surrogates),
                "error": str(info.error) if info.error else None,
            }
            for info in infos
        ]
        print(json.dumps({"schema": 1, "plugins": rows}, indent=2))
        return 0
    for line in _lines(infos):
        print(line)
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Print the state of the installation; the exit code is 1 if a plugin failed or a copy is stale."""
    print(f"surroreg {surroreg.__version__}, Python {platform.python_version()}, {platform.platform()}")
    for name in ("torch", "pluggy", "importlib-metadata", "pytest", "hypothesis"):
        try:
            print(f"  {name} {metadata.version(name)}")
        except Exception:  # or its metadata cannot be read
            print(f"  {name} is not installed")
    for switch in SWITCHES:
        print(f"  {switch}={os.environ[switch]}" if switch in os.environ else f"  {switch} is not set")
    print(f"built in: {len(surroreg.names(namespace='builtin'))} surrogates")
    infos = _plugins()
    for line in _lines(infos):
        print(line)
    _, remarks = discovery.scan()
    for remark in remarks:
        print(f"\n{remark.text}")
    failed = [info for info in infos if info.status == "failed"]
    for info in infos:
        if info.error is not None:
            print(f"\n{info.error}")
        if info.error is not None and info.error.__cause__ is not None:
            print("".join(traceback.format_exception(info.error.__cause__)).rstrip())
    print("\n" + (f"{len(failed)} plugin(s) failed." if failed else "Nothing is wrong with the plugins."))
    return 1 if failed or remarks else 0


def _plugins() -> list[surroreg.PluginInfo]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", surroreg.PluginWarning)  # what they say is printed below
        return surroreg.plugins()


def _lines(infos: list[surroreg.PluginInfo]) -> list[str]:
    if not infos:
        return ["No plugins are installed (a plugin is a package with an entry point in the group 'surroreg')."]
    return table(
        (i.namespace, i.distribution, i.version, i.status, ", ".join(i.surrogates) or _short(i)) for i in infos
    )


def _short(info: surroreg.PluginInfo) -> str:
    return "" if info.error is None else "see 'surroreg doctor'"
