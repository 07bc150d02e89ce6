"""The spike as two ``autograd.Function`` classes: a cheap one, and one that every transform of PyTorch knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import Function

from surroreg.autograd.private import direct_apply
from surroreg.autograd.rule import Rule, Values, merged


def _to_save(
    ctx: Any, rule: Rule, x: Tensor, spikes: Tensor, numbers: Values, tensors: Sequence[Tensor], learns: bool
) -> Any:
    """Put on ``ctx`` what the backward pass needs; return the tensors, which the caller must save."""
    ctx.rule, ctx.numbers = rule, numbers
    # The gradient of a parameter is computed from the primitive, which reads x even if the derivative does not.
    kept = x if rule.keeps == "input" or learns else spikes if rule.keeps == "spikes" else None
    return kept, *tensors


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    rule, numbers = ctx.rule, ctx.numbers
    kept, *tensors = ctx.saved_tensors or (None,)
    x = grad if kept is None else kept  # nothing was saved: the derivative reads only the shape of x, which is grad's
    if not tensors:
        return None, rule.quick_pullback(x, grad, numbers), None
    needed = ctx.needs_input_grad
    gradient = rule.pullback(x, grad, merged(numbers, tensors)) if needed[1] else None
    grads: list[Tensor | None] = [None] * len(tensors)
    learnt = [place for place in range(len(tensors)) if needed[3 + place]]
    if learnt:
        if x.layout is torch.jagged:  # the gradient of a dense parameter needs a dense sum
            x, grad = x.values(), grad.values()
        primitive = rule.level_of(x, numbers, tensors, learnt)
        pull = torch.func.vjp(primitive, *[tensors[place] for place in learnt])[1]
        for place, found in zip(learnt, pull(grad), strict=True):
            grads[place] = found
    return (None, gradient, None, *grads)


class Spike(Function):
    """The cheapest form, for eager mode and Dynamo. ``apply(rule, x, numbers, *tensors)``."""

    @staticmethod
    def forward(ctx: Any, rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> Tensor:  # noqa: D102
        spikes = rule.forward(x)
        saved = _to_save(ctx, rule, x, spikes, numbers, tensors, any(ctx.needs_input_grad[3:]))
        if len(saved) > 1 or saved[0] is not None:
            ctx.save_for_backward(*saved)
        return spikes

    backward = staticmethod(_backward)


#: ``Spike.apply`` without its test for functorch transforms: ``spike`` has excluded them already.
apply_spike = direct_apply(Spike)


class TransformableSpike(Function):
    """The form for ``torch.func`` and forward-mode AD. ``apply(rule, x, numbers, *tensors)``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> Tensor:  # noqa: D102
        return rule.heaviside(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: D102
        rule, x, numbers, *tensors = inputs
        saved = _to_save(ctx, rule, x, output, numbers, tensors, bool(tensors) and rule.primitive is not None)
        ctx.save_for_backward(*saved)  # even of nothing: vmap requires the call
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
            primitive = ctx.rule.level_of(kept, ctx.numbers, tensors, learnt)
            points = tuple(tensors[place] for place in learnt)
            directions = tuple(tangents[place] for place in learnt)
            terms.append(torch.func.jvp(primitive, points, directions)[1])
        return cast(Tensor, sum(terms[1:], terms[0]))
