"""What a training program is, and what the tests of every mode do with one."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn import functional

import surroreg
from surroreg import Surrogate
from tests.torch_limits import skip_unless_compiles

Batch = tuple[Tensor, Tensor]
#: A network, its compiled form, or a wrapper of it.
Call = nn.Module
#: The time steps of a network. Compilation time grows with them. Two are enough: the neurons carry a state from one
#: step to the next, and a graph calls each surrogate more than once.
FEWEST_STEPS = 2


@dataclass(frozen=True)
class Program:
    """A network, its data, its loss, and the result that training reaches.

    Args:
        build: returns the network, given a function that returns a new surrogate for each layer.
        surrogate: the name of the surrogates.
        params: their parameters.
        later: parameters that a user sets while the network trains; each set gives another gradient.
        epochs: how often training sees all data.
        goal: the part of the unseen data that the trained network recognises, at least.
        graphs: how many graphs a compiler makes of the network.
        dynamic_graphs: how many with ``dynamic=True``, whatever the batch sizes.
    """

    build: Callable[[Callable[[], Any]], nn.Module]
    surrogate: str = "fast_sigmoid"
    params: Mapping[str, float] = field(default_factory=lambda: {"slope": 5.0})
    later: Sequence[Mapping[str, float]] = ({"slope": 3.0}, {"slope": 10.0}, {"slope": 25.0})
    epochs: int = 6
    goal: float = 0.75
    graphs: int = 1
    dynamic_graphs: int = 1

    # -- what a library may do otherwise ----------------------------------------------------------

    def spike(self, name: str, **params: Any) -> Any:
        """Return a surrogate as the neurons of the library take it."""
        return surroreg.load(name, **params)

    def run(self, call: Call, x: Tensor) -> Tensor:
        """Return the output for one batch, from a fresh state of the neurons."""
        return call(x)

    def anneal(self, network: nn.Module, **values: float) -> None:
        """Set parameters of every surrogate of the network, as a user does."""
        for surrogate in surrogates(network):
            for name, value in values.items():
                setattr(surrogate, name, value)

    def ready(self) -> AbstractContextManager[None]:
        """Return the context in which the program runs."""
        return contextlib.nullcontext()

    # -- data -----------------------------------------------------------------------------------

    def data(self) -> Batch:
        """Return the inputs and targets to train with."""
        x, y = digits()
        return x[:600], y[:600]

    def unseen(self) -> Batch:
        """Return inputs and targets that training does not see."""
        x, y = digits()
        return x[600:900], y[600:900]

    def batch(self, size: int = 8, start: int = 0) -> Batch:
        """Return a few of the inputs and targets to train with."""
        x, y = self.data()
        return x[start : start + size], y[start : start + size]

    # -- training ---------------------------------------------------------------------------------

    def network(self, seed: int = 0, name: str | None = None, **params: Any) -> nn.Module:
        """Return a network with weights of this seed, and with the surrogate given or the program's own."""
        torch.manual_seed(seed)
        values = params if name is not None else {**self.params, **params}
        return self.build(lambda: self.spike(name or self.surrogate, **copy.deepcopy(values)))

    def criterion(self, out: Tensor, y: Tensor) -> Tensor:
        """Return the loss of an output."""
        return functional.cross_entropy(out.float(), y)

    def loss(self, call: Call, batch: Batch) -> Tensor:
        """Return the loss of one batch, in the dtype of the weights."""
        x, y = batch
        return self.criterion(self.run(call, x.to(next(call.parameters()).dtype)), y)

    def result(self, call: Call) -> float:
        """Return the part of the unseen data that is recognised."""
        x, y = self.unseen()
        with torch.no_grad():
            out = self.run(call, x.to(next(call.parameters()).dtype))
        return (out.argmax(1) == y).double().mean().item()

    def optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser that trains a network."""
        return torch.optim.Adam(network.parameters(), lr=0.01)

    def train(self, call: Call, epochs: int | None = None) -> None:
        """Train in batches of a hundred; ``epochs`` times, or as often as it takes."""
        optimiser = self.optimiser(call)
        for _ in range(self.epochs if epochs is None else epochs):
            for batch in zip(*(tensor.split(100) for tensor in self.data()), strict=True):
                optimiser.zero_grad()
                self.loss(call, batch).backward()
                optimiser.step()


@functools.cache
def digits() -> Batch:
    """Return scikit-learn's digits: 64 pixels from 0 to 2 each, and the digits that they show."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 8, dtype=torch.float32), torch.tensor(labels)


def surrogates(network: nn.Module) -> list[Surrogate]:
    """Return the surrogates among the modules of a network."""
    return [module for module in network.modules() if isinstance(module, Surrogate)]


def learnt(call: Call) -> list[nn.Parameter]:
    """Return the parameters of a network that learn."""
    return [parameter for parameter in call.parameters() if parameter.requires_grad]


def gradients(program: Program, call: Call, batch: Batch) -> list[Tensor]:
    """Return the loss of a batch and the gradient of every parameter that learns."""
    loss = program.loss(call, batch)
    return [loss.detach(), *torch.autograd.grad(loss, learnt(call))]


def assert_same(found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float = 1e-4) -> None:
    """Assert that two losses with their gradients are equal but for rounding, and that no gradient is zero."""
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.any()
        # Terms of either sign cancel in a gradient: the rounding is that of its largest elements.
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance * theirs.abs().max().item())


def differ(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Whether a gradient differs by more than a percent of its largest element."""
    pairs = zip(found[1:], expected[1:], strict=True)
    return any((ours - theirs).abs().max() > 0.01 * theirs.abs().max() for ours, theirs in pairs)


def compiled(
    network: nn.Module, backend: str = "aot_eager", counter: CompileCounterWithBackend | None = None, **options: Any
) -> tuple[Call, CompileCounterWithBackend]:
    """Return a network compiled without a graph break, and the counter of its graphs, or of those of many networks."""
    for library in sorted({type(module).__module__.partition(".")[0] for module in network.modules()}):
        skip_unless_compiles(library)
    counter = CompileCounterWithBackend(backend) if counter is None else counter
    return torch.compile(network, fullgraph=True, backend=counter, **options), counter


def assert_trains_the_same(
    program: Program, call: Call, network: Call, batches: Iterable[Batch], tolerance: float = 1e-4
) -> None:
    """Train a step with each batch by way of ``call``; assert that its gradients are those of ``network`` each time."""
    optimiser = program.optimiser(network)
    for batch in batches:
        expected = gradients(program, network, batch)
        assert_same(gradients(program, call, batch), expected, tolerance)
        optimiser.zero_grad()
        program.loss(call, batch).backward()
        optimiser.step()
