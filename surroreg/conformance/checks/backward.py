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
    for shape in ((5,), (), (2, 3)):
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
    """From the smallest to the largest number, and at infinity."""
    x = torch.cat([case.grid[case.grid == case.grid], case.points])
    gradient = case.gradient(x)
    wrong = ~gradient.isfinite()
    if wrong.any():
        at, got = x[wrong][0], gradient[wrong][0]
        raise ConformanceError("the gradient is finite", at=f"x = {shown(at)}", got=shown(got), expected="a number")


@check(
    "The gradient is linear in the upstream gradient",
    why="The chain rule is linear; what clips, squares or ignores the upstream gradient trains towards something else.",
    bug="Gradients that pass on the sign, or the size, of what comes from above.",
)
def backward_linear(case: Case) -> None:
    """Of two upstream gradients, two and minus three times; for noise, the same noise each time."""
    x = case.points
    u, v = case.random(len(x), seed=1), case.random(len(x), seed=2)
    mixed = 2 * u - 3 * v
    parts = [case.gradient(x, g).double() for g in (u, v)]
    slope = case.gradient(x).double().abs()
    # The upstream gradient has the dtype of the spikes. forward_dtype reports a coarser one; it must not fail here too.
    eps = max(case.eps, torch.finfo(case(x).dtype).eps)
    allowed = 16 * eps * slope * (2 * u.abs() + 3 * v.abs()).double()
    tiny = 16 * torch.finfo(case.dtype).smallest_normal * (case.eps if case.dtype is not torch.float16 else 1)
    want = 2 * parts[0] - 3 * parts[1]
    promise = "the gradient is linear in the upstream gradient: of 2u - 3v, twice u's less three times v's"
    case.compare(promise, x, case.gradient(x, mixed), want, allowed + tiny)
    nothing = case.gradient(x, torch.zeros_like(x))
    if (nothing[~nothing.isnan()] != 0).any():  # backward_finite reports NaN
        raise ConformanceError("no upstream gradient, no gradient", got="one that is not zero")


@check(
    "The backward pass writes to neither the upstream gradient nor the input",
    why="Both belong to others: the upstream gradient is also that of the neighbouring branch of the graph.",
    bug="grad_output.mul_(...) saves an allocation, and doubles or zeroes gradients elsewhere.",
    sweep="once",
)
def backward_pure(case: Case) -> None:
    """Compare both with copies."""
    x, upstream = case.points, case.random(len(case.points), seed=3)
    copies = x.clone(), upstream.clone()
    leaf, spikes = case.spikes_of(x)
    before = spikes.detach().clone()
    torch.autograd.grad(spikes, leaf, upstream)
    case.compare("the backward pass leaves the input as it was", copies[0], x, copies[0])
    case.compare("the backward pass leaves the upstream gradient as it was", copies[1], upstream, copies[1])
    case.compare("the backward pass leaves the spikes as they were", copies[0], spikes, before)


@check(
    "An upstream gradient of any layout will do",
    why="sum() hands down an expanded gradient with no memory of its own, a transposed layer a strided one.",
    bug="view(-1) on the upstream gradient raises for whoever transposes.",
    sweep="once",
)
def backward_layout(case: Case) -> None:
    """Expanded and transposed, against contiguous."""
    x = case.random(6, 4)
    plain = case.random(4, 6, seed=4).t()
    layouts = {"expanded": torch.full((), 0.5, dtype=x.dtype, device=x.device).expand(6, 4), "transposed": plain}
    for name, upstream in layouts.items():
        promise = f"an {name} upstream gradient gives what a contiguous one does"
        case.compare(promise, x, case.gradient(x, upstream), case.gradient(x, upstream.contiguous()))


@check(
    "Each gradient depends on its own input and upstream gradient only",
    why="A gradient that is normalised over the batch makes every sample's depend on its neighbours.",
    bug="Gradient clipping or normalising hidden in a surrogate.",
    gate=DETERMINISTIC,
    sweep="once",
)
def backward_elementwise(case: Case) -> None:
    """Compare a batch with its rows alone."""
    x, upstream = case.random(6, 5), case.random(6, 5, seed=5) * case.tensor([1, 10, 100, 1, 1, 0]).reshape(6, 1)
    together = case.gradient(x, upstream)
    for row in range(len(x)):
        alone = case.gradient(x[row : row + 1], upstream[row : row + 1])[0]
        allowed = _loose(case, together)[row]  # vectorised and scalar code may round differently
        case.compare("each gradient depends on its own neuron only", x[row], together[row], alone, allowed)
    for column in range(x.shape[1]):
        alone = case.gradient(x[:, column : column + 1], upstream[:, column : column + 1])[:, 0]
        allowed = _loose(case, together)[:, column]
        case.compare("each gradient depends on its own neuron only", x[:, column], together[:, column], alone, allowed)


@check(
    "Some gradient is not zero",
    why="A network behind a zero gradient does not learn, and no error says so.",
    bug="torch.autograd.gradcheck passes a zero gradient of a step, and fails every surrogate.",
)
def not_dead(case: Case) -> None:
    """Look at moderate inputs."""
    x = case.points
    if not (case.gradient(x) != 0).any():
        raise ConformanceError(
            "some gradient is not zero", at=f"x from {shown(x.min())} to {shown(x.max())}", got="all zero"
        )


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
    "More than a million elements, an odd number of them, give what their parts give",
    why="Kernels are launched in blocks; the last block is the one nobody looks at.",
    bug="spikingjelly#151: a CUDA reduction covered one block only.",
    gate=DETERMINISTIC,
    sweep="once",
    dtypes=(torch.float32,),
)
def backward_large(case: Case) -> None:
    """Forward and backward."""
    x = case.random(2**20 + 37)
    torch.set_num_threads(2)  # the border between two threads' shares is where it goes wrong
    spikes, gradient = case(x), case.gradient(x)
    torch.set_num_threads(1)  # on a busy machine every operation of two threads waits for both
    for chunk, s, g in zip(*(torch.split(whole, 70_001) for whole in (x, spikes, gradient)), strict=True):
        case.compare("a large tensor gives the spikes of its parts", chunk, s, case(chunk))
        # Vectorised and scalar code may round differently.
        allowed = _loose(case, g) + torch.finfo(case.dtype).tiny
        case.compare("a large tensor gives the gradient of its parts", chunk, g, case.gradient(chunk), allowed)


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
    x = case.smooth_points(step=step)
    difference = (case.gradient(x + step) - case.gradient(x - step)) / (2 * step)
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
