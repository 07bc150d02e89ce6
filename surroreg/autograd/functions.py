"""The spike as ``autograd.Function`` classes: two cheap ones, and one that every transform of PyTorch knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import Function

from surroreg.autograd.constants import constant
from surroreg.autograd.private import direct_apply
from surroreg.autograd.rule import Rule, Values, merged


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    rule, saved = ctx.rule, ctx.saved_tensors
    # Where nothing was saved, the derivative reads only the shape of x, which is grad's.
    x = saved[0] if saved and saved[0] is not None else grad
    if rule.narrow is not None:
        x = rule.restored(x, grad.dtype)
    return _pulled(ctx, x, grad, saved[1:])


def _pulled(ctx: Any, x: Tensor, grad: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """Return the gradients of the arguments of ``apply``."""
    rule, numbers = ctx.rule, ctx.numbers
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
        ctx.rule, ctx.numbers = rule, numbers
        spikes = rule.forward(x)
        kept = rule.kept(x, spikes, learns=bool(tensors) and any(ctx.needs_input_grad[3:]))
        if tensors or kept is not None:
            ctx.save_for_backward(kept, *tensors)
        return spikes

    backward = staticmethod(_backward)


#: ``Spike.apply`` without its test for functorch transforms: ``spike`` has excluded them.
apply_spike = direct_apply(Spike)


class NarrowSpike(Function):
    """As :class:`Spike`, for an input that is kept in fewer bytes. ``apply`` returns the spikes, and a zero.

    A tensor of another dtype cannot stand for the input where the backward pass is differentiated. The zero does: it
    has the shape of the input and the memory of one number, and is an output, so it leads back to this node.
    """

    @staticmethod
    def forward(ctx: Any, rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> tuple[Tensor, Tensor]:  # noqa: D102
        ctx.rule, ctx.numbers = rule, numbers
        ctx.set_materialize_grads(False)
        spikes, zero = rule.forward(x), constant(0.0, x).expand(x.shape)
        ctx.save_for_backward(zero, rule.kept(x, spikes, learns=any(ctx.needs_input_grad[3:])), *tensors)
        return spikes, zero

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, of_zero: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: D102
        zero, kept, *tensors = ctx.saved_tensors
        if grad is None:
            return (None, of_zero, *[None] * (1 + len(tensors)))
        x = grad if kept is None else ctx.rule.restored(kept, grad.dtype)
        if torch.is_grad_enabled():
            x = x + zero
        first, gradient, *rest = _pulled(ctx, x, grad, tensors)
        if of_zero is not None:
            gradient = of_zero if gradient is None else gradient + of_zero
        return (first, gradient, *rest)


#: ``NarrowSpike.apply`` without its test for functorch transforms.
apply_narrow = direct_apply(NarrowSpike)


class TransformableSpike(Function):
    """The form for ``torch.func`` and forward-mode AD. ``apply(rule, x, numbers, *tensors)``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rule: Rule, x: Tensor, numbers: Values, *tensors: Tensor) -> Tensor:  # noqa: D102
        return rule.heaviside(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: D102
        ctx.rule, x, ctx.numbers, *tensors = inputs
        learns = bool(tensors) and ctx.rule.primitive is not None
        # A narrower copy would have no derivatives: the input itself is kept, and rounded where it is used.
        kept = x if ctx.rule.narrow is not None else ctx.rule.kept(x, output, learns=learns)
        saved = kept, *tensors
        ctx.save_for_backward(*saved)  # even of nothing: vmap requires the call
        ctx.save_for_forward(*saved)

    backward = staticmethod(_backward)

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor | None, __: None, *tangents: Tensor | None) -> Tensor:  # noqa: D102
        kept, *tensors = ctx.saved_tensors
        x = tangent if kept is None else ctx.rule.rounded(kept)
        terms = []
        if tangent is not None:
            values = merged(ctx.numbers, tensors)
            terms.append(tangent * ctx.rule.slope(x, values))
        learnt = [place for place in range(len(tensors)) if tangents[place] is not None]
        if learnt:
            primitive = ctx.rule.level_of(x, ctx.numbers, tensors, learnt)
            points = tuple(tensors[place] for place in learnt)
            directions = tuple(tangents[place] for place in learnt)
            terms.append(torch.func.jvp(primitive, points, directions)[1])
        return cast(Tensor, sum(terms[1:], terms[0]))
