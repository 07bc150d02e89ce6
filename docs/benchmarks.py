"""Measure, and write the tables into benchmarks.md. This takes some five minutes on an idle machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from surroreg.cli.commands.bench import seconds

PAGE = Path(__file__).with_name("benchmarks.md")
BEGIN, END = "<!-- tables: written by python docs/benchmarks.py -->\n", "<!-- end of tables -->"
SHORT = {"snntorch": "sn", "spikingjelly": "sj", "norse": "no"}
COMPILED = ("--mode", "compiled", "--dtype", "float32", "--size", "1e6", "--size", "8e6")


def measured(*options: str) -> dict[str, Any]:
    """Return the results of ``surroreg bench``."""
    command = [sys.executable, "-m", "surroreg", "bench", "--json", *options]
    return json.loads(subprocess.check_output(command, text=True))  # type: ignore[no-any-return]


def table(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table. The first row is the head."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body]) + "\n"


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
            parts += [f"### {dtype}, {mode}, {device}, {state}\n", table(rows)]
    sizes = sorted({mean["size"] for mean in results["means"]})
    means: dict[tuple[str, ...], dict[int, float]] = {}
    for mean in results["means"]:
        key = tuple(mean[part] for part in ("library", "dtype", "mode", "device", "state"))
        means.setdefault(key, {})[mean["size"]] = mean["ratio"]
    rows = [[", ".join(key), *(f"×{ratios[size]:.2f}" for size in sizes)] for key, ratios in sorted(means.items())]
    head = ["geometric mean over what the library has", *(f"{size:,} elements" for size in sizes)]
    return "\n".join([*parts, table([head, *rows])])


def _cell(cell: dict[str, Any], state: str) -> str:
    contest = cell[state]
    peers = [f"{SHORT[library]} ×{ratio:.2f}" for library, ratio in sorted(contest["peers"].items())]
    fused = [f"kernels {cell['fused'] / contest['limit']:.1f} L"] if cell["fused"] and state == "warm" else []
    return ", ".join([seconds(contest["times"]["surroreg"]["median"]), f"{contest['of_limit']:.1f} L", *fused, *peers])


def page(text: str) -> str:
    """Return the page with new measurements in its tables."""
    eager, compiled = measured(), measured(*COMPILED)
    network, registry = measured("--network"), measured("--registry")
    machine = "; ".join(f"{fact} {value}" for fact, value in eager["machine"].items() if value is not None)
    steps = [["surrogate", "ours", "snnTorch's", "snnTorch takes"]]
    for step in network["network"]:
        times = [seconds(step["times"][who]["median"]) for who in ("surroreg", "snntorch")]
        steps.append([f"`{step['name']}`", *times, f"×{step['ratio']:.2f}"])
    costs = [[step, seconds(time["median"]), seconds(time["spread"])] for step, time in registry["registry"].items()]
    parts = [
        f"Measured on: {machine}.\n",
        of_surrogates(eager),
        of_surrogates(compiled),
        "### A training step of a network\n",
        table(steps),
        "### What the registry costs\n",
        table([["what", "time", "spread"], *costs]),
        f"Our call of one element takes {registry['overhead']:+.0%} over a bare `autograd.Function`.\n",
    ]
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + "\n" + "\n".join(parts) + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
