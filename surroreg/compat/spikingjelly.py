"""Surrogates for SpikingJelly's neurons.

.. code-block:: python

    from spikingjelly.activation_based import neuron
    from surroreg.compat.spikingjelly import surrogate_function

    lif = neuron.LIFNode(surrogate_function=surrogate_function("atan", alpha=2.0))
    lif.surrogate_function.alpha = 3.0  # from the next step on
"""

from __future__ import annotations

from typing import Any, Literal, overload

from torch import Tensor, nn

from surroreg.compat import as_surrogate
from surroreg.errors import NoEquivalentError, SpecError, UnknownSurrogateError
from surroreg.module import Surrogate
from surroreg.registry import process
from surroreg.translation import translate

__all__ = ["SpikingJellySurrogate", "surrogate_function"]

#: The classes of SpikingJelly that its kernels of whole neurons know.
FUSED = frozenset({"ATan", "Erf", "PiecewiseExp", "PiecewiseQuadratic", "Sigmoid", "SoftSign", "SuperSpike"})


class SpikingJellySurrogate(Surrogate):
    """A surrogate with SpikingJelly's spiking mode: in non-spiking mode a call gives the primitive.

    :func:`surrogate_function` returns one.
    """

    #: Whether a call gives spikes. Neurons read this attribute; :meth:`set_spiking_mode` sets it.
    spiking: bool = True

    def set_spiking_mode(self, spiking: bool) -> None:
        """Choose spikes, or the smooth step whose derivative is the gradient.

        Raises:
            NoPrimitiveError: at the next call in non-spiking mode, if the surrogate has no primitive.
        """
        self.spiking = spiking

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of ``x``, or in non-spiking mode the primitive, in its shape, dtype and device."""
        return super().forward(x) if self.spiking else self.primitive(x)


@overload
def surrogate_function(
    surrogate: Surrogate | str, *, at_zero: int = 1, fused: Literal[False] = False, **params: Any
) -> SpikingJellySurrogate: ...
@overload
def surrogate_function(surrogate: Surrogate | str, *, at_zero: int = 1, fused: bool, **params: Any) -> nn.Module: ...
def surrogate_function(
    surrogate: Surrogate | str, *, at_zero: int = 1, fused: bool = False, **params: Any
) -> nn.Module:
    """Return a surrogate for the argument ``surrogate_function`` of SpikingJelly's neurons.

    The result is a :class:`SpikingJellySurrogate`. It keeps every promise of a :class:`surroreg.Surrogate`: its
    parameters are attributes, an unknown attribute is an error, it refuses integers, it has gradients in float16, it
    works under ``torch.func.vmap``. The neuron takes its general path: it calls the surrogate at every time step.

    With ``fused=True`` the result is SpikingJelly's own object, of a class that its CUDA kernels of whole neurons
    know. Such a kernel never calls the object. It reads the class and the number ``alpha``, and computes a gradient of
    its own, so none of the promises above can hold there. Assign to ``alpha`` to anneal it; SpikingJelly accepts any
    other attribute, and ignores it. The kernels need a CUDA device and a float32 membrane: elsewhere ``fused=True``
    gains nothing.

    Args:
        surrogate: a surrogate, or the name of one.
        at_zero: the spike at exactly zero: 1, as everywhere in SpikingJelly, or 0.
        fused: return SpikingJelly's own object, for its kernels.
        **params: parameters of the surrogate, if it is given by name.

    Raises:
        TypeError: parameters are given beside a surrogate; or a surrogate does not fire at zero as ``at_zero`` asks.
        NoEquivalentError: ``fused=True``, and no class that the kernels know computes the same.
        ImportError: ``fused=True``, and SpikingJelly is not installed.
        SurroregError: as :func:`surroreg.load`.
    """
    loaded = as_surrogate(surrogate, params, at_zero)
    adapted = SpikingJellySurrogate(loaded.spec, loaded.params, at_zero, loaded.saved_dtype)
    if not fused:
        return adapted
    return _fused(adapted, surrogate if isinstance(surrogate, str) else None)


def _fused(adapted: SpikingJellySurrogate, name: str | None) -> nn.Module:
    """Return SpikingJelly's own object that computes the same as a surrogate, of a class that the kernels know.

    Args:
        adapted: the surrogate.
        name: the name that the user gave, if any.

    Raises:
        NoEquivalentError: no such class computes the same.
    """
    tensors = [name for name, value in adapted.params.items() if isinstance(value, Tensor)]
    if adapted.at_zero != 1:
        raise _refusal(adapted, "these fire at exactly zero, and at_zero=0 is asked for")
    if adapted.saved_dtype is not None:
        raise _refusal(adapted, f"these keep the input as it is, and saved_dtype={adapted.saved_dtype!r} is asked for")
    if tensors:
        raise _refusal(adapted, f"these take a number, and {tensors[0]!r} is a tensor")
    try:
        name = name or process.registry.name_of(adapted.spec)
        theirs = translate(name, to="spikingjelly", at_zero=1, **adapted.params)
    except NoEquivalentError as error:
        raise _refusal(adapted, "none of these computes the same") from error
    except (SpecError, UnknownSurrogateError) as error:
        raise _refusal(adapted, "a surrogate without a registered name cannot be compared with these") from error
    if theirs.name not in FUSED:
        raise _refusal(adapted, f"its equivalent, {theirs.name}, is not among these")
    if theirs.scale != 1 or theirs.shift:
        raise _refusal(adapted, f"the nearest is {theirs}")
    native: nn.Module = theirs.load()
    return native


def _refusal(adapted: SpikingJellySurrogate, reason: str) -> NoEquivalentError:
    return NoEquivalentError(
        f"fused=True has nothing for {adapted!r}. SpikingJelly's kernels know {', '.join(sorted(FUSED))}; {reason}. "
        "Leave fused=True out: the neuron then takes its general path, with this surrogate's own gradient."
    )
