"""Every private API of PyTorch that surroreg uses, each with a fallback that is slower but right.

A release of PyTorch may remove any of them. ``tests/interop/test_private.py`` imports and trains without each in turn.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
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


#: Whether a torch.func transform is active. Dynamo traces no other test. Fallback: the forms that bear transforms.
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
    """Whether forward-mode AD is active. Fallback: the form that bears it."""
    level: int = getattr(forward_ad, "_current_level", 0)
    return level >= 0


def functionalize_active() -> bool:
    """Whether torch.func.functionalize is active, which no Function bears. Fallback: it is not, and PyTorch raises."""
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


def kernel_profiling() -> AbstractContextManager[Any]:
    """Let the profiler see the kernels that Inductor makes on a CPU meanwhile. Fallback: it does not see them."""
    config = _private("_inductor.config", None)
    if hasattr(getattr(config, "cpp", None), "enable_kernel_profile"):
        return config.patch({"cpp.enable_kernel_profile": True})  # type: ignore[no-any-return]
    return nullcontext()


def while_tracing(function: Callable[P, R]) -> Callable[P, R]:
    """Let Dynamo run ``function`` when it traces a call, and take the result for a constant.

    ``torch.compiler.assume_constant_result`` sets the same mark, but imports all of Dynamo, which takes a second.
    Fallback: Dynamo traces into the function, or breaks its graph there.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@while_tracing
def is_exporting() -> bool:
    """Whether ``torch.export`` is at work. Asked directly, Dynamo of torch 2.9 would always say so."""
    return torch.compiler.is_exporting()


#: Functions that Dynamo is to put into its graphs whole, and does not know yet.
_unknown: weakref.WeakSet[Callable[..., Any]] = weakref.WeakSet()


def as_one_node(function: FunctionType) -> Callable[..., Tensor]:
    """Return ``function`` as one that is a node of the graphs that Dynamo makes, from the next :func:`admit` on.

    ``torch.compiler.allow_in_graph`` would do so at once, and import all of Dynamo.
    """
    # Dynamo tells functions by their code. With one code for all, a graph made for one of them would serve another.
    function.__code__ = function.__code__.replace()
    _unknown.add(function)
    return function


@while_tracing
def admit() -> None:
    """Make what :func:`as_one_node` was given known to Dynamo."""
    while _unknown:
        torch.compiler.allow_in_graph(_unknown.pop())  # type: ignore[no-untyped-call]
