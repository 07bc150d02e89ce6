"""A gradient given as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter

if TYPE_CHECKING:
    from torch import Tensor

    Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]


def unit_box(x: Tensor, grad: Tensor, spikes: Tensor) -> Tensor:
    """Pass the upstream gradient within half a unit of the threshold. An example of a custom function."""
    return grad * (x.abs() < 0.5)


@surrogate(
    parameters=[
        Parameter(
            "custom_surrogate_function",
            type=Callable,
            doc="f(input, upstream gradient, spikes), which returns the whole gradient of the input.",
        )
    ],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["CustomSurrogate"],
    kernel="surroreg.builtin.kernels:custom_surrogate",
    examples=[{"custom_surrogate_function": "surroreg.builtin.custom:unit_box"}],
)
def custom_surrogate(x: Tensor, custom_surrogate_function: Gradient) -> Tensor:
    """Whatever gradient a function of your own returns.

    The function is called as f(input, upstream gradient, spikes), in that order, and returns the
    gradient of the input with the upstream gradient already multiplied in; it must be linear in that.
    It reaches other processes if it is defined at the top level of a module. To publish a surrogate,
    write it with ``@surroreg.surrogate`` instead.
    """
    import torch

    return custom_surrogate_function(x, torch.ones_like(x), (x > 0).to(x.dtype))
