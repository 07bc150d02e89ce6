"""``surroreg bench``: speed and memory, against every other library that is installed."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import surroreg
from surroreg.cli.blame import blamed
from surroreg.cli.listing import named, table
from surroreg.cli.output import say, say_json

Thing = TypeVar("Thing")


def bench(arguments: argparse.Namespace) -> int:
    """Measure, and print a table or JSON."""
    import torch

    from surroreg.bench.timing import machine

    there = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in arguments.device:
        if device not in there:
            raise surroreg.SurroregError(f"there is no device {device!r} here; there is {', '.join(there)}.")
    arguments.device = arguments.device or there
    run = registry if arguments.registry else network if arguments.network else surrogates
    lines, found = run(arguments)
    if arguments.json:
        say_json(machine=machine(), **found)
        return 0
    say("; ".join(f"{what} {value}" for what, value in machine().items() if value is not None) + "\n")
    say("\n".join(lines))
    return 0


def surrogates(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure one forward and one backward pass of surrogates."""
    import torch

    from surroreg.bench import surrogates as of

    names = arguments.names or [n for n in surroreg.names(namespace="builtin") if of.measurable(n)]
    names = [named(name)[0] for name in names]
    dtypes = [getattr(torch, name) for name in arguments.dtype] or of.DTYPES
    _check_memory(arguments.size, dtypes, arguments.device)
    plan = of.plan(names, arguments.size or of.SIZES, dtypes, arguments.mode or ["eager"], arguments.device)
    cells = []
    for what in progress(plan, "cell"):
        with blamed(surroreg.spec(what[0])):
            cells.append(of.measure(*what, rounds=arguments.rounds))
    libraries = sorted({library for cell in cells for library in cell.peers})
    head = ["surrogate", "elements", "dtype", "mode", "device", "time", "spread", "x limit", "kernels", "kept"]
    rows = [[*head, *(f"{library} takes" for library in libraries)]]
    for cell in cells:
        ours = cell.times[of.OURS]
        row = [cell.name, f"{cell.size:,}", cell.dtype, cell.mode, cell.device, seconds(ours.median)]
        row += [seconds(ours.spread), f"{cell.of_limit:.2f}", _kernels(cell), f"{cell.kept[of.OURS]:g} B"]
        rows.append(row + [f"x{cell.peers[x]:.2f}" if x in cell.peers else "" for x in libraries])
    lines = table(rows)
    lines += ["", f"x limit: in units of {of.LIMIT} copies, the least that both passes can read and write."]
    lines += ["kept: bytes per element for the backward pass; heaviside's and its like's are the spikes."]
    if "compiled" in arguments.mode:
        lines += ["kernels: what the compiled kernels take without being called, in the same units."]
    means = of.means(cells)
    for (device, mode, dtype, size, library), ratio in means.items():
        lines.append(f"geometric mean, {device}, {mode}, {dtype}, {size:,} elements: {library} takes x{ratio:.2f}")
    slower = [f"{c.name} ({c.size:,}, {c.dtype}, {c.mode}, {c.device}): {p} x{r:.2f}" for c, p, r in of.slower(cells)]
    if libraries:
        lines.append(f"faster than ours by more than {of.NOISE:.0%} and the spread: " + ("; ".join(slower) or "none"))
    else:
        lines.append("nothing to compare with: no library that is installed has these (try: pip install snntorch).")
    keys = ("device", "mode", "dtype", "size", "library")
    told = [{**dict(zip(keys, key, strict=True)), "ratio": ratio} for key, ratio in means.items()]
    return lines, {"surrogates": [cell.to_dict() for cell in cells], "means": told}


def _check_memory(sizes: Iterable[int], dtypes: Iterable[Any], devices: Iterable[str]) -> None:
    """Raise if there is no memory for so many elements, before anything is measured."""
    import torch

    for size, dtype, device in itertools.product(sizes, dtypes, devices):
        try:
            torch.empty(4 * size, dtype=dtype, device=device)  # input, spikes and their gradients live at once
        except (RuntimeError, MemoryError, OverflowError, TypeError) as error:  # the last: more than 64 bits
            reason = str(error).partition("\n")[0]
            raise surroreg.SurroregError(f"--size {size:g}: there is no memory for it on {device}: {reason}") from error


def network(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure a training step of a network."""
    from surroreg.bench import network as of
    from surroreg.bench.peers import peers

    names = [named(name)[0] for name in arguments.names]
    names = names or [name for name in surroreg.names(namespace="builtin") if peers(name)]
    plan = [(name, device) for device in arguments.device for name in names]
    steps = []
    for name, device in progress(plan, "network"):
        with blamed(surroreg.spec(name)):
            step = of.measure(name, device, rounds=arguments.rounds)
        steps += [step] if step else []
    rows = [["surrogate", "device", "ours", "spread", "snntorch's", "spread", "snntorch takes"]]
    for step in steps:
        times = [seconds(t) for who in ("surroreg", "snntorch") for t in _parts(step.times[who])]
        rows.append([step.name, step.device, *times, f"x{step.ratio:.2f}"])
    shape = f"{of.INPUTS}-{of.HIDDEN}-{of.OUTPUTS} neurons, {of.STEPS} time steps, batch {of.BATCH}"
    return [shape, "", *table(rows)], {"network": [step.to_dict() for step in steps]}


def registry(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure what the registry costs."""
    from surroreg.bench import registry as of

    times = of.measure(arguments.rounds)
    overhead = of.overhead(times)
    rows = [[what, *map(seconds, _parts(time))] for what, time in times.items()]
    lines = [*table([["", "time", "spread"], *rows]), "", f"over a bare Function: {overhead:+.0%}"]
    told = {what: {"median": time.median, "spread": time.spread} for what, time in times.items()}
    return lines, {"registry": told, "overhead": overhead}


def _kernels(cell: Any) -> str:
    return "" if cell.fused is None else f"{cell.fused / cell.limit:.2f}"


def _parts(time: Any) -> tuple[float, float]:
    return time.median, time.spread


def seconds(time: float) -> str:
    """Return a time in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if time >= size:
            return f"{time / size:.3g} {unit}"
    return f"{time / 1e-6:.3g} us"


def progress(things: Iterable[Thing], unit: str) -> Iterable[Thing]:
    """Return the same, with a bar on a terminal.

    Raises:
        SurroregError: what draws it is not installed.
    """
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; the benchmarks need: pip install 'surroreg[bench]'") from error
    bar: Callable[..., Iterable[Thing]] = tqdm
    return bar(things, unit=unit, disable=None)
