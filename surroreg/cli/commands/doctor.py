"""``surroreg doctor``: the defects of the installation. It works however broken a plugin is."""

from __future__ import annotations

import argparse
import os

import surroreg
from surroreg.cli import health
from surroreg.cli.command import Command
from surroreg.cli.manual import VARIABLES
from surroreg.cli.output import say, say_json
from surroreg.errors import in_one_line

#: Packages whose versions belong in a bug report.
PACKAGES = ("torch", "pluggy", "importlib-metadata", "pytest", "hypothesis")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Print the state of the installation. The exit code is 1 if a plugin failed or a copy is stale."""
    import platform

    from surroreg.registry import discovery

    plugins = health.installed()
    _, remarks = discovery.scan()
    failed = [plugin for plugin in plugins if plugin.status == "failed"]
    versions = discovery.versions()
    packages = {name: versions.get(name) for name in PACKAGES}
    environment = {name: os.environ.get(name) for name in VARIABLES}
    builtin = len(surroreg.names(namespace="builtin"))
    code = 1 if failed or remarks else 0
    if arguments.json:
        say_json(
            ok=code == 0,
            surroreg=surroreg.__version__,
            python=platform.python_version(),
            platform=platform.platform(),
            packages=packages,
            environment=environment,
            builtin=builtin,
            plugins=health.data(plugins),
            remarks=[remark.text for remark in remarks],
        )
        return code
    say(f"surroreg {surroreg.__version__}, Python {platform.python_version()}, {platform.platform()}")
    for name, version in packages.items():
        say(f"  {name} {version or 'is not installed'}")
    for name, value in environment.items():
        say(f"  {name} is not set" if value is None else f"  {name}={value}")
    say(f"built in: {builtin} surrogates")
    for line in health.lines(plugins):
        say(line)
    for remark in remarks:
        say(f"\n{remark.text}")
    for plugin in plugins:
        if plugin.error is not None:
            say(f"\n{plugin.error}")
        if plugin.error is not None and plugin.error.__cause__ is not None:
            say(_traceback(plugin.error.__cause__))
    say("\n" + (f"{len(failed)} plugin(s) failed." if failed else "Nothing is wrong with the plugins."))
    return code


def _traceback(error: BaseException) -> str:
    import traceback

    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except Exception:  # the attributes of the exception may be code of a plugin, too
        return in_one_line(error)


COMMAND = Command(
    help="say what is wrong with the installation, if anything",
    text=(
        "Prints versions, environment variables and plugins, and for a plugin that failed the whole error. It works "
        "however broken a plugin is. The exit code is 1 if a plugin failed or a stale copy of one is in the way; "
        "paste the output into a report of a bug."
    ),
    examples={
        "surroreg doctor": "what is wrong, if anything",
        "surroreg doctor --json": "the same for a program",
    },
    arguments=_arguments,
    run=_run,
    order=60,
)
