"""The spike in every form PyTorch needs: one rule, several ways to hand it to autograd.

No single way of writing a custom gradient works everywhere in PyTorch, so :func:`spike` chooses:

* compiling: the plain ``autograd.Function`` as one node of Dynamo's graph. Dynamo does not look into it; AOTAutograd
  traces forward and backward pass as plain operations, which the compiler fuses. Numbers go in as 0-d tensors, so a
  new value compiles nothing anew;
* compiling under a ``torch.func`` transform, or exporting something to be trained: plain operations, as Dynamo and
  ``torch.export`` drop a Function's backward pass without a word;
* eager under a ``torch.func`` transform or forward-mode AD: a Function with ``setup_context``, a vmap
  rule and a ``jvp``;
* traced by ``torch.fx`` or ``torch.jit``: plain operations;
* otherwise: the plain Function, whose call costs less than half of one with ``setup_context``; or that which keeps
  its input in fewer bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, cast

import torch
from torch import Tensor
from torch.fx import Proxy

from surroreg.autograd.composed import composed
from surroreg.autograd.functions import Spike, TransformableSpike, apply_narrow, apply_spike
from surroreg.autograd.private import (
    admit,
    as_one_node,
    forward_mode_active,
    functionalize_active,
    is_exporting,
    jit_tracing,
    transforms_active,
)
from surroreg.autograd.rule import Rule, Values, merged, rule_of
from surroreg.specs import SurrogateSpec

DTYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_LAYOUTS = frozenset({torch.strided, torch.jagged})


class Call:
    """The constant arguments of a call: all but the input and the parameters that are tensors.

    Args:
        spec: one with a derivative.
        fires_at_zero: whether the spike at exactly zero is 1.
        values: the parameters in the spec's order: numbers and callables, ``None`` in place of each tensor.
        held: the names of the parameters that are tensors, in the spec's order.
        saved_dtype: the name of a narrower dtype for the input that the backward pass keeps; ``None`` for its own.
    """

    def __init__(
        self,
        spec: SurrogateSpec,
        fires_at_zero: bool,
        values: Values,
        held: tuple[str, ...],
        saved_dtype: str | None = None,
    ) -> None:
        self.rule = rule_of(spec, fires_at_zero, saved_dtype)
        self.numbers = values
        self.held = held
        if not self.rule.bears_tensors:
            self._single = self._double = values
            self.node = _node(self.rule, *values)
            return
        # Numbers go in as 0-d tensors: a compiler takes a float for a constant, and would recompile for every value.
        # In two precisions: float64 arithmetic is many times slower on a GPU, and float32 is wrong for float64 inputs.
        self._single, self._double = (
            [_cell(value, dtype) if isinstance(value, float) else value for value in values]
            for dtype in (torch.float32, torch.float64)
        )
        constants = [None if isinstance(value, float) else value for value in values]
        try:
            self.node = _shared_node(self.rule, *constants)
        except TypeError:  # a callable that cannot be hashed
            self.node = _node(self.rule, *constants)

    def traced(self, x: Tensor) -> Values:
        """Return the parameters for a compiler: numbers as 0-d tensors in the precision in which ``x`` is computed."""
        return self._double if x.dtype is torch.float64 else self._single

    def inputs(self, x: Tensor, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the tensors that the node takes besides ``x``."""
        if not self.rule.bears_tensors:
            return tensors
        return [value for value in merged(self.traced(x), tensors) if isinstance(value, Tensor)]


def _node(rule: Rule, *constants: Any) -> Callable[..., Tensor]:
    """Return the plain Function as one node of a compiler's graph: a function of the input and the tensors.

    Args:
        rule: the surrogate's functions.
        *constants: the parameters in the spec's order, ``None`` in place of each that the graph takes as a tensor.
    """

    def surrogate(x: Tensor, *tensors: Tensor) -> Tensor:
        return cast(Tensor, Spike.apply(rule, x, constants, *tensors))  # type: ignore[no-untyped-call]

    return as_one_node(cast(FunctionType, surrogate))


#: One node for all surrogates of a spec, so that they share a compiled graph.
_shared_node = functools.lru_cache(maxsize=1024)(_node)


def _cell(number: float, dtype: torch.dtype) -> Tensor:
    """Return a number as a 0-d CPU tensor, which PyTorch combines with tensors of any device and dtype."""
    if torch.is_inference_mode_enabled():
        with torch.inference_mode(False):
            return _cell(number, dtype)
    return torch.full((), number, dtype=dtype, device="cpu")


def check_input(x: Any) -> None:
    """Raise a TypeError, with what a surrogate takes, unless ``x`` is such a tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"a surrogate takes a tensor (membrane - threshold), not {type(x).__name__}.")
    if x.dtype not in DTYPES:
        raise TypeError(f"a surrogate takes float16, bfloat16, float32 or float64, not {x.dtype}; convert x first.")
    if x.layout not in _LAYOUTS:
        raise TypeError(f"a surrogate takes a dense tensor, not one of layout {x.layout}; call x.to_dense() first.")


def spike(call: Call, x: Tensor, tensors: Sequence[Tensor] = ()) -> Tensor:
    """Return the spikes of ``x``, with the rule's gradient, in the form that suits the present mode of PyTorch.

    Args:
        call: the surrogate's functions and numbers.
        x: membrane minus threshold, any shape, float16, bfloat16, float32 or float64.
        tensors: the parameters that are tensors, in the spec's order.

    Raises:
        TypeError: ``x`` is an integer, bool, complex or sparse tensor, or no tensor.
    """
    rule = call.rule
    if type(x) is not Tensor and isinstance(x, Proxy):
        return composed(rule, x, call.numbers, tensors)
    if not isinstance(x, Tensor) or x.dtype not in DTYPES or x.layout not in _LAYOUTS:
        check_input(x)
    if torch.compiler.is_compiling():
        if is_exporting():
            return composed(rule, x, call.numbers, tensors) if torch.is_grad_enabled() else rule.heaviside(x)
        if torch.compiler.is_dynamo_compiling():  # another tracer cannot handle numbers given as tensors
            admit()
            if transforms_active():
                return composed(rule, x, call.traced(x), tensors)
            if not torch.is_grad_enabled():
                return rule.heaviside(x)
            return call.node(x, *call.inputs(x, tensors))
    if transforms_active() or forward_mode_active():
        # PyTorch's functionalize refuses every Function, and the jvp of a parameter would nest forward-mode AD.
        nests = forward_mode_active() and rule.primitive is not None and len(tensors) > 0
        if nests or functionalize_active():
            return composed(rule, x, call.numbers, tensors)
        return cast(Tensor, TransformableSpike.apply(rule, x, call.numbers, *tensors))  # type: ignore[no-untyped-call]
    if jit_tracing():
        return composed(rule, x, call.numbers, tensors)
    if torch.is_grad_enabled() and (x.requires_grad or (tensors and any(t.requires_grad for t in tensors))):
        if rule.narrow is not None and rule.narrow.applies(x):
            return apply_narrow(rule, x, call.numbers, *tensors)[0]
        return apply_spike(rule, x, call.numbers, *tensors)
    return rule.forward(x)
