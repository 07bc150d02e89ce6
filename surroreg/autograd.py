"""The spike in every form PyTorch needs: one rule, several ways to hand it to autograd.

No single way of writing a custom gradient works everywhere in PyTorch, so :func:`spike` chooses:

* compiling: the plain ``autograd.Function`` (Dynamo refuses one with a ``jvp``), which keeps the step
  exact and fuses; but under a ``torch.func`` transform, or when exporting something to be trained,
  Dynamo and ``torch.export`` drop a Function's backward without a word, so there: plain operations;
* eager under a ``torch.func`` transform or forward-mode AD: a Function with ``setup_context``, a vmap
  rule and a ``jvp``;
* traced by ``torch.fx`` or ``torch.jit``: plain operations;
* otherwise: the plain Function, whose call costs less than half of one with ``setup_context``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.function import Function
from torch.fx import Proxy

Values = Sequence[Any]

_DTYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_HALF = frozenset({torch.float16, torch.bfloat16})
_LAYOUTS = frozenset({torch.strided, torch.jagged})
_PLAIN = frozenset({Tensor, torch.nn.Parameter})

# Private, and the only test that Dynamo can trace (torch 2.6 and later).
_transforms_active = torch._C._are_functorch_transforms_active
_jit_tracing = torch._C._get_tracing_state
_is_exporting: Callable[[], bool] = getattr(torch.compiler, "is_exporting", lambda: False)  # torch >= 2.7


class Rule:
    """What a spec comes to once its functions are resolved.

    Args:
        derivative, primitive, kernel: as in :class:`surroreg.SurrogateSpec`.
        reads: what the derivative needs of the input: ``"input"``, ``"sign"`` or ``"nothing"``.
        fires_at_zero: whether the spike at exactly zero is 1.
    """

    def __init__(
        self,
        derivative: Callable[..., Tensor],
        primitive: Callable[..., Tensor] | None,
        kernel: Callable[..., Tensor] | None,
        *,
        reads: str,
        fires_at_zero: bool,
    ) -> None:
        self.derivative = derivative
        self.primitive = primitive
        self.kernel = kernel
        self.fires_at_zero = fires_at_zero
        # The spikes stand for the input only where both agree on which side of the step zero is.
        self.reads = "input" if reads == "sign" and fires_at_zero else reads

    def keep(self, x: Tensor, spikes: Tensor) -> Tensor | None:
        """Return the least that ``slope`` needs later: the input, the spikes, or nothing."""
        return x if self.reads == "input" else spikes if self.reads == "sign" else None

    def slope(self, x: Tensor, values: Values) -> Tensor:
        """Return the derivative at ``x``."""
        return _evaluate(self.derivative, (x,), values)

    def level(self, x: Tensor, values: Values) -> Tensor:
        """Return the primitive at ``x``."""
        assert self.primitive is not None  # Surrogate refuses a learnable parameter without one
        return _evaluate(self.primitive, (x,), values)

    def pullback(self, kept: Tensor | None, grad: Tensor, values: Values) -> Tensor:
        """Return ``grad * derivative``, by the kernel where no higher order is asked for."""
        x = grad if kept is None else kept
        differentiably = self.kernel is None or torch.is_grad_enabled()
        return _evaluate(self._product if differentiably else self.kernel, (x, grad), values)

    def _product(self, x: Tensor, grad: Tensor, *values: Any) -> Tensor:
        return grad * self.derivative(x, *values)

    def heaviside(self, x: Tensor) -> Tensor:
        """Return the spikes by operations that every tracer and tensor subclass knows."""
        return (x >= 0 if self.fires_at_zero else x > 0).to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes, without a boolean tensor in between where ``out=`` is understood."""
        if type(x) not in _PLAIN or torch.compiler.is_compiling():
            return self.heaviside(x)
        out = torch.empty_like(x)
        return torch.ge(x, 0, out=out) if self.fires_at_zero else torch.gt(x, 0, out=out)

    def of_learnt(self, x: Tensor, values: Values, learnt: Sequence[int]) -> Callable[..., Tensor]:
        """Return the primitive at ``x`` as a function of the parameters at the places ``learnt``."""

        def primitive(*tensors: Tensor) -> Tensor:
            merged = list(values)
            for place, tensor in zip(learnt, tensors, strict=True):
                merged[place] = tensor
            return self.level(x, merged)

        return primitive


def _evaluate(function: Callable[..., Tensor] | None, tensors: tuple[Tensor, ...], values: Values) -> Tensor:
    """Call a spec's function, in float32 where its input is half precision; keep the input's shape and dtype."""
    assert function is not None
    x = tensors[0]
    if x.dtype in _HALF:
        tensors = tuple(tensor.float() for tensor in tensors)
        values = [value.float() if isinstance(value, Tensor) else value for value in values]
    result = function(*tensors, *values)
    if result.dtype is not x.dtype:
        result = result.to(x.dtype)
    # Tracers have no shapes to compare.
    traced = isinstance(x, Proxy) or (not torch.compiler.is_compiling() and _jit_tracing() is not None)
    if traced or result.shape == x.shape:
        return result
    if result.numel() != x.numel():
        raise ValueError(
            f"a surrogate's function returned shape {tuple(result.shape)} for an input of shape {tuple(x.shape)}: "
            "it must be elementwise, and a tensor parameter must broadcast to the input."
        )
    return result.reshape(x.shape)  # a parameter of shape (1,) and a 0-d input


def _save(ctx: Any, rule: Rule, x: Tensor, spikes: Tensor, values: Values) -> tuple[Tensor | None, ...]:
    """Keep what the backward pass needs, and return the tensors among it."""
    ctx.rule = rule
    ctx.places = places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    ctx.values = [None if place in places else value for place, value in enumerate(values)] if places else values
    # Learning a parameter takes the primitive at x, whatever the derivative itself reads.
    learnable = places and rule.primitive is not None
    saved = (x if learnable else rule.keep(x, spikes), *[values[place] for place in places])
    ctx.save_for_backward(*saved)
    return saved


def _saved(ctx: Any) -> tuple[Any, Values]:
    """Return what was kept, and the parameters' values."""
    kept, *tensors = ctx.saved_tensors
    if not tensors:
        return kept, ctx.values
    values = list(ctx.values)
    for place, tensor in zip(ctx.places, tensors, strict=True):
        values[place] = tensor
    return kept, values


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    kept, values = _saved(ctx)
    needed = ctx.needs_input_grad
    grads: list[Tensor | None] = [None] * len(values)
    learnt = [place for place in ctx.places if needed[2 + place]]
    if learnt:
        primitive = ctx.rule.of_learnt(kept, values, learnt)
        pull = torch.func.vjp(primitive, *[values[place] for place in learnt])[1]
        for place, gradient in zip(learnt, pull(grad), strict=True):
            grads[place] = gradient
    return (None, ctx.rule.pullback(kept, grad, values) if needed[1] else None, *grads)


class Spike(Function):
    """The cheapest form: eager, and what Dynamo traces. ``apply(rule, x, *values)``."""

    @staticmethod
    def forward(ctx: Any, rule: Rule, x: Tensor, *values: Any) -> Tensor:  # noqa: D102
        spikes = rule.forward(x)
        _save(ctx, rule, x, spikes, values)
        return spikes

    backward = staticmethod(_backward)


class TransformableSpike(Function):
    """The form for ``torch.func`` and forward-mode AD. ``apply(rule, x, *values)``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rule: Rule, x: Tensor, *values: Any) -> Tensor:  # noqa: D102
        return rule.heaviside(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: D102
        rule, x, *values = inputs
        ctx.save_for_forward(*_save(ctx, rule, x, output, values))

    backward = staticmethod(_backward)

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor | None, *tangents: Tensor | None) -> Tensor:  # noqa: D102
        kept, values = _saved(ctx)
        terms = []
        if tangent is not None:
            terms.append(tangent * ctx.rule.slope(tangent if kept is None else kept, values))
        learnt = [place for place in ctx.places if tangents[place] is not None]
        if learnt:
            primitive = ctx.rule.of_learnt(kept, values, learnt)
            points = tuple(values[place] for place in learnt)
            directions = tuple(tangents[place] for place in learnt)
            terms.append(torch.func.jvp(primitive, points, directions)[1])
        return cast(Tensor, sum(terms[1:], terms[0]))


def composed(rule: Rule, x: Tensor, values: Values) -> Tensor:
    """Return the spikes as plain operations whose first and second derivatives are the rule's.

    ``z = x - stop(x)`` is zero with slope one, so ``z * (d(x) + stop(d(x))) / 2`` is zero with slope
    ``d`` and curvature ``d'``. Where ``x`` is not finite ``z`` would be NaN: there the gradient is zero.
    """
    safe = torch.where(x.detach().abs() < float("inf"), x, 0.0)
    still = safe.detach()
    slope = rule.slope(safe, values)
    learnt = rule.primitive is not None and any(isinstance(value, (Tensor, Proxy)) for value in values)
    # Drawn once: a stochastic derivative would otherwise disagree with itself.
    base = rule.slope(still, values) if learnt else slope.detach()
    gradient = (safe - still) * ((slope + base) * 0.5)
    if learnt:
        level = rule.level(still, values)
        gradient = gradient + (level - level.detach())
    return rule.heaviside(x.detach()) + gradient


def _learns(values: Values) -> bool:
    return any(isinstance(value, Tensor) and value.requires_grad for value in values)


def check_input(x: Any) -> None:
    """Raise a TypeError that says what a surrogate takes, unless ``x`` is such a tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"a surrogate takes a tensor (membrane - threshold), not {type(x).__name__}.")
    if x.dtype not in _DTYPES:
        raise TypeError(f"a surrogate takes float16, bfloat16, float32 or float64, not {x.dtype}; convert x first.")
    if x.layout not in _LAYOUTS:
        raise TypeError(f"a surrogate takes a dense tensor, not one of layout {x.layout}; call x.to_dense() first.")


def spike(rule: Rule, x: Tensor, values: Values) -> Tensor:
    """Return the spikes of ``x``, with the rule's gradient, in the form that the moment asks for.

    Args:
        rule: the surrogate's functions.
        x: membrane minus threshold, any shape, float16, bfloat16, float32 or float64.
        values: the parameters in the spec's order: numbers, callables or tensors.

    Raises:
        TypeError: ``x`` is an integer, bool, complex or sparse tensor, or no tensor.
    """
    if type(x) is not Tensor and isinstance(x, Proxy):
        return composed(rule, x, values)
    if not isinstance(x, Tensor) or x.dtype not in _DTYPES or x.layout not in _LAYOUTS:
        check_input(x)
    if torch.compiler.is_compiling():
        if _transforms_active() or (_is_exporting() and torch.is_grad_enabled()):
            return composed(rule, x, values)
    elif _transforms_active():
        return cast(Tensor, TransformableSpike.apply(rule, x, *values))  # type: ignore[no-untyped-call]
    elif forward_ad._current_level >= 0:
        # A jvp with respect to parameters would nest forward-mode AD, which torch refuses outside torch.func.
        if rule.primitive is not None and any(isinstance(value, Tensor) for value in values):
            return composed(rule, x, values)
        return cast(Tensor, TransformableSpike.apply(rule, x, *values))  # type: ignore[no-untyped-call]
    elif _jit_tracing() is not None:
        return composed(rule, x, values)
    if not (torch.is_grad_enabled() and (x.requires_grad or _learns(values))):
        return rule.forward(x)
    return cast(Tensor, Spike.apply(rule, x, *values))  # type: ignore[no-untyped-call]
