"""Check the surrogates of snnTorch, SpikingJelly and Norse, and write the failing checks into peers.md.

This takes a few minutes.
"""

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch
from part import Part

import surroreg
from surroreg.conformance.report import Report

PART = Part("peers.md", "results", "peers.py")
SETTINGS: dict[str, Any] = {"devices": ("cpu", "meta"), "examples": 20}


def checks(report: Report, *statuses: str) -> list[str]:
    """Return the checks that have one of these statuses on some device, once each."""
    return list(dict.fromkeys(result.check for result in report.results if result.status in statuses))


def failing(report: Report) -> str:
    """Return a cell that names the failing checks, or all passing checks if fewer checks pass than fail."""
    failed, warned, passed = checks(report, "failed"), checks(report, "warned"), passing(report)
    if len(failed) > len(passed):
        return "**all but** " + ", ".join(f"`{check}`" for check in passed)
    return ", ".join([*(f"`{check}`" for check in failed), *(f"*`{check}`*" for check in warned)]) or "none"


def passing(report: Report) -> list[str]:
    """Return the checks that passed wherever they ran."""
    return [check for check in checks(report, "passed") if check not in checks(report, "failed", "warned")]


def table(plugins: Sequence[Any]) -> str:
    """Return the results as a Markdown table."""
    versions = ", ".join(f"{plugin.LIBRARY} {metadata.version(plugin.LIBRARY)}" for plugin in plugins)
    lines = [f"With {versions} and torch {torch.__version__}, on the devices {' and '.join(SETTINGS['devices'])}."]
    lines += ["", "| surrogate | passed | failing checks |", "| --- | ---: | --- |"]
    for plugin in plugins:
        for spec in plugin.OFFERED:
            report = surroreg.conformance.check(spec, **SETTINGS)
            lines.append(f"| `{plugin.LIBRARY}/{spec.name}` | {len(passing(report))} | {failing(report)} |")
    return "\n".join(lines) + "\n"


def recorded() -> dict[str, str]:
    """Return the cells of failing checks that the page has now, by surrogate."""
    rows = [row for row in PART.text.splitlines() if row.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name.strip("`"): cell for name, _, cell in cells}


def plugins() -> list[Any]:
    """Return the plugins of this checkout, installed or not."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "surroreg-peers"))
    return [import_module(f"surroreg_peers.{library}") for library in ("snntorch", "spikingjelly", "norse")]


if __name__ == "__main__":
    for plugin in plugins():
        plugin.surroreg_surrogates()  # raises if the library is missing
    PART.write(table(plugins()))
