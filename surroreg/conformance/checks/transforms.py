"""What PyTorch does to functions: compile, export, vmap, torch.func, autocast.

A surrogate written as a derivative works with all of it. A black box lists what it works with
(``traits.supports``), and is held to that both ways: what is listed gives the right numbers, what is not
refuses. One that lists nothing may refuse, but may never be silently wrong.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from surroreg.conformance.case import Case, pull
from surroreg.conformance.objects import at_other_values
from surroreg.conformance.output import printed
from surroreg.conformance.table import DETERMINISTIC, ConformanceError, NotVerifiedError, check
from surroreg.specs.traits import Capability


def _held_to(case: Case, capability: Capability, attempt: Callable[[], None]) -> None:
    """Run an attempt, which raises a ConformanceError where it is wrong, and judge how it ends."""
    supports = case.spec.traits.supports
    promised = case.spec.derivative is not None or (supports is not None and capability in supports)
    try:
        with printed():  # torch prints and logs what it cannot trace
            attempt()
    except ConformanceError:
        raise
    except Exception as refusal:
        text = f"{type(refusal).__name__}: {str(refusal).strip().partition(chr(10))[0]}"
        if promised:
            raise ConformanceError(f"the surrogate works with {capability}", got=text) from refusal
        raise NotVerifiedError(f"promises nothing for {capability}, and refuses: {text}") from None
    if supports is not None and not promised:
        raise ConformanceError(
            f"what traits.supports does not list refuses; list {capability!r}", got="the right result"
        )


def _few(case: Case, values: Tensor) -> Tensor:
    """Return the error allowed between two ways to compute one gradient: compilers contract and reorder."""
    wide = values.detach().double().abs()
    return 64 * case.eps * (wide + wide.max())


@check(
    "torch.compile(fullgraph=True) gives the same numbers",
    why="A graph break per neuron and time step costs more than the network.",
    bug=".item() or a Python branch on values inside forward or backward.",
    sweep="once",
    dtypes=(torch.float32,),
)
def compile(case: Case) -> None:
    """Through AOTAutograd, without a C compiler. Objects of other values, and of values that learn, share the graph."""
    *others, last = _with_other_values(case)
    cases = [*others, _learning(last)]
    x, wants = case.points, [each.gradient(case.points) for each in cases]
    surrogates = [each.surrogate for each in cases]

    def attempt() -> None:
        torch.compiler.reset()
        try:
            leaves = [x.detach().requires_grad_() for _ in cases]
            compiled = torch.compile(lambda *leaves: _each(surrogates, leaves), fullgraph=True, backend="aot_eager")
            for each, leaf, spikes, want in zip(cases, leaves, compiled(*leaves), wants, strict=True):
                case.compare(f"compiled spikes are those of eager mode{_at(each)}", x, spikes, each(x))
                case.reseed()
                gradient = torch.autograd.grad(spikes.sum(), leaf, retain_graph=True)[0]
                if not case.spec.traits.stochastic:  # compiled code may draw in another order
                    promise = f"the compiled gradient is that of eager mode{_at(each)}"
                    case.compare(promise, x, gradient, want, _few(case, want))
                for name, tensor in _learnt(each).items():
                    eager, got = _gradient_of(tensor, each(x)), _gradient_of(tensor, spikes)
                    if eager is not None:  # else parameters_learn reports it
                        got = torch.full_like(eager, torch.nan) if got is None else got
                        promise = f"compiled, {name} learns as in eager mode"
                        case.compare(promise, eager, got, eager, 1e-4 * eager.abs() + 1e-6)
        finally:
            torch.compiler.reset()

    _held_to(case, "compile", attempt)


def _gradient_of(tensor: Tensor, spikes: Tensor) -> Tensor | None:
    return torch.autograd.grad(spikes.sum(), tensor, retain_graph=True, allow_unused=True)[0]


def _each(surrogates: Sequence[Callable[[Tensor], Tensor]], leaves: Sequence[Tensor]) -> list[Tensor]:
    return [surrogate(leaf) for surrogate, leaf in zip(surrogates, leaves)]  # noqa: B905  # Dynamo of 2.9


def _with_other_values(case: Case) -> list[Case]:
    """Return the case, and one at other values if there are any: a constant of the defaults would pass otherwise."""
    values = at_other_values(case)
    return [case] if values is None else [case, case.with_params(values)]


def _learning(case: Case) -> Case:
    """Return the case with parameters that learn, if there is a primitive by which they do."""
    if case.spec.primitive is None:
        return case
    numbers = {p.name: case.params[p.name] for p in case.spec.parameters if p.type is float}
    learnt = {name: nn.Parameter(torch.tensor(value, device=case.device)) for name, value in numbers.items()}
    return case.with_params({**case.params, **learnt}) if learnt else case


def _learnt(case: Case) -> dict[str, nn.Parameter]:
    return {name: value for name, value in case.params.items() if isinstance(value, nn.Parameter)}


def _at(case: Case) -> str:
    if _learnt(case):
        return " with parameters that learn"
    return "" if case.is_default else f" at {dict(case.params)}"


@check(
    "torch.func.vmap gives what a loop does",
    why="Per-sample gradients and ensembles are written with vmap.",
    bug="An autograd.Function without a vmap rule: all of snnTorch 1.0.0, SpikingJelly 2.0.0 and Norse 1.1.0.",
    sweep="once",
)
def vmap(case: Case) -> None:
    """Over either dimension of a batch, and back through it."""
    x, upstream = case.random(5, 3), case.random(5, 3, seed=9)

    def attempt() -> None:
        for each, dim in itertools.product(_with_other_values(case), (0, 1)):
            leaf = x.detach().requires_grad_()
            spikes = torch.func.vmap(each.surrogate, in_dims=dim, out_dims=dim)(leaf)
            loop = torch.stack([each(part) for part in x.unbind(dim)], dim)
            case.compare(f"vmap over dimension {dim} gives the spikes of a loop{_at(each)}", x, spikes, loop)
            if not spikes.requires_grad:
                raise ConformanceError("spikes under vmap carry a gradient", got="spikes that require none")
            if not case.spec.traits.stochastic:  # vmap refuses to draw
                gradient = pull(leaf, spikes, upstream)
                pairs = zip(x.unbind(dim), upstream.unbind(dim), strict=True)
                want = torch.stack([each.gradient(part, u) for part, u in pairs], dim)
                promise = f"vmap over dimension {dim} gives the gradient of a loop{_at(each)}"
                case.compare(promise, x, gradient, want, _few(case, want))

    _held_to(case, "vmap", attempt)


@check(
    "torch.func.grad gives the gradient",
    why="It is the functional way to differentiate, and what per-sample gradients are built of.",
    bug="A Function without setup_context raises: all of snnTorch 1.0.0.",
    sweep="once",
)
def func_grad(case: Case) -> None:
    """Weighted, so that a constant would not pass."""
    x = case.random(31)
    upstream = case.random(31, seed=6)

    def weighted(each: Case, t: Tensor) -> Tensor:
        return (each(t) * upstream).sum()

    def attempt() -> None:
        for each in _with_other_values(case):
            want = each.gradient(x, upstream)
            case.reseed()
            gradient = torch.func.grad(functools.partial(weighted, each))(x)
            promise = f"torch.func.grad gives the gradient of backward(){_at(each)}"
            case.compare(promise, x, gradient, want, _few(case, want))

    _held_to(case, "func_grad", attempt)


@check(
    "Forward-mode derivatives are those of the backward pass",
    why="Jacobian-vector products and forward-mode training take the derivative from a different function.",
    bug="torch.library.custom_op: torch.func.jvp returns zero without an error.",
    gate=DETERMINISTIC,
    sweep="once",
)
def jvp(case: Case) -> None:
    """torch.func.jvp, along a random direction."""
    x, tangent = case.random(31), case.random(31, seed=7)

    def attempt() -> None:
        for each in _with_other_values(case):
            want = each.gradient(x, tangent)
            spikes, got = torch.func.jvp(each.surrogate, (x,), (tangent,))  # type: ignore[misc]  # two without has_aux
            case.compare(f"jvp gives the spikes{_at(each)}", x, spikes, each(x))
            promise = f"jvp gives the gradient times the direction{_at(each)}"
            case.compare(promise, x, got, want, _few(case, want))

    _held_to(case, "jvp", attempt)


@check(
    "The gradient is differentiable in the upstream gradient too, or refuses",
    why="Meta-learning differentiates through the layers above as well: what comes from there must not be cut off.",
    bug="grad_output.detach() in a backward pass: the second derivative of all layers above is silently zero.",
    gate=DETERMINISTIC,
    sweep="once",
)
def upstream_differentiable(case: Case) -> None:
    """Compare with a difference of the gradient between two upstream gradients."""
    supports = case.spec.traits.supports
    if case.spec.derivative is None and supports is not None and "second_order" not in supports:
        raise NotVerifiedError("it lists no second order in traits.supports")
    x, step = case.random(31), 2.0**-6
    upstream = torch.linspace(0.2, 0.6, len(x), dtype=case.dtype, device=case.device).requires_grad_()
    weight = case.random(len(x), seed=5).clamp(-1, 1)
    ends = [case.gradient(x, (upstream + sign * step * weight).detach()) for sign in (1, -1)]
    want = (ends[0] - ends[1]) / (2 * step)  # whether that is the right multiple is the check of linearity's
    leaf, spikes = case.spikes_of(x)
    # The product keeps the upstream gradient in the graph, as a layer above would.
    (first,) = torch.autograd.grad((spikes * upstream).sum(), leaf, create_graph=True)
    promise = "the second derivative by the upstream gradient is the change of the gradient with it"
    got = None
    try:
        if first.requires_grad:
            (got,) = torch.autograd.grad((first * weight).sum(), upstream, allow_unused=True)
    except RuntimeError as refusal:
        if case.spec.derivative is not None or supports is not None:
            raise ConformanceError(promise, got=f"RuntimeError: {refusal}") from None
        raise NotVerifiedError(f"promises no second order, and refuses: {refusal}") from None
    allowed = 1e-3 * (want.abs() + want.abs().max())
    case.compare(promise, x, torch.zeros_like(x) if got is None else got, want, allowed)


class _Module(nn.Module):
    """Exporting takes a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@check(
    "torch.export gives the same spikes",
    why="Exported programs are how trained networks reach hardware.",
    sweep="once",
    dtypes=(torch.float32,),
)
def export(case: Case) -> None:
    """Export for inference; if a derivative is declared, also for training."""
    x = case.random(7)
    want = case.gradient(x)

    def attempt() -> None:
        with torch.no_grad():
            spikes = torch.export.export(_Module(case.surrogate), (x,)).module()(x)
        case.compare("the exported program gives the spikes", x, spikes, case(x))
        # PyTorch drops the backward pass of any autograd.Function when it exports: no black box can help it.
        if case.spec.derivative is not None and hasattr(torch.compiler, "is_exporting"):
            leaf = x.detach().requires_grad_()
            trained = torch.export.export(_Module(case.surrogate), (leaf,)).module()(leaf)
            if not case.spec.traits.stochastic:  # drawn in its forward pass
                gradient = torch.autograd.grad(trained.sum(), leaf)[0]
                case.compare("the exported program trains", x, gradient, want, _few(case, want))

    _held_to(case, "export", attempt)


@check(
    "Under autocast spikes and gradient keep the input's dtype and values",
    why="Autocast changes the dtype of some operations; a spike is exact in every dtype, and must stay so.",
    bug="snnTorch 1.0.0 turns bfloat16 membranes into float32 spikes.",
    sweep="once",
    dtypes=(torch.float32, torch.bfloat16),
)
def autocast(case: Case) -> None:
    """Run under autocast to bfloat16."""
    x = case.random(16)
    want = case.gradient(x)

    def attempt() -> None:
        with torch.autocast(case.device.type, dtype=torch.bfloat16):
            leaf, spikes = case.spikes_of(x)
        plain = case(x)
        if spikes.dtype is not plain.dtype:
            promise = "autocast leaves the dtype of spikes alone"
            raise ConformanceError(promise, got=spikes.dtype, expected=plain.dtype)
        case.compare("autocast leaves spikes alone", x, spikes, plain)
        case.reseed()
        gradient = torch.autograd.grad(spikes.sum(), leaf)[0]
        case.compare("autocast leaves the gradient alone", x, gradient, want, _few(case, want))

    _held_to(case, "autocast", attempt)
