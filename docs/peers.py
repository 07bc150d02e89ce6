"""Check the surrogates of snnTorch, SpikingJelly and Norse, and write the failing checks into peers.md.

This takes a few minutes.
"""

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch

import surroreg
from surroreg.conformance.report import Report

PAGE = Path(__file__).with_name("peers.md")
BEGIN, END = "<!-- results: written by python docs/peers.py -->\n", "<!-- end of results -->"
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


def updated(page: str, plugins: Sequence[Any]) -> str:
    """Return the page with the present results."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + table(plugins) + "\n" + END + rest.partition(END)[2]


def recorded(page: str) -> dict[str, str]:
    """Return the cells of failing checks that the page has now, by surrogate."""
    rows = page.partition(BEGIN)[2].partition(END)[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("| `")]
    return {name.strip("`"): cell for name, _, cell in cells}


def plugins() -> list[Any]:
    """Return the plugins of this checkout, installed or not."""
    sys.path.insert(0, str(PAGE.parents[1] / "plugins" / "surroreg-peers"))
    return [import_module(f"surroreg_peers.{library}") for library in ("snntorch", "spikingjelly", "norse")]


if __name__ == "__main__":
    for plugin in plugins():
        plugin.surroreg_surrogates()  # raises if the library is missing
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), plugins()), encoding="utf-8")
