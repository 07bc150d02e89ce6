"""A replacement for ``snntorch.surrogate``: a program changes its import, and nothing else.

Instead of ``from snntorch import surrogate`` write::

    from surroreg.compat import snntorch as surrogate

    lif = snn.Leaky(beta=0.9, spike_grad=surrogate.fast_sigmoid(slope=25))

The names, the order of the parameters and their defaults are those of snnTorch 1.0.0, which is not imported. The
spikes and the gradients are the same, but for three repairs: the dtype is kept, ``sigmoid`` has no NaN, and ``LSO``
works. Each factory returns a :class:`surroreg.Surrogate`, which can be pickled, and whose parameters can be set. A
slope or a gain must be above zero here.

snnTorch's documentation names a second way, with classes: ``spike_grad=surrogate.FastSigmoid.apply``. In snnTorch it
raises a TypeError for every class with parameters; here it works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from surroreg.api import load
from surroreg.autograd.private import while_tracing
from surroreg.module import Surrogate

__all__ = [
    "LSO",
    "SFS",
    "SSO",
    "ATan",
    "CustomSurrogate",
    "FastSigmoid",
    "Heaviside",
    "LeakySpikeOperator",
    "Sigmoid",
    "SparseFastSigmoid",
    "SpikeRateEscape",
    "StochasticSpikeOperator",
    "StraightThroughEstimator",
    "Triangular",
    "atan",
    "custom_surrogate",
    "fast_sigmoid",
    "heaviside",
    "sigmoid",
    "spike_rate_escape",
    "straight_through_estimator",
    "triangular",
]

#: The most surrogates that a class keeps. Without this limit, a slope that changes at every step fills the memory.
_KEPT = 256


def straight_through_estimator() -> Surrogate:
    """The identity: the upstream gradient passes unchanged (arXiv:1308.3432)."""
    return load("straight_through_estimator")


def triangular(threshold: float = 1) -> Surrogate:
    """``threshold`` below zero, ``-threshold`` above; for the triangle most papers mean, load ``piecewise_linear``."""
    return load("triangular", threshold=threshold)


def fast_sigmoid(slope: float = 25) -> Surrogate:
    """``1/(1 + slope*|x|)**2`` (doi:10.1162/neco_a_01086)."""
    return load("fast_sigmoid", slope=slope)


def atan(alpha: float = 2.0) -> Surrogate:
    """``alpha/2 / (1 + (pi/2*alpha*x)**2)`` (doi:10.1109/ICCV48922.2021.00266)."""
    return load("atan", alpha=alpha)


def heaviside() -> Surrogate:
    """1 above threshold, 0 below."""
    return load("heaviside")


def sigmoid(slope: float = 25) -> Surrogate:
    """The derivative of the logistic function of ``slope*x``."""
    return load("sigmoid", slope=slope)


def spike_rate_escape(beta: float = 1, slope: float = 25) -> Surrogate:
    """``slope*exp(-beta*|x - 1|)``: its peak is one unit above threshold."""
    return load("spike_rate_escape", beta=beta, slope=slope)


def SSO(mean: float = 0, variance: float = 0.2) -> Surrogate:
    """1 above threshold, ``(U - 1/2 + mean)*variance`` below, U uniform, drawn in the backward pass."""
    return load("stochastic_spike_operator", mean=mean, variance=variance)


def LSO(slope: float = 0.1) -> Surrogate:
    """1 above threshold, ``slope`` below."""
    return load("leaky_spike_operator", slope=slope)


def SFS(slope: float = 25, B: float = 1) -> Surrogate:
    """``1/(1 + slope*|x|)**2`` where ``x > B``, 0 elsewhere."""
    return load("sparse_fast_sigmoid", slope=slope, B=B)


def custom_surrogate(custom_surrogate_function: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Surrogate:
    """The gradient that your function returns for the input, the upstream gradient and the spikes."""
    return load("custom_surrogate", custom_surrogate_function=custom_surrogate_function)


class _Applied:
    """A factory under the name that its class has in snnTorch. Programs use nothing of the class but ``apply``."""

    _factory: ClassVar[Callable[..., Surrogate]]
    _built: ClassVar[dict[tuple[Any, ...], Surrogate]]

    def __init_subclass__(cls, factory: Callable[..., Surrogate]) -> None:
        cls._factory, cls._built = staticmethod(factory), {}

    @classmethod
    def apply(cls, input_: Tensor, *params: Any) -> Tensor:
        """Return the spikes of ``input_``, in its shape and dtype.

        Args:
            input_: membrane minus threshold; a floating tensor of any shape.
            *params: the parameters of the factory, in its order. Parameters that are left out take their default.

        Raises:
            TypeError, ParameterError: as :func:`surroreg.load`.
        """
        _build(cls, params)
        return cls._built[params](input_)


# Dynamo runs this function while it traces. It cannot trace into load, so the surrogate must exist before the call.
@while_tracing
def _build(applied: type[_Applied], params: tuple[Any, ...]) -> None:
    if params not in applied._built:
        if len(applied._built) >= _KEPT:
            applied._built.clear()
        applied._built[params] = applied._factory(*params)


class StraightThroughEstimator(_Applied, factory=straight_through_estimator):
    """``StraightThroughEstimator.apply`` is :func:`straight_through_estimator`."""


class Triangular(_Applied, factory=triangular):
    """``Triangular.apply`` is :func:`triangular`."""


class FastSigmoid(_Applied, factory=fast_sigmoid):
    """``FastSigmoid.apply`` is :func:`fast_sigmoid`."""


class ATan(_Applied, factory=atan):
    """``ATan.apply`` is :func:`atan`."""


class Heaviside(_Applied, factory=heaviside):
    """``Heaviside.apply`` is :func:`heaviside`."""


class Sigmoid(_Applied, factory=sigmoid):
    """``Sigmoid.apply`` is :func:`sigmoid`."""


class SpikeRateEscape(_Applied, factory=spike_rate_escape):
    """``SpikeRateEscape.apply`` is :func:`spike_rate_escape`."""


class StochasticSpikeOperator(_Applied, factory=SSO):
    """``StochasticSpikeOperator.apply`` is :func:`SSO`."""


class LeakySpikeOperator(_Applied, factory=LSO):
    """``LeakySpikeOperator.apply`` is :func:`LSO`."""


class SparseFastSigmoid(_Applied, factory=SFS):
    """``SparseFastSigmoid.apply`` is :func:`SFS`."""


class CustomSurrogate(_Applied, factory=custom_surrogate):
    """``CustomSurrogate.apply`` is :func:`custom_surrogate`."""
