"""On a GPU: the backward pass as one kernel, compiled from the formula.

A formula that is declared stable (see :class:`surroreg.Traits`) is the one source of the code. PyTorch's own
jiterator compiles it, for any layout and dtype, half precision inside as float32. Where that is not to be
had, plain operations do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from surroreg.autograd.private import create_jit_function, modes_active
from surroreg.formula.cpp import code
from surroreg.specs import SurrogateSpec


class Fused:
    """The backward pass of a spec on a GPU.

    Args:
        spec: one whose formula is declared stable.
    """

    def __init__(self, spec: SurrogateSpec) -> None:
        self._spec = spec
        self._names = [f"p{place}" for place in range(len(spec.parameters))]
        self._function: Callable[..., Tensor] | None = None
        self._works = create_jit_function is not None

    def __call__(self, x: Tensor, grad: Tensor, numbers: Sequence[Any]) -> Tensor | None:
        """Return ``grad * derivative(x)`` by one kernel, or ``None`` where that is impossible.

        Args:
            x: a plain tensor on a GPU.
            grad: another, of the same shape and dtype.
            numbers: the parameters.
        """
        if not self._works or modes_active():  # a dispatch mode would miss the kernel
            return None
        try:
            if self._function is None:
                assert create_jit_function is not None  # _works is False without it
                self._function = create_jit_function(code(self._spec), **dict.fromkeys(self._names, 0.0))
            return self._function(x, grad, **dict(zip(self._names, map(float, numbers), strict=True)))
        except torch.OutOfMemoryError:
            raise
        except Exception:  # no compiler, or a GPU it does not know: plain operations give the same numbers
            self._works = False
            return None
