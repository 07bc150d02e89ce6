"""Surrogates for SpikingJelly's neurons.

.. code-block:: python

    from spikingjelly.activation_based import neuron
    from surroreg.compat.spikingjelly import surrogate_function

    lif = neuron.LIFNode(surrogate_function=surrogate_function("atan", alpha=2.0))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from surroreg import api
from surroreg.compat import as_surrogate
from surroreg.errors import NoEquivalentError, SpecError, UnknownSurrogateError
from surroreg.module import Surrogate
from surroreg.specs import SurrogateSpec
from surroreg.translation import translate

#: The classes for which SpikingJelly has kernels of whole neurons, in Triton and CUDA.
FUSED = frozenset({"ATan", "Erf", "PiecewiseExp", "PiecewiseQuadratic", "Sigmoid", "SoftSign", "SuperSpike"})


class SpikingJellySurrogate(Surrogate):
    """A surrogate with the spiking mode of SpikingJelly's own: in non-spiking mode it is its primitive.

    Get one from :func:`surrogate_function`.
    """

    def __init__(self, spec: SurrogateSpec | str, params: Mapping[str, Any], at_zero: int | None = None) -> None:
        super().__init__(spec, params, at_zero)
        self.spiking = True

    def set_spiking_mode(self, spiking: bool) -> None:
        """Choose spikes, or the smooth step whose derivative is the gradient.

        Raises:
            NoPrimitiveError: at the next call in non-spiking mode, if the surrogate has no primitive.
        """
        self.spiking = spiking

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of ``x``, or in non-spiking mode the primitive, in its shape, dtype and device."""
        return super().forward(x) if self.spiking else self.primitive(x)


def surrogate_function(surrogate: Surrogate | str, /, *, at_zero: int = 1, **params: Any) -> Callable[[Tensor], Tensor]:
    """Return what a neuron of SpikingJelly takes as ``surrogate_function``.

    Where one of the seven classes for which SpikingJelly has fused kernels computes the same, it is an object of
    that class, so that the kernels are used; its parameter is then called ``alpha``. Else it is a
    :class:`SpikingJellySurrogate`, with which a neuron takes its general path.

    Args:
        surrogate: a surrogate, or the name of one.
        at_zero: the spike at exactly zero: 1, as everywhere in SpikingJelly, or 0.
        **params: parameters of the surrogate, if it is given by name.

    Raises:
        TypeError: parameters beside a surrogate, or one that does not fire at zero as ``at_zero`` says.
        SurroregError: as :func:`surroreg.load`.
    """
    found = as_surrogate(surrogate, params, at_zero)
    ready = SpikingJellySurrogate(found.spec, found.params, at_zero)
    return _fused(ready) if at_zero == 1 else ready


def _fused(ready: SpikingJellySurrogate) -> Callable[[Tensor], Tensor]:
    """Return SpikingJelly's own object for a surrogate, if it has a fast one, or the surrogate."""
    numbers = {name: value for name, value in ready.params.items() if isinstance(value, float)}
    if numbers.keys() != ready.params.keys():  # a tensor is not for its kernels
        return ready
    try:
        theirs = translate(api.name_of(ready.spec), to="spikingjelly", **numbers)
        return theirs.load() if theirs.name in FUSED else ready
    except (NoEquivalentError, UnknownSurrogateError, SpecError):  # not there, or without a name to look for
        return ready
