"""``surroreg plugins`` and ``surroreg doctor``: they work however broken a plugin is."""

from __future__ import annotations

import argparse
import os
import platform
import traceback
import warnings
from typing import Any

import surroreg
from surroreg.cli.listing import table
from surroreg.cli.manual import VARIABLES
from surroreg.cli.output import say, say_json
from surroreg.errors import in_one_line
from surroreg.registry import discovery

#: What a report of a bug should name the version of.
PACKAGES = ("torch", "pluggy", "importlib-metadata", "pytest", "hypothesis")


def plugins(arguments: argparse.Namespace) -> int:
    """Print what became of every installed plugin."""
    infos = _plugins()
    if arguments.json:
        say_json(plugins=_rows(infos))
    else:
        say("\n".join(_lines(infos)))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Print the state of the installation; the exit code is 1 if a plugin failed or a copy is stale."""
    infos = _plugins()
    _, remarks = discovery.scan()
    failed = [info for info in infos if info.status == "failed"]
    versions = discovery.versions()
    packages = {name: versions.get(name) for name in PACKAGES}
    switches = {name: os.environ.get(name) for name in VARIABLES}
    builtin = len(surroreg.names(namespace="builtin"))
    code = 1 if failed or remarks else 0
    if arguments.json:
        say_json(
            ok=code == 0,
            surroreg=surroreg.__version__,
            python=platform.python_version(),
            platform=platform.platform(),
            packages=packages,
            environment=switches,
            builtin=builtin,
            plugins=_rows(infos),
            remarks=[remark.text for remark in remarks],
        )
        return code
    say(f"surroreg {surroreg.__version__}, Python {platform.python_version()}, {platform.platform()}")
    for name, version in packages.items():
        say(f"  {name} {version or 'is not installed'}")
    for name, value in switches.items():
        say(f"  {name} is not set" if value is None else f"  {name}={value}")
    say(f"built in: {builtin} surrogates")
    for line in _lines(infos):
        say(line)
    for remark in remarks:
        say(f"\n{remark.text}")
    for info in infos:
        if info.error is not None:
            say(f"\n{info.error}")
        if info.error is not None and info.error.__cause__ is not None:
            say(_traceback(info.error.__cause__))
    say("\n" + (f"{len(failed)} plugin(s) failed." if failed else "Nothing is wrong with the plugins."))
    return code


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except Exception:  # its attributes are a plugin's too
        return in_one_line(error)


def _rows(infos: list[surroreg.PluginInfo]) -> list[dict[str, Any]]:
    return [
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
