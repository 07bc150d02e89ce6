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

from surroreg.constants import constant

Values = Sequence[Any]

_DTYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_HALF = frozenset({torch.float16, torch.bfloat16})
_LAYOUTS = frozenset({torch.strided, torch.jagged})
_PLAIN = frozenset({Tensor, torch.nn.Parameter})

# Private, and the only test that Dynamo can trace (torch 2.6 and later).
_transforms_active = torch._C._are_functorch_transforms_active
_jit_tracing = torch._C._get_tracing_state
_is_batched = torch._C._functorch.is_legacy_batchedtensor  # torch.autograd.grad(is_grads_batched=True)
_is_exporting: Callable[[], bool] = getattr(torch.compiler, "is_exporting", lambda: False)  # torch >= 2.7


class Rule:
    """What a spec comes to once its functions are resolved.

    Args:
        derivative, primitive, kernel: as in :class:`surroreg.SurrogateSpec`.
        fused: ``kernel`` for GPUs, which returns ``None`` where it cannot be used.
        reads: what the derivative needs of the input: ``"input"``, ``"sign"`` or ``"nothing"``.
        fires_at_zero: whether the spike at exactly zero is 1.
        stochastic: whether the derivative draws.
    """

    def __init__(
        self,
        derivative: Callable[..., Tensor],
        primitive: Callable[..., Tensor] | None,
        kernel: Callable[..., Tensor] | None,
        fused: Callable[[Tensor, Tensor, Values], Tensor | None] | None,
        *,
        reads: str,
        fires_at_zero: bool,
        stochastic: bool,
    ) -> None:
        self.derivative = derivative
        self.primitive = primitive
        self.kernel = kernel
        self.fused = fused
        self.fires_at_zero = fires_at_zero
        # One of two numbers, once multiplied, has nothing to gain from float32.
        self.is_choice = reads != "input" and not stochastic
        # The spikes stand for the input only where both agree on which side of the step zero is.
        self.reads = "input" if reads == "sign" and fires_at_zero else reads

    def slope(self, x: Tensor, values: Values) -> Tensor:
        """Return the derivative at ``x``."""
        return _evaluate(self.derivative, (x,), values)

    def level(self, x: Tensor, values: Values) -> Tensor:
        """Return the primitive at ``x``."""
        assert self.primitive is not None  # Surrogate refuses a learnable parameter without one
        return _evaluate(self.primitive, (x,), values)

    def pullback(self, kept: Tensor | None, grad: Tensor, values: Values) -> Tensor:
        """Return ``grad * derivative``, differentiable, for any kind of tensor."""
        return _evaluate(self._product, (grad if kept is None else kept, grad), values)

    def quick_pullback(self, x: Tensor, grad: Tensor, numbers: Values) -> Tensor:
        """Return ``grad * derivative``, by the kernel if it can be used here."""
        if (
            (self.kernel is None and self.fused is None)
            or type(grad) is not Tensor  # it may refuse out=
            or type(x) not in _PLAIN
            or torch.is_grad_enabled()  # a higher order is asked for
            or _transforms_active()
            or torch.compiler.is_compiling()  # a compiler fuses plain operations better
            or _is_batched(grad)
        ):
            return _evaluate(self._product, (x, grad), numbers)
        if x.is_cuda and self.fused is not None:
            result = self.fused(x, grad, numbers)
            if result is not None:
                return result
        if self.kernel is None:
            return _evaluate(self._product, (x, grad), numbers)
        if x.dtype in _HALF and not self.is_choice:
            return self.kernel(x.float(), grad.float(), *numbers).to(x.dtype)
        return self.kernel(x, grad, *numbers)

    def _product(self, x: Tensor, grad: Tensor, *values: Any) -> Tensor:
        return grad * self.derivative(x, *values)

    def heaviside(self, x: Tensor) -> Tensor:
        """Return the spikes by operations that every tracer and tensor subclass knows."""
        return (x >= 0 if self.fires_at_zero else x > 0).to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes, without a boolean tensor in between where ``out=`` is understood."""
        if type(x) not in _PLAIN or torch.compiler.is_compiling():
            return self.heaviside(x)
        compare = torch.ge if self.fires_at_zero else torch.gt
        zero = constant(0.0, x) if x.is_cpu else 0
        return compare(x, zero, out=torch.empty_like(x))

    def of_learnt(
        self, x: Tensor, numbers: Values, tensors: Sequence[Tensor], learnt: Sequence[int]
    ) -> Callable[..., Tensor]:
        """Return the primitive at ``x`` as a function of those among ``tensors`` at the places ``learnt``."""

        def primitive(*found: Tensor) -> Tensor:
            present = list(tensors)
            for place, tensor in zip(learnt, found, strict=True):
                present[place] = tensor
            return self.level(x, merged(numbers, present))

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


def merged(numbers: Values, tensors: Sequence[Tensor]) -> Values:
    """Return all values of the parameters: the numbers, with tensors in the places of ``None``."""
    if not tensors:
        return numbers
    rest = iter(tensors)
    return [next(rest) if number is None else number for number in numbers]


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
    if not tensors:
        return None, rule.quick_pullback(grad if kept is None else kept, grad, numbers), None
    needed = ctx.needs_input_grad
    gradient = rule.pullback(kept, grad, merged(numbers, tensors)) if needed[1] else None
    grads: list[Tensor | None] = [None] * len(tensors)
    learnt = [place for place in range(len(tensors)) if needed[3 + place]]
    if learnt:
        primitive = rule.of_learnt(kept, numbers, tensors, learnt)
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
        kept, *tensors = ctx.saved_tensors or (None,)
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
        if _transforms_active() or (_is_exporting() and torch.is_grad_enabled()):
            return composed(rule, x, merged(numbers, tensors))
    elif _transforms_active():
        return cast(Tensor, TransformableSpike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
    elif forward_ad._current_level >= 0:
        # A jvp with respect to parameters would nest forward-mode AD, which torch refuses outside torch.func.
        if rule.primitive is not None and tensors:
            return composed(rule, x, merged(numbers, tensors))
        return cast(Tensor, TransformableSpike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
    elif _jit_tracing() is not None:
        return composed(rule, x, merged(numbers, tensors))
    if torch.is_grad_enabled() and (x.requires_grad or any(tensor.requires_grad for tensor in tensors)):
        if torch.compiler.is_compiling():
            return cast(Tensor, Spike.apply(rule, x, numbers, *tensors))  # type: ignore[no-untyped-call]
        return _apply(rule, x, numbers, *tensors)
    return rule.forward(x)
