"""The backward pass, as PyTorch's engine meets it: shapes, dtypes, linearity, no side effects.

The engine casts a gradient of the wrong dtype and sums one of the wrong shape without a word, so some of
these checks call the nodes of the graph themselves.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import torch
from torch import Tensor

from surroreg.autograd.graph import python_nodes
from surroreg.autograd.private import gradient_metadata
from surroreg.conformance.case import Case, pull, shown
from surroreg.conformance.table import DETERMINISTIC, ConformanceError, NotVerifiedError, check


@check(
    "Each Function returns one gradient per input, in the input's shape, dtype and device",
    why="What the engine casts or sums costs time and memory, and a gradient of a wrong shape is a wrong gradient.",
    bug="A gradient of shape (4, 5) for an input of shape (5,) is summed silently: four times too large.",
)
def backward_raw(case: Case) -> None:
    """Call every Python node with what the engine hands it, and look at what comes back."""
    for shape in ((5,), (), (2, 3), (0,), (0, 4), (3, 0, 2)):
        x, spikes = case.spikes_of(case.random(*shape))
        nodes = list(python_nodes(spikes.grad_fn))
        arrived: dict[Any, tuple[Any, ...]] = {}
        for node in nodes:
            node.register_prehook(functools.partial(arrived.__setitem__, node))
        pull(x, spikes, retain_graph=True)
        for node in nodes:
            if node in arrived:  # else it leads to a parameter, not to the input
                _inspect(node, arrived[node])


def _inspect(node: Any, upstream: tuple[Any, ...]) -> None:
    name = node.name().removesuffix("Backward")
    with torch.no_grad():  # as the engine calls it
        returned = node.apply(*upstream)
    returned = list(returned) if isinstance(returned, tuple) else [returned]
    asked = node.needs_input_grad
    while len(returned) > len(asked) and returned[-1] is None:  # the engine lets these pass, too
        returned.pop()
    if len(returned) != len(asked):
        raise ConformanceError(
            f"{name}.backward returns one gradient per input", got=len(returned), expected=len(asked)
        )
    gradients = [gradient for gradient, wanted in zip(returned, asked, strict=True) if wanted]
    edges = [edge for edge in node.next_functions if edge[0] is not None]
    for gradient, (following, place) in zip(gradients, edges, strict=True):
        wanted = gradient_metadata(following, place)
        for what in ("shape", "dtype", "device") if wanted is not None else ():
            got, expected = getattr(gradient, what, None), getattr(wanted, what)
            if what == "shape":
                got, expected = got and tuple(got), tuple(expected)
            if got != expected:
                raise ConformanceError(f"{name}.backward returns the {what} of its input", got=got, expected=expected)


@check(
    "The gradient is finite over the whole range of the dtype",
    why="One NaN gradient turns every weight into NaN at the next step of the optimiser.",
    bug="snntorch#427: the sigmoid's gradient is NaN for x below -3.4, in 1.0.0 too.",
)
def backward_finite(case: Case) -> None:
    """From the smallest to the largest number, and at infinity; infinity is right if the right value does not fit."""
    x = torch.cat([case.grid[case.grid == case.grid], case.points])
    gradient = case.gradient(x)
    wrong = ~gradient.isfinite()
    if wrong.any():
        wrong[wrong.clone()] = ~_overflows(case, x[wrong], gradient[wrong])
    if wrong.any():
        at, got = x[wrong][0], gradient[wrong][0]
        raise ConformanceError("the gradient is finite", at=f"x = {shown(at)}", got=shown(got), expected="a number")


def _overflows(case: Case, x: Tensor, gradient: Tensor) -> Tensor:
    """Return where a gradient is infinite because the right value does not fit the dtype."""
    if case.spec.formula is not None and not case.spec.traits.stochastic:
        right = case.formula(x)
    elif case.spec.derivative is not None and case.dtype is not torch.float64:
        right = case.declared(x)
    elif case.dtype is not torch.float64:
        right = case.at(torch.float64).gradient(x.double())
    else:
        return torch.zeros_like(x, dtype=torch.bool)
    return gradient.isinf() & (gradient.sign() == right.sign()) & (right.abs() > 0.99 * torch.finfo(case.dtype).max)


@check(
    "Some gradient is not zero",
    why="A network behind a zero gradient does not learn, and no error says so.",
    bug="torch.autograd.gradcheck passes a zero gradient of a step, and fails every surrogate.",
)
def not_dead(case: Case) -> None:
    """Look at moderate inputs; if all gradients are zero, look closer, and further out."""
    for x in (case.points, _everywhere(case)):
        if (case.gradient(x) != 0).any():
            return
    declares = case.spec.derivative is not None or (case.spec.formula is not None and not case.spec.traits.stochastic)
    if declares and (case.declared(x).to(case.dtype) == 0).all():
        return  # the right values are below the smallest number of the dtype
    raise ConformanceError(
        "some gradient is not zero", at=f"x from {shown(x.min())} to {shown(x.max())}", got="all zero"
    )


def _everywhere(case: Case) -> Tensor:
    """Return inputs on the scales of all units: volts, millivolts, multiples of the threshold."""
    scales = torch.logspace(-12, 4, 321, dtype=torch.float64)
    return case.tensor(torch.cat([torch.linspace(-200, 200, 801, dtype=torch.float64), scales, -scales]))


@check(
    "A second backward pass gives the same, and adds up",
    why="retain_graph is how truncated backpropagation and several losses work.",
    bug="A backward pass that overwrites what it saved is right once.",
    gate=DETERMINISTIC,
    sweep="once",
)
def backward_repeatable(case: Case) -> None:
    """Go back twice through one graph, then accumulate twice."""
    x = case.points
    upstream = case.random(len(x), seed=8)
    leaf, spikes = case.spikes_of(x)
    first = pull(leaf, spikes, upstream, retain_graph=True).clone()
    case.compare("a second backward pass gives the same", x, pull(leaf, spikes, upstream, retain_graph=True), first)
    leaf, spikes = case.spikes_of(x)
    first = pull(leaf, spikes, retain_graph=True).clone()
    for _ in range(2):
        spikes.sum().backward(retain_graph=True)  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    case.compare("gradients of two backward passes add up", x, leaf.grad, 2 * first.double())


@check(
    "Several calls before one backward pass do not mix",
    why="A spiking network calls its surrogate at every time step, and goes back through all of them at the end.",
    bug="Saving the input on self, or in a global, in place of the context: right for one time step.",
    sweep="once",
)
def backward_interleaved(case: Case) -> None:
    """Two calls, then the backward pass of the first."""
    x, other = case.points, -case.points * 0.5
    want = case.gradient(x)
    leaf, spikes = case.spikes_of(x)
    case.spikes_of(other)
    case.reseed()
    case.compare("a later call does not change the gradient of an earlier one", x, pull(leaf, spikes), want)


@check(
    "A tensor changed after the forward pass is noticed",
    why="Membranes are reset in place; a gradient taken from the changed tensor would be silently wrong.",
    bug="ctx.x = x in place of ctx.save_for_backward(x) slips past PyTorch's version check.",
    sweep="once",
)
def backward_notices_changes(case: Case) -> None:
    """Change the input, then the spikes, in place: either an error, or the right gradient."""
    x = case.points
    want = case.gradient(x)
    for what in ("input", "spikes"):
        leaf = x.detach().requires_grad_()
        membrane = leaf * 1
        spikes = case(membrane)
        (membrane if what == "input" else spikes).detach().add_(3.0)
        with contextlib.suppress(RuntimeError):  # noticed
            case.reseed()
            gradient = torch.autograd.grad(spikes.sum(), leaf)[0]
            promise = f"after the {what} changed in place, the gradient is right, or refused"
            case.compare(promise, x, gradient, want)


@check(
    "The second derivative is right, or refused",
    why="Meta-learning and Hessian methods differentiate twice; a detached gradient makes the second silently zero.",
    bug="x.detach(), or a gradient computed without grad mode, inside backward.",
    gate=DETERMINISTIC,
    sweep="parameters",
)
def second_order(case: Case) -> None:
    """Compare with differences of the first derivative, where that is smooth."""
    step = 1e-6
    x = case.smooth_points(end=3.0517, step=step)  # a step that no period of a formula divides
    before, level, after = (case.gradient(x + side * step).clone() for side in (-1, 0, 1))
    # A formula without end may have a jump at any place, also where no kink can be declared.
    jump = ((after - level) - (level - before)).abs() > 1e-2 * level.abs().max()
    x, difference = x[~jump], ((after - before) / (2 * step))[~jump]
    supports = case.spec.traits.supports
    try:
        first, second = _twice(case, x)
        # Branches of piecewise formulas meet at round numbers: what is masked there is often NaN.
        at_joints = _twice(case, case.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]))[1]
    except RuntimeError as refusal:
        if case.spec.derivative is not None or (supports and "second_order" in supports):
            raise ConformanceError(
                "the surrogate can be differentiated twice", got=f"RuntimeError: {refusal}"
            ) from None
        raise NotVerifiedError(f"promises no second order, and refuses: {refusal}") from None
    if case.spec.factory is not None and supports is not None and "second_order" not in supports:
        raise ConformanceError("what is not listed in traits.supports refuses", got="a second derivative")
    case.compare("with create_graph, the first derivative is the same", x, first, case.gradient(x), _loose(case, first))
    scale = difference.abs().max() + case.gradient(x).abs().max()
    case.compare("the second derivative is that of the first", x, second, difference, 1e-5 * scale + 1e-5)
    if not at_joints.isfinite().all():
        raise ConformanceError("the second derivative is finite", at="x among ±0.5, ±1, ±2", got=at_joints.tolist())


def _twice(case: Case, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the second derivative; the second is zero where autograd finds no dependence."""
    leaf, spikes = case.spikes_of(x)
    first = pull(leaf, spikes, create_graph=True)
    second = torch.autograd.grad(first.sum(), leaf, allow_unused=True)[0] if first.requires_grad else None
    return first, torch.zeros_like(x) if second is None else second


def _loose(case: Case, values: Tensor) -> Tensor:
    return 64 * case.eps * (values.detach().abs().double() + values.detach().abs().max())
