"""Every private API of PyTorch that surroreg uses, each with a fallback that is slower but right.

A release of PyTorch may remove any of them. ``tests/interop/test_private.py`` imports and trains without each in turn.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.function import Function

P = ParamSpec("P")
R = TypeVar("R")


def _private(path: str, fallback: Any) -> Any:
    """Return what ``path`` names below ``torch``, or ``fallback`` where this release lacks it."""
    found: Any = torch
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            return fallback
    return found


#: Whether a torch.func transform is active. Dynamo traces no other test. Fallback: the forms that support transforms.
transforms_active: Callable[[], bool] = _private("_C._are_functorch_transforms_active", lambda: True)

#: The state of torch.jit.trace, or a false value. The public test is written in Python, and slower.
jit_tracing: Callable[[], Any] = _private("_C._get_tracing_state", torch.jit.is_tracing)  # type: ignore[attr-defined,unused-ignore]

#: Whether a gradient is batched by torch.autograd.grad(is_grads_batched=True). Fallback: no kernels.
is_batched: Callable[[Tensor], bool] = _private("_C._functorch.is_legacy_batchedtensor", lambda tensor: True)

#: How many dispatch modes are active. Fallback: no cached constants, no fused kernels, no ``out=``.
modes_active: Callable[[], int] = _private("_C._len_torch_dispatch_stack", lambda: 1)

#: PyTorch's own compiler of elementwise CUDA kernels. Fallback: plain operations.
create_jit_function: Callable[..., Any] | None = _private("cuda.jiterator._create_jit_fn", None)


def forward_mode_active() -> bool:
    """Whether forward-mode AD is active. Fallback: the form that supports it."""
    level: int = getattr(forward_ad, "_current_level", 0)
    return level >= 0


def functionalize_active() -> bool:
    """Whether torch.func.functionalize is active, which refuses every Function. Fallback: False, and PyTorch raises."""
    stack = _private("_C._functorch.get_interpreter_stack", list)() or []
    return any("functionalize" in str(level.key()).lower() for level in stack)


def direct_apply(function: type[Function]) -> Callable[..., Tensor]:
    """Return the ``apply`` of a Function without its test for functorch transforms, which the caller has made.

    Fallback: ``function.apply``, which tests again.
    """
    apply: Callable[..., Tensor] = getattr(super(Function, function), "apply", function.apply)
    return apply


def gradient_metadata(node: Any, place: int) -> Any | None:
    """Return what has the shape, dtype and device of a gradient that a node of a graph takes.

    Fallback: the tensor itself where the node is that of a leaf, else ``None``.
    """
    found = getattr(node, "_input_metadata", None)
    return found[place] if found else getattr(node, "variable", None)


def watching(note: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], None]) -> AbstractContextManager[Any]:
    """Call ``note`` with every operation on tensors in this context, and its arguments. Fallback: with none."""
    mode: Any = _private("utils._python_dispatch.TorchDispatchMode", None)
    if mode is None:
        return nullcontext()

    class Watching(mode):  # type: ignore[misc]
        def __torch_dispatch__(
            self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
        ) -> Any:
            note(function, args, kwargs or {})
            return function(*args, **(kwargs or {}))

    return Watching()


def kernel_profiling() -> AbstractContextManager[Any]:
    """Let the profiler see the kernels that Inductor generates for a CPU in this context. Fallback: it does not."""
    config = _private("_inductor.config", None)
    if hasattr(getattr(config, "cpp", None), "enable_kernel_profile"):
        return config.patch({"cpp.enable_kernel_profile": True})  # type: ignore[no-any-return]
    return nullcontext()


def while_tracing(function: Callable[P, R]) -> Callable[P, R]:
    """Let Dynamo run ``function`` when it traces a call, and treat the result as a constant.

    ``torch.compiler.assume_constant_result`` sets the same mark, but imports all of Dynamo, which takes a second.
    Fallback: Dynamo traces into the function, or breaks its graph there.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@while_tracing
def is_exporting() -> bool:
    """Whether ``torch.export`` is tracing. The public test, called directly, is always true in Dynamo of torch 2.9."""
    return torch.compiler.is_exporting()


#: Functions that must be single nodes of Dynamo's graphs, and are not yet registered with Dynamo.
_unknown: weakref.WeakSet[Callable[..., Any]] = weakref.WeakSet()


def as_one_node(function: FunctionType) -> Callable[..., Tensor]:
    """Return a copy of ``function`` that is a single node of Dynamo's graphs, from the next :func:`admit` on.

    ``torch.compiler.allow_in_graph`` would do so at once, and import all of Dynamo.
    """
    # Dynamo identifies a function by its code object. If several shared one, a graph of one would be used for another.
    function.__code__ = function.__code__.replace()
    _unknown.add(function)
    return function


@while_tracing
def admit() -> None:
    """Register the functions of :func:`as_one_node` with Dynamo."""
    while _unknown:
        torch.compiler.allow_in_graph(_unknown.pop())  # type: ignore[no-untyped-call]
