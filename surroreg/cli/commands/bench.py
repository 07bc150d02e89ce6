"""``surroreg bench``: speed and memory, against every other library that is installed."""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import surroreg
from surroreg.cli.arguments import NAMES, count, offer
from surroreg.cli.blame import blamed
from surroreg.cli.command import Command
from surroreg.cli.listing import named, table
from surroreg.cli.output import say, say_json

Task = TypeVar("Task")
#: The keys of ``surroreg.bench.networks``, which needs torch.
LIBRARIES = ("plain", "snntorch", "spikingjelly_single_step", "spikingjelly_multi_step", "norse")
ARCHITECTURES = ("dense", "convolutional", "recurrent")


def _arguments(parser: argparse.ArgumentParser) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    offer(NAMES, parser.add_argument("names", nargs="*", metavar="NAME", help="built-in surrogates (all)"))
    parser.add_argument(
        "--size", type=_elements, metavar="N", help="elements, such as 1e6 (1e3, 1e5, 1e6, 8e6)", **many
    )
    dtypes = ("float16", "bfloat16", "float32", "float64")
    parser.add_argument("--dtype", choices=dtypes, help="(float32, float64, bfloat16)", **many)
    parser.add_argument("--mode", choices=("eager", "compiled"), help="(eager)", **many)
    parser.add_argument("--device", metavar="DEVICE", help="cpu or cuda (every device of the machine)", **many)
    parser.add_argument(
        "--rounds", type=count, metavar="N", help="rounds in which all take turns (9; 25 with --network)"
    )
    subject = parser.add_mutually_exclusive_group()
    subject.add_argument("--network", action="store_true", help="a training step of networks instead")
    subject.add_argument(
        "--registry", action="store_true", help="the cost of importing, loading, scanning and calling instead"
    )
    parser.add_argument(
        "--library", choices=LIBRARIES, help="with --network: whose neurons (of all that are installed)", **many
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, help="with --network: (all)", **many)
    parser.add_argument(
        "--saved-dtype",
        metavar="DTYPE",
        help="with --network: our surrogates also with their input kept in this dtype",
        **many,
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Measure, and print a table or JSON."""
    import torch

    from surroreg.bench.timing import machine

    _check_options(arguments)
    available = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in arguments.device:
        if device not in available:
            raise surroreg.SurroregError(f"there is no device {device!r} here; there is {', '.join(available)}.")
    arguments.device = arguments.device or available
    arguments.mode = arguments.mode or ["eager"]
    arguments.rounds = arguments.rounds or (25 if arguments.network else 9)
    measure = _registry if arguments.registry else _network if arguments.network else _surrogates
    lines, data = measure(arguments)
    if arguments.json:
        say_json(machine=machine(), **data)
        return 0
    say("; ".join(f"{key} {value}" for key, value in machine().items() if value is not None) + "\n")
    say("\n".join(lines))
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Raise if an option has no effect on what is to be measured."""
    other = ("size", "dtype") if arguments.network else ("library", "architecture", "saved_dtype")
    for option in other:
        if getattr(arguments, option):
            raise surroreg.SurroregError(
                f"--{option.replace('_', '-')} goes {'without' if arguments.network else 'with'} --network."
            )


def _surrogates(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure one forward and one backward pass of surrogates."""
    import torch

    from surroreg.bench import surrogates as bench

    names = arguments.names or [name for name in surroreg.names(namespace="builtin") if bench.measurable(name)]
    names = [named(name)[0] for name in names]
    dtypes = [getattr(torch, name) for name in arguments.dtype] or bench.DTYPES
    _check_memory(arguments.size, dtypes, arguments.device)
    plan = bench.plan(names, arguments.size or bench.SIZES, dtypes, arguments.mode, arguments.device)
    cells = []
    for task in _progress(plan, "cell"):
        with blamed(surroreg.spec(task[0])):
            cells.append(bench.measure(*task, rounds=arguments.rounds))
    libraries = sorted({library for cell in cells for library in cell.warm.peers})
    header = ["surrogate", "elements", "dtype", "mode", "device", "kept", "kernels"]
    columns = ["time", "spread", "x limit", *(f"{library} takes" for library in libraries)]
    rows = [[*header, *(f"{state}: {column}" for state in ("cold", "warm") for column in columns)]]
    for cell in cells:
        row = [cell.name, f"{cell.size:,}", cell.dtype, cell.mode, cell.device]
        row += [f"{cell.kept[bench.OURS]:g} B", _kernels(cell)]
        for contest in cell.contests.values():
            row += [*map(seconds, _parts(contest.times[bench.OURS])), f"{contest.of_limit:.2f}"]
            row += [f"x{contest.peers[x]:.2f}" if x in contest.peers else "" for x in libraries]
        rows.append(row)
    lines = table(rows)
    lines += ["", "cold: single calls, with the work of a layer of a network before each. warm: blocks of calls."]
    lines += [f"x limit: in units of {bench.LIMIT} copies, the least that both passes can read and write."]
    lines += ["kept: bytes per element for the backward pass. heaviside and similar surrogates keep the spikes."]
    if "compiled" in arguments.mode:
        lines += ["kernels: the time of the compiled kernels alone, without their calls, in units of the warm limit."]
    means = bench.means(cells)
    for (state, device, mode, dtype, size, library), ratio in means.items():
        where = f"{state}, {device}, {mode}, {dtype}, {size:,} elements"
        lines.append(f"geometric mean, {where}: {library} takes x{ratio:.2f}")
    slower = [
        f"{c.name} ({c.size:,}, {c.dtype}, {c.mode}, {c.device}, {state}): {p} x{r:.2f}"
        for c, state, p, r in bench.slower(cells)
    ]
    if libraries:
        lines.append(
            f"faster than ours by more than {bench.NOISE:.0%} and the spread: " + ("; ".join(slower) or "none")
        )
    else:
        lines.append("nothing to compare with: no library that is installed has these (try: pip install snntorch).")
    keys = ("state", "device", "mode", "dtype", "size", "library")
    ratios = [{**dict(zip(keys, key, strict=True)), "ratio": ratio} for key, ratio in means.items()]
    return lines, {"surrogates": [cell.to_dict() for cell in cells], "means": ratios}


def _check_memory(sizes: Iterable[int], dtypes: Iterable[Any], devices: Iterable[str]) -> None:
    """Raise if the memory cannot hold so many elements, before the first measurement."""
    import torch

    for size, dtype, device in itertools.product(sizes, dtypes, devices):
        try:
            torch.empty(4 * size, dtype=dtype, device=device)  # input, spikes and their gradients live at once
        except (RuntimeError, MemoryError, OverflowError, TypeError) as error:  # TypeError: more than 64 bits
            reason = str(error).partition("\n")[0]
            raise surroreg.SurroregError(f"--size {size:g}: there is no memory for it on {device}: {reason}") from error


def _network(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure training steps of networks."""
    from surroreg.bench import network as bench
    from surroreg.bench import networks
    from surroreg.bench.surrogates import measurable
    from surroreg.specs.validation import as_saved_dtype

    saved_dtypes = [name for name in map(as_saved_dtype, arguments.saved_dtype) if name]
    names = arguments.names or [name for name in surroreg.names(namespace="builtin") if measurable(name)]
    names = [named(name)[0] for name in names]
    missing = {library: found.package for library, found in networks.LIBRARIES.items() if not found.is_installed}
    for library in missing.keys() & set(arguments.library):
        raise surroreg.SurroregError(f"--library {library}: it is not installed (pip install {missing[library]}).")
    libraries = [name for name in arguments.library or networks.LIBRARIES if name not in missing]
    architectures = arguments.architecture or networks.ARCHITECTURES
    steps = []
    for task in _progress(bench.plan(names, libraries, architectures, arguments.mode, arguments.device), "network"):
        with blamed(surroreg.spec(task[0])):
            steps.append(bench.measure(*task, rounds=arguments.rounds, saved_dtypes=saved_dtypes))
    kinds = {bench.LIMIT: "limit", bench.OURS: "ours"}
    kinds |= {bench.narrow(saved): saved for saved in saved_dtypes} | {bench.THEIRS: "its own"}
    header = ["surrogate", "library", "architecture", "mode", "device", "limit"]
    for kind in list(kinds.values())[1:]:
        header += [f"{kind} takes", "spread", f"{kind} over limit"]
    rows = [
        [*header, "its own over ours", *(f"{what}: {kind}" for what in ("saved", "peak") for kind in kinds.values())]
    ]
    for step in steps:
        row = [step.name, step.library, step.architecture, step.mode, step.device]
        row.append(seconds(step.times[bench.LIMIT].median))
        for kind in list(kinds)[1:]:
            time = step.times.get(kind)
            row += [*map(seconds, _parts(time)), f"{step.over_limit[kind]:+.1%}"] if time else [""] * 3
        row.append(f"x{step.ratio:.2f}" if step.ratio else "")
        for weights in (step.saved, step.peak):
            row += [f"{weights[kind] / 1e6:.2f} MB" if kind in weights else "" for kind in kinds]
        rows.append(row)
    lines = [*table(rows), "", "limit: the step with a surrogate that costs nothing. its own: the library's surrogate."]
    lines += ["saved: for the backward pass. peak: the most in use. Both beside parameters, data and optimiser."]
    lines += [f"left out, because it is not installed: {library}" for library in missing if not arguments.library]
    return lines, {"network": [step.to_dict() for step in steps], "missing": list(missing)}


def _registry(arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Measure what the registry costs."""
    from surroreg.bench import registry as bench

    times = bench.measure(arguments.rounds)
    overhead = bench.overhead(times)
    rows = [[step, *map(seconds, _parts(time))] for step, time in times.items()]
    lines = [*table([["", "time", "spread"], *rows]), "", f"over a bare Function: {overhead:+.0%}"]
    data = {step: {"median": time.median, "spread": time.spread} for step, time in times.items()}
    return lines, {"registry": data, "overhead": overhead}


def _kernels(cell: Any) -> str:
    return "" if cell.fused is None else f"{cell.fused / cell.warm.limit:.2f}"


def _parts(time: Any) -> tuple[float, float]:
    return time.median, time.spread


def seconds(time: float) -> str:
    """Return a time as text, in a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if time >= size:
            return f"{time / size:.3g} {unit}"
    return f"{time / 1e-6:.3g} us"


def _progress(tasks: Iterable[Task], unit: str) -> Iterable[Task]:
    """Return the tasks, with a progress bar on a terminal.

    Raises:
        SurroregError: tqdm, which draws the bar, is not installed.
    """
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; the benchmarks need: pip install 'surroreg[bench]'") from error
    bar: Callable[..., Iterable[Task]] = tqdm
    return bar(tasks, unit=unit, disable=None)


def _elements(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (1 <= number < math.inf and number == int(number)):
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, not {text!r}")
    return int(number)


COMMAND = Command(
    help="measure speed and memory, against other libraries that are installed",
    text=(
        "Times one forward and one backward pass of surrogates against every other library that is installed, in "
        "turn, in one run: cold, as in a network, and warm, in blocks of calls. --network times and weighs training "
        "steps, --registry times importing, loading and calling. Ratios are against ours: x2.00 takes twice as long."
    ),
    examples={
        "surroreg bench atan --size 1e6 --dtype float32": "one cell, in a minute",
        "surroreg bench --mode eager --mode compiled --json": "everything, for a program",
        "surroreg bench --network atan --library snntorch --mode compiled": "training steps of compiled networks",
    },
    arguments=_arguments,
    run=_run,
    order=90,
)
