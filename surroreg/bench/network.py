"""A training step of a network: with our surrogate, with the library's own, and with one that costs nothing."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

import surroreg
from surroreg.bench.memory import peak_bytes, saved_bytes
from surroreg.bench.networks import ARCHITECTURES, LIBRARIES, Library, Spike, build
from surroreg.bench.timing import Time, one_by_one
from surroreg.errors import NoEquivalentError, ParameterError

OURS, THEIRS, LIMIT = "surroreg", "library", "limit"
LEARNING_RATE = 5e-4
#: The factor of the weights that compute the limit. Without it, membranes would grow beyond all bounds there.
CALM = 1e-3


@dataclass(frozen=True)
class Step:
    """The measurements of one training step: forward pass, backward pass and optimiser.

    Args:
        name: the name of the surrogate.
        library, architecture, mode, device: their names.
        times: seconds. ``"surroreg"`` is the step with our surrogate, ``"surroreg bfloat16"`` that with its input kept
            in ``bfloat16``, ``"library"`` the step with the library's own,
            if the library has an equal one, ``"limit"`` the step with a surrogate that costs nothing.
        saved: bytes that are saved for the backward pass, beside parameters and data.
        peak: the most bytes in use during the step, beside parameters, data and the state of the optimiser.
    """

    name: str
    library: str
    architecture: str
    mode: str
    device: str
    times: dict[str, Time]
    saved: dict[str, int]
    peak: dict[str, int]

    @property
    def over_limit(self) -> dict[str, float]:
        """The extra time over the limit, as a fraction of the limit."""
        limit = self.times[LIMIT].median
        return {who: time.median / limit - 1 for who, time in self.times.items() if who != LIMIT}

    @property
    def ratio(self) -> float | None:
        """The time with the library's own surrogate over the time with ours."""
        return self.times[THEIRS].median / self.times[OURS].median if THEIRS in self.times else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-safe."""
        return {**asdict(self), "over_limit": self.over_limit, "ratio": self.ratio}


class Training:
    """A network in training.

    Args:
        library: the library of its neurons.
        architecture: the name of its architecture.
        spike: returns a surrogate for each layer, as the neurons take it.
        mode: ``"eager"`` or ``"compiled"``.
        device: where it trains.
        still: keep the weights small, and as they are. Each step does the same work.
    """

    def __init__(
        self,
        library: Library,
        architecture: str,
        spike: Spike,
        mode: str = "eager",
        device: str = "cpu",
        still: bool = False,
    ) -> None:
        torch.manual_seed(0)
        self.library = library
        self.network = build(library, architecture, spike).to(device)
        self.x, self.target = (tensor.to(device) for tensor in ARCHITECTURES[architecture].data())
        if still:
            with torch.no_grad():
                for parameter in self.network.parameters():
                    parameter.mul_(CALM)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=0.0 if still else LEARNING_RATE)
        self.call = torch.compile(self.network) if mode == "compiled" else self.network

    def forward(self) -> Tensor:
        """Return the loss."""
        return torch.nn.functional.cross_entropy(self.call(self.x), self.target)

    def step(self) -> Tensor:
        """Train one step. Leaves neither gradients nor states, so that each step begins with the same memory in use."""
        loss = self.forward()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.library.reset(self.network)
        return loss.detach()

    def saved(self) -> int:
        """Return the bytes that are saved for the backward pass, beside parameters, buffers and data."""
        existing = [*self.network.parameters(), *self.network.buffers(), self.x, self.target]
        saved = saved_bytes(self.forward, existing)
        self.library.reset(self.network)
        return saved


def narrow(saved_dtype: str) -> str:
    """Return what :class:`Step` calls our surrogate that keeps its input in another dtype."""
    return f"{OURS} {saved_dtype}"


def contestants(library: Library, name: str, saved_dtypes: Iterable[str] = ()) -> dict[str, Spike]:
    """Return the surrogates to compare, by what :class:`Step` calls them."""
    found: dict[str, Callable[[], Any]] = {LIMIT: library.free, OURS: lambda: library.ours(name)}
    for saved in saved_dtypes:
        with contextlib.suppress(ParameterError):  # it keeps no input
            surroreg.load(name, saved_dtype=saved)
            found[narrow(saved)] = functools.partial(library.ours, name, saved_dtype=saved)
    try:
        library.theirs(name)
    except NoEquivalentError:  # an equivalent of another strength would train, and spike, differently
        return found
    return {**found, THEIRS: lambda: library.theirs(name)}


def plan(
    names: Iterable[str],
    libraries: Iterable[str],
    architectures: Iterable[str],
    modes: Iterable[str],
    devices: Iterable[str],
) -> list[tuple[str, str, str, str, str]]:
    """Return the arguments for each call of :func:`measure`."""
    return [
        (name, library, architecture, mode, device)
        for device in devices
        for mode in modes
        for architecture in architectures
        for library in libraries
        for name in names
    ]


def measure(
    name: str,
    library: str,
    architecture: str,
    mode: str,
    device: str,
    rounds: int,
    saved_dtypes: Iterable[str] = (),
) -> Step:
    """Return the measurements of one surrogate in one network, also with its input kept in other dtypes."""
    neurons = LIBRARIES[library]
    with warnings.catch_warnings(), neurons.ready():
        warnings.simplefilter("ignore")  # of the compiler, and of the libraries
        if mode == "compiled":
            torch.compiler.reset()  # it keeps eight forms of a network at most, and then runs it uncompiled
        trainings = {
            who: Training(neurons, architecture, spike, mode, device, still=who == LIMIT)
            for who, spike in contestants(neurons, name, saved_dtypes).items()
        }
        times = one_by_one({who: training.step for who, training in trainings.items()}, rounds, device)
        saved = {who: training.saved() for who, training in trainings.items()}
        peak = {who: peak_bytes(training.step, device) for who, training in trainings.items()}
    return Step(name, library, architecture, mode, device, times, saved, peak)
