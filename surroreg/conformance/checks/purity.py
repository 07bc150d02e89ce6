"""Memory belongs to whoever made it: inputs and upstream gradients are read only, results are new."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from surroreg.autograd.private import watching
from surroreg.conformance.case import Case, pull
from surroreg.conformance.table import ConformanceError, check


class Watch:
    """Notice every operation that writes to the memory of some tensors, even if it is restored afterwards.

    Args:
        tensors: what to watch, by name.
    """

    def __init__(self, **tensors: Tensor) -> None:
        self.names = {tensor.untyped_storage().data_ptr(): name for name, tensor in tensors.items()}
        self.writes: dict[str, str] = {}

    def see(self, operation: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Note the arguments to which an operation writes."""
        if operation._schema.is_mutable:
            for argument, value in itertools.zip_longest(operation._schema.arguments, args):
                value = kwargs.get(argument.name) if argument.name in kwargs else value
                if argument.alias_info is not None and argument.alias_info.is_write:
                    self._note(str(operation), value)

    def _note(self, operation: str, written: Any) -> None:
        for tensor in written if isinstance(written, (list, tuple)) else [written]:
            if type(tensor) in (Tensor, torch.nn.Parameter) and tensor.layout is torch.strided:
                name = self.names.get(tensor.untyped_storage().data_ptr())
                if name is not None:
                    self.writes.setdefault(name, operation)

    def expect_none(self, pass_: str) -> None:
        """Raise if there was a write.

        Raises:
            ConformanceError: with what was written to, and by which operation.
        """
        for name, operation in self.writes.items():
            raise ConformanceError(
                f"the {pass_} pass does not write to the {name.replace('_', ' ')}, not even to restore it afterwards",
                got=f"{operation}, which writes to it; the values are afterwards what they were",
            )


def _inputs(case: Case) -> Iterator[Tensor]:
    """Yield inputs of every size, several shapes and two layouts."""
    x = torch.cat([case.grid, case.points, case.random(64, scale=100.0)])
    yield x
    yield x[: 4 * (len(x) // 4)].reshape(4, -1).t()
    yield case.random(2, 3, 4, 4).to(memory_format=torch.channels_last)
    yield case.random(1)


@check(
    "The input is left as it was, and not shared",
    why="The membrane is used again after the spike: for the reset, by the next time step.",
    bug="spikingjelly#142: an operation in place broke the backward pass of the layer before.",
    sweep="dtypes",
)
def forward_pure(case: Case) -> None:
    """Compare the input with a copy, and watch it; write to the spikes, and look again."""
    for x, requires_grad in itertools.product(_inputs(case), (True, False)):
        before, watch = x.clone(), Watch(input=x)
        spikes = torch.zeros_like(x)
        with _layout_refused(x), torch.set_grad_enabled(requires_grad):
            with watching(watch.see):
                case(x.detach().requires_grad_(requires_grad))
            # Again: a surrogate may take another way where it is watched.
            spikes = case(x.detach().requires_grad_(requires_grad))
        case.compare("the input is left as it was", before, x, before)
        watch.expect_none("forward")
        with torch.no_grad():
            spikes.fill_(7.0)
        case.compare("the spikes share no memory with the input", before, x, before)


@check(
    "The backward pass writes to neither the upstream gradient nor the input",
    why="Both belong to others: the upstream gradient is also that of the neighbouring branch of the graph.",
    bug="grad_output.mul_(...) saves an allocation, and doubles or zeroes gradients elsewhere.",
    sweep="dtypes",
)
def backward_pure(case: Case) -> None:
    """Compare all three with copies, and watch them."""
    for x in _inputs(case):
        for place, upstream in enumerate(_upstreams(case, x)):
            with _layout_refused(x, upstream):
                _go_back(case, x, upstream, create_graph=False)
                if place == 0:
                    _go_back(case, x, upstream, create_graph=True)


def _go_back(case: Case, x: Tensor, upstream: Tensor, create_graph: bool) -> None:
    before = x.clone()
    for watched in (True, False):  # a surrogate may take another way where it is watched
        leaf, spikes = case.spikes_of(x)
        sent, given = spikes.detach().clone(), upstream.to(spikes.dtype)
        copy = given.clone()
        watch = Watch(input=x, upstream_gradient=given, spikes=spikes.detach())
        with watching(watch.see) if watched else contextlib.nullcontext():
            torch.autograd.grad(spikes, leaf, given, create_graph=create_graph)
        case.compare("the backward pass leaves the input as it was", before, x, before)
        case.compare("the backward pass leaves the upstream gradient as it was", copy, given, copy)
        case.compare("the backward pass leaves the spikes as they were", before, spikes, sent)
        watch.expect_none("backward")


@contextlib.contextmanager
def _layout_refused(*tensors: Tensor) -> Iterator[None]:
    """Pass over an error that other layouts than the contiguous raise: the checks of layouts report it."""
    try:
        yield
    except RuntimeError:
        if all(tensor.is_contiguous() for tensor in tensors):
            raise


def _upstreams(case: Case, x: Tensor) -> Iterator[Tensor]:
    """Yield upstream gradients: ordinary ones in the layout of the input, bad ones, and one number for all."""
    ordinary = torch.empty_like(x).copy_(case.random(x.numel(), seed=3).reshape(x.shape))
    yield ordinary
    bad = torch.zeros_like(x, dtype=torch.bool)
    bad.flatten()[1::3] = True
    yield ordinary.masked_fill(bad, torch.inf)
    yield case.tensor([0.5])[0].expand(x.shape)


@check(
    "What a call returned stays as it was",
    why="A network calls many surrogates before it uses the spikes and the gradients of the first.",
    bug="A scratch buffer that all calls with tensors of one shape share.",
    sweep="dtypes",
)
def results_kept(case: Case) -> None:
    """Call again, and call another surrogate, with tensors of one shape; then write to the results."""
    x, other = case.points, -0.7 * case.points  # every neuron that fires in one is silent in the other
    neighbour = case.with_params(case.params)
    names = ("spikes", "gradient")
    for trains, create_graph in ((True, False), (True, True), (False, False)):
        with torch.set_grad_enabled(trains):
            first = _results(case, x, trains, create_graph)
            kept = [result.clone() for result in first]
            for later in (case, neighbour):
                _results(later, other, trains, create_graph)
            for name, result, copy in zip(names, first, kept, strict=False):
                case.compare(f"a later call leaves the {name} of an earlier one as they were", x, result, copy)
            for result in _results(case, x, trains, create_graph):
                if result.is_contiguous():
                    result.fill_(7.0)
            again = _results(case, x, trains, create_graph)
            if case.spec.traits.stochastic:
                del again[1:]  # stochastic_seeded reports noise that does not repeat
            for name, result, copy in zip(names, again, kept, strict=False):
                case.compare(f"a change of earlier results does not change the {name} of a later call", x, result, copy)


def _results(case: Case, x: Tensor, trains: bool, create_graph: bool) -> list[Tensor]:
    """Return the spikes, and the gradient in training."""
    if not trains:
        return [case(x.clone())]
    leaf, spikes = case.spikes_of(x.clone())
    case.reseed()
    return [spikes.detach(), pull(leaf, spikes, case.random(len(x), seed=9), create_graph=create_graph).detach()]
