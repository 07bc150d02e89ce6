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

from surroreg.rule import Rule, Values, jit_tracing, merged, transforms_active

_DTYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_LAYOUTS = frozenset({torch.strided, torch.jagged})
_is_exporting: Callable[[], bool] = getattr(torch.compiler, "is_exporting", lambda: False)  # torch >= 2.7


def _note(ctx: Any, rule: Rule, x: Tensor, spikes: Tensor, numbers: Values, tensors: Sequence[Tensor]) -> Any:
    """Note what the backward pass needs, and return the tensors among it, which are to be saved."""
    ctx.rule, ctx.numbers = rule, numbers
    # Learning a parameter takes the primitive at x, whatever the derivative itself reads.
    learnable = tensors and rule.primitive is not None
    kept = x if rule.reads == "input" or learnable else spikes if rule.reads == "sign" else None
    return kept, *tensors


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    rule, numbers = ctx.rule, ctx.numbers
    kept, *tensors = ctx.saved_tensors or (None,)
    x = grad if kept is None else kept  # of which then only the shape is read
    if not tensors:
        return None, rule.quick_pullback(x, grad, numbers), None
    needed = ctx.needs_input_grad
    gradient = rule.pullback(x, grad, merged(numbers, tensors)) if needed[1] else None
    grads: list[Tensor | None] = [None] * len(tensors)
    learnt = [place for place in range(len(tensors)) if needed[3 + place]]
    if learnt:
        primitive = rule.of_learnt(x, numbers, tensors, learnt)
        pull = torch.func.vjp(primitive, *[tensors[place] for place in learnt])[1]
        for place, found in zip(learnt, pull(grad), strict=True):
            grads[place] = found
    return (None, gradient, None, *grads)


class Spike(Function):
    """The cheapest form: eager, and what Dynamo traces. ``apply(rule, x, numbers, *tensors)``."""

    @staticmethod
    def forward(ctx: Any, rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> Tensor:  # noqa: D102
        spikes = rule.forward(x)
        saved = _note(ctx, rule, x, spikes, numbers, tensors)
        if len(saved) > 1 or saved[0] is not None:
            ctx.save_for_backward(*saved)
        return spikes

    backward = staticmethod(_backward)


# Function.apply is written in Python, for those who may be under a transform; here that is known.
_apply: Callable[..., Tensor] = super(Function, Spike).apply


class TransformableSpike(Function):
    """The form for ``torch.func`` and forward-mode AD. ``apply(rule, x, numbers, *tensors)``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> Tensor:  # noqa: D102
        return rule.heaviside(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: D102
        rule, x, numbers, *tensors = inputs
        saved = _note(ctx, rule, x, output, numbers, tensors)
        ctx.save_for_backward(*saved)  # of nothing, too: vmap counts on it
        ctx.save_for_forward(*saved)

    backward = staticmethod(_backward)

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor | None, __: None, *tangents: Tensor | None) -> Tensor:  # noqa: D102
        kept, *tensors = ctx.saved_tensors
        terms = []
        if tangent is not None:
            values = merged(ctx.numbers, tensors)
            terms.append(tangent * ctx.rule.slope(tangent if kept is None else kept, values))
        learnt = [place for place in range(len(tensors)) if tangents[place] is not None]
        if learnt:
            primitive = ctx.rule.of_learnt(kept, ctx.numbers, tensors, learnt)
            points = tuple(tensors[place] for place in learnt)
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


def check_input(x: Any) -> None:
    """Raise a TypeError that says what a surrogate takes, unless ``x`` is such a tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"a surrogate takes a tensor (membrane - threshold), not {type(x).__name__}.")
    if x.dtype not in _DTYPES:
        raise TypeError(f"a surrogate takes float16, bfloat16, float32 or float64, not {x.dtype}; convert x first.")
    if x.layout not in _LAYOUTS:
        raise TypeError(f"a surrogate takes a dense tensor, not one of layout {x.layout}; call x.to_dense() first.")


def spike(rule: Rule, x: Tensor, numbers: Values, tensors: Sequence[Tensor] = ()) -> Tensor:
    """Return the spikes of ``x``, with the rule's gradient, in the form that the moment asks for.

    Args:
        rule: the surrogate's functions.
        x: membrane minus threshold, any shape, float16, bfloat16, float32 or float64.
        numbers: the parameters in the spec's order: numbers and callables, ``None`` in place of each tensor.
        tensors: the parameters that are tensors.

    Raises:
        TypeError: ``x`` is an integer, bool, complex or sparse tensor, or no tensor.
    """
    if type(x) is not Tensor and isinstance(x, Proxy):
        return composed(rule, x, merged(numbers, tensors))
    if not isinstance(x, Tensor) or x.dtype not in _DTYPES or x.layout not in _LAYOUTS:
        check_input(x)
    if torch.compiler.is_compiling():
        if transforms_active() or (_is_exporting() and torch.is_grad_enabled()):
            return composed(rule, x, merged(numbers, tensors))
    elif transforms_active():
        return cast(Tensor, TransformableSpike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
    elif forward_ad._current_level >= 0:
        # A jvp with respect to parameters would nest forward-mode AD, which torch refuses outside torch.func.
        if rule.primitive is not None and tensors:
            return composed(rule, x, merged(numbers, tensors))
        return cast(Tensor, TransformableSpike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
    elif jit_tracing() is not None:
        return composed(rule, x, merged(numbers, tensors))
    if torch.is_grad_enabled() and (x.requires_grad or any(tensor.requires_grad for tensor in tensors)):
        if torch.compiler.is_compiling():
            return cast(Tensor, Spike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
        return _apply(rule, x, numbers, *tensors)
    return rule.forward(x)
