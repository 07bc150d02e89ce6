"""Measure, and write the tables into benchmarks.md. This takes some ten minutes on two idle cores."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from part import Part, markdown

from surroreg.cli.commands.bench import seconds

PART = Part("benchmarks.md", "tables", "benchmarks.py")
SHORT = {"snntorch": "sn", "spikingjelly": "sj", "norse": "no"}
#: All surrogates in one network of each library; one surrogate in the others, and compiled, which takes long.
NETWORKS = (
    "--architecture dense --rounds 15",
    "atan --architecture convolutional --architecture recurrent",
    "atan --architecture dense --mode compiled --library plain --library snntorch",
)
COMPILED = ("--mode", "compiled", "--dtype", "float32", "--size", "1e6", "--size", "8e6")


def measured(*options: str) -> dict[str, Any]:
    """Return the results of ``surroreg bench``."""
    command = [sys.executable, "-m", "surroreg", "bench", "--json", *options]
    return json.loads(subprocess.check_output(command, text=True))  # type: ignore[no-any-return]


def of_surrogates(results: dict[str, Any]) -> str:
    """Return a table per device, mode and dtype, cold and warm, and one of the geometric means."""
    parts = []
    kinds = dict.fromkeys((c["device"], c["mode"], c["dtype"]) for c in results["surrogates"])
    for device, mode, dtype in kinds:
        cells = [c for c in results["surrogates"] if (c["device"], c["mode"], c["dtype"]) == (device, mode, dtype)]
        sizes = sorted({c["size"] for c in cells})
        by_name = {name: [c for c in cells if c["name"] == name] for name in dict.fromkeys(c["name"] for c in cells)}
        head = ["surrogate", "kept", *(f"{size:,} elements" for size in sizes)]
        for state in ("cold", "warm"):
            rows = [head]
            for name, row in by_name.items():
                rows.append([f"`{name}`", f"{row[0]['kept']['surroreg']:g} B", *(_cell(cell, state) for cell in row)])
            parts += [f"### {dtype}, {mode}, {device}, {state}\n", markdown(rows)]
    sizes = sorted({mean["size"] for mean in results["means"]})
    means: dict[tuple[str, ...], dict[int, float]] = {}
    for mean in results["means"]:
        key = tuple(mean[part] for part in ("library", "dtype", "mode", "device", "state"))
        means.setdefault(key, {})[mean["size"]] = mean["ratio"]
    rows = [[", ".join(key), *(f"×{ratios[size]:.2f}" for size in sizes)] for key, ratios in sorted(means.items())]
    head = ["geometric mean over what the library has", *(f"{size:,} elements" for size in sizes)]
    return "\n".join([*parts, markdown([head, *rows])])


def _cell(cell: dict[str, Any], state: str) -> str:
    contest = cell[state]
    peers = [f"{SHORT[library]} ×{ratio:.2f}" for library, ratio in sorted(contest["peers"].items())]
    fused = [f"kernels {cell['fused'] / contest['limit']:.1f} L"] if cell["fused"] and state == "warm" else []
    return ", ".join([seconds(contest["times"]["surroreg"]["median"]), f"{contest['of_limit']:.1f} L", *fused, *peers])


def of_networks(steps: list[dict[str, Any]]) -> str:
    """Return a table per device, mode and architecture."""
    parts = []
    who = ("surroreg", "library", "limit")
    for kind in dict.fromkeys((step["architecture"], step["mode"], step["device"]) for step in steps):
        rows = [["surrogate", "library", "limit", "ours", "its own", "its own takes", "saved", "peak"]]
        for step in steps:
            if (step["architecture"], step["mode"], step["device"]) == kind:
                over = [f"{step['over_limit'][each]:+.1%}" if each in step["times"] else "" for each in who[:2]]
                ratio = f"×{step['ratio']:.2f}" if step["ratio"] else ""
                memory = [" / ".join(_megabytes(step[what].get(each)) for each in who) for what in ("saved", "peak")]
                limit = seconds(step["times"]["limit"]["median"])
                rows.append([f"`{step['name']}`", step["library"], limit, *over, ratio, *memory])
        parts += [f"### A training step: {', '.join(kind)}\n", markdown(rows)]
    return "\n".join(parts)


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.1f} MB"


def tables() -> str:
    """Measure, and return the tables."""
    eager, compiled = measured(), measured(*COMPILED)
    registry = measured("--registry")
    steps = [step for options in NETWORKS for step in measured("--network", *options.split())["network"]]
    machine = "; ".join(f"{fact} {value}" for fact, value in eager["machine"].items() if value is not None)
    costs = [[step, seconds(time["median"]), seconds(time["spread"])] for step, time in registry["registry"].items()]
    parts = [
        f"Measured on: {machine}.\n",
        of_surrogates(eager),
        of_surrogates(compiled),
        of_networks(steps),
        "### What the registry costs\n",
        markdown([["what", "time", "spread"], *costs]),
        f"Our call of one element takes {registry['overhead']:+.0%} over a bare `autograd.Function`.\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    PART.write(tables())
