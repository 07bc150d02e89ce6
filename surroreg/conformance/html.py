"""The report as one HTML page that needs nothing but itself: plots are inline, and nothing is fetched."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import torch
from torch import Tensor

from surroreg import api
from surroreg.conformance.report import Report
from surroreg.conformance.settings import DEVICES
from surroreg.drawing.svg import Frame
from surroreg.errors import in_one_line, printable

#: Symbol and words of each status, in the order in which they are counted. The words fit one and many.
STATUSES: dict[str, tuple[str, str]] = {
    "passed": ("✓", "passed"),
    "failed": ("✗", "failed"),
    "warned": ("!", "warned"),
    "known": ("k", "known to fail"),
    "skipped": ("–", "not applicable"),
    "unverified": ("?", "not verified"),
}
#: What a reader has to look at, the worst first.
TROUBLES = {"failed": "Failures", "warned": "Warnings", "known": "Known failures"}

#: Edges of the box that curves are drawn in. The picture is 320 wide and 190 high.
LEFT, RIGHT, TOP, BOTTOM = 46.0, 308.0, 26.0, 166.0
X_MAX, PER_UNIT = 3, 40
#: Larger numbers are left out, as infinite ones are: the axis would overflow.
LARGEST = 1e300


def page(report: Report) -> str:
    """Return a report as one self-contained HTML page.

    Surrogates are plotted as they are installed here and now; where that is impossible, the page says why.
    No random generator is disturbed.
    """
    import jinja2

    source = resources.files("surroreg.conformance").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["number"] = number
    # A message may hold anything: half a character, which no file can, or what turns round the text after it.
    return printable(environment.from_string(source).render(view(report)))


def view(report: Report) -> dict[str, Any]:
    """Return what the template shows: the report's data, arranged."""
    data = report.to_dict()
    results = [{**result, "anchor": f"r{place}"} for place, result in enumerate(data["results"])]
    targets = dict.fromkeys([*(result["target"] for result in results), *data["surrogates"]])
    return {
        **data,
        "verdict": verdict(report),
        "statuses": STATUSES,
        "troubles": {title: [r for r in results if r["status"] == status] for status, title in TROUBLES.items()},
        "unverified": [result for result in results if result["status"] == "unverified"],
        "cards": [card(target, report, [r for r in results if r["target"] == target]) for target in targets],
    }


def verdict(report: Report) -> str:
    """Return the outcome in a few words."""
    counts = report.counts()
    ran = sum(counts.get(status, 0) for status in ("passed", *TROUBLES))
    if report.failures:
        return f"{len(report.failures)} of {ran} checks failed"
    if not report.ok:
        return "nothing checked"
    besides = [f"{counts[status]} {STATUSES[status][1]}" for status in ("warned", "known") if status in counts]
    return f"none of {ran} checks failed, {', '.join(besides)}" if besides else f"all passed, {ran} of {ran} checks"


def card(target: str, report: Report, results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is shown of one surrogate, or of one plugin as a whole, given its results."""
    is_surrogate = "/" in target or target in report.surrogates
    spec, counts = report.surrogates.get(target, {}), report.counts(target)
    here = dict.fromkeys(result["device"] for result in results)
    devices = [device for device in dict.fromkeys([*DEVICES, *here]) if device in here]
    rows: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    reasons = defaultdict(list)
    for result in results:
        rows[result["check"]][result["device"]] = result
        if result["status"] in ("skipped", "unverified"):
            reasons[result["status"], result["device"], result["message"]].append(result["check"])
    return {
        "target": target,
        "is_surrogate": is_surrogate,
        "spec": spec,
        "plugin": next((p for p in report.plugins if p.get("namespace") == target.partition("/")[0]), None),
        "plot": plot(target, spec) if is_surrogate else None,
        "counts": counts,
        "status": next((status for status in (*TROUBLES, *STATUSES) if status in counts), None),
        "devices": devices,
        "rows": [(check, [found.get(device) for device in devices]) for check, found in rows.items()],
        "reasons": list(reasons.items()),
    }


def plot(target: str, described: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return the curves of a surrogate, or why there are none: its code may do anything."""
    try:
        return drawn(*curves(target, described))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return in_one_line(error)


def curves(target: str, described: Mapping[str, Any]) -> tuple[list[float], list[float], list[float]]:
    """Return inputs, the spikes there, and the gradient that reaches them.

    Raises:
        ValueError: the name stands for another surrogate here, or there is not one spike for each input.
        Exception: whatever the surrogate raises.
    """
    spec = api.spec(target)
    if spec.to_dict() | dict(described) != spec.to_dict():
        raise ValueError(f"what is {target!r} here is not what was checked")
    params = spec.examples[0] if spec.examples and any(p.required for p in spec.parameters) else {}
    # The caller may be in any mode. Only the CPU's generator is used, so only that is put back.
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)
        places = torch.arange(-X_MAX * PER_UNIT, X_MAX * PER_UNIT + 1, dtype=torch.float64, device="cpu")
        x = (places / PER_UNIT).requires_grad_()  # zero is exactly zero, one is one
        spikes = api.load(target, **params)(x)
        if not isinstance(spikes, Tensor) or spikes.shape != x.shape:
            raise ValueError(f"no spike for each of {len(x)} inputs, but {getattr(spikes, 'shape', spikes)!r}")
        (gradient,) = torch.autograd.grad(spikes, x, torch.ones_like(spikes))
        return x.tolist(), spikes.tolist(), gradient.tolist()


def drawn(xs: Sequence[float], forward: Sequence[float], backward: Sequence[float]) -> dict[str, Any]:
    """Return two curves over ``xs`` as SVG paths, with ticks at their places; what is not finite leaves a gap.

    Raises:
        ValueError: there is no finite value.
    """
    finite = [y for y in (*forward, *backward) if abs(y) < LARGEST]
    if not finite:
        raise ValueError(f"no value is finite between {-X_MAX} and {X_MAX}")
    marks = ticks(min(0.0, *finite), max(0.0, *finite))

    frame = Frame((LEFT, RIGHT), (TOP, BOTTOM), (-X_MAX, X_MAX), (marks[0], marks[-1]))

    def path(ys: Sequence[float]) -> str:
        groups = itertools.groupby(zip(xs, ys, strict=True), lambda point: abs(point[1]) < LARGEST)
        return "".join(frame.path(points) for is_finite, points in groups if is_finite)

    return {
        "forward": path(forward),
        "backward": path(backward),
        "x_ticks": [(frame.across(x), number(x)) for x in range(-X_MAX, X_MAX + 1)],
        "y_ticks": [(frame.up(y), number(y)) for y in marks],
        "omitted": len(forward) + len(backward) - len(finite),
        "told": f"Over x from {-X_MAX} to {X_MAX}, forward {extent(forward)}, backward {extent(backward)}.",
    }


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers, evenly spaced, that enclose ``low <= 0 <= high``."""
    if high - low < 1 / LARGEST:
        high = low + 1
    least = high / 5 - low / 5
    power = 10.0 ** math.floor(math.log10(least))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= least), 10 * power)
    return [place * step for place in range(math.floor(low / step), math.ceil(high / step) + 1)]


def extent(ys: Sequence[float]) -> str:
    """Return the range of a curve in words, for those who do not see it."""
    finite = [y for y in ys if abs(y) < LARGEST]
    return f"runs from {number(min(finite))} to {number(max(finite))}" if finite else "is nowhere finite"


def number(value: float) -> str:
    """Return a number in few digits, as it is printed."""
    text = f"{value:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−").replace("inf", "∞").replace("nan", "NaN")
