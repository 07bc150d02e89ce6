"""What a surrogate leaves behind: nothing, neither in torch nor in the process.

The first of the checks of a surrogate: some effects come with the first call in a process only.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from surroreg.conformance import state
from surroreg.conformance.case import DTYPES, Case
from surroreg.conformance.output import printed
from surroreg.conformance.table import ConformanceError, check

#: Forward passes: more than a thousand, a round number at which a surrogate logs, warns or expires.
CALLS = 1024
#: Passes in both directions.
TRAINED = 512


@check(
    "Neither pass leaves a trace in torch or in the process",
    why="A surrogate that draws, warns, prints or switches a mode changes everything that runs after it.",
    bug="A forward pass that draws random numbers makes checkpointed and plain training differ.",
    sweep="once",
)
def side_effects(case: Case) -> None:
    """Compare the state of torch and of the process before and after: one call, every dtype, many calls."""
    x = case.random(16)
    with (
        _log_handler(),
        printed() as text,
        warnings.catch_warnings(record=True) as caught,
        state.restored() as before,
    ):
        warnings.simplefilter("always")
        before.update(state.snapshot())  # with the filter of this check
        surrogate = case.surrogate  # built here: what is built in inference mode cannot be trained
        with torch.inference_mode():
            surrogate(x.clone())
        leaf, spikes = _first_trained(case, x)
        _unchanged(case, "forward", before)
        _backward(leaf, spikes)
        _unchanged(case, "backward", before)
        for dtype in DTYPES:
            with contextlib.suppress(Exception):  # a dtype that fails is reported by the checks of numbers
                _backward(*case.at(dtype).spikes_of(x.to(dtype)))
        _unchanged(case, "backward", before)
        with torch.no_grad():
            for _ in range(CALLS):
                case(x)
        _unchanged(case, "forward", before, f" in {CALLS} calls")
        for _ in range(TRAINED):
            _backward(*case.spikes_of(x))
        _unchanged(case, "backward", before, f" in {TRAINED} calls")
    for warning in caught:
        raise ConformanceError("no pass warns", got=f"{warning.category.__name__}: {warning.message}")
    for stream, lines in text.items():
        if lines:
            raise ConformanceError(f"no pass prints to {stream}", got=lines.strip()[:500])


def _first_trained(case: Case, x: Tensor) -> tuple[Tensor, Tensor]:
    """Train for the first time in this process, after a call in inference mode: what was made there, some keep."""
    try:
        return case.spikes_of(x)
    except RuntimeError as error:
        if "inference" not in str(error).lower():
            raise
        got = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise ConformanceError("after a first call in inference mode it can be trained", got=got) from error


@contextlib.contextmanager
def _log_handler() -> Iterator[None]:
    """Give the root logger a handler. Without one, the first message of any library installs one, once in a process."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _backward(leaf: Tensor, spikes: Tensor) -> None:
    torch.autograd.grad(spikes.sum(), leaf)


def _unchanged(case: Case, direction: str, before: state.Snapshot, span: str = "") -> None:
    for change in state.changes(before):
        # A stochastic derivative draws from torch's generator, as declared; the forward pass never does.
        drawn = change.part == "torch's random generator" and case.spec.traits.stochastic
        if drawn and direction == "backward":
            state.restore(before)  # the next forward pass is compared with the same snapshot
        else:
            promise = f"the {direction} pass leaves {change.part} alone{span}"
            raise ConformanceError(promise, got=change.after, expected=change.before)
