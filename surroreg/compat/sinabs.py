"""A surrogate for the layers of sinabs: as the ``spike_fn``, or as the ``surrogate_grad_fn`` beside sinabs' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from surroreg.compat import as_surrogate, refuse_learnable
from surroreg.errors import ParameterTypeError
from surroreg.module import Surrogate
from surroreg.specs.validation import require_derivative

__all__ = ["SpikeFunction", "SurrogateGradient", "spike_fn", "surrogate_grad_fn"]


def spike_fn(surrogate: Surrogate | str, *, at_zero: int = 1, **params: Any) -> SpikeFunction:
    """Return a ``spike_fn`` for sinabs: at most one spike a step, with the surrogate's gradient.

    ::

        from surroreg.compat.sinabs import spike_fn

        layer = sinabs.layers.LIF(tau_mem=20.0, spike_fn=spike_fn("atan", alpha=2.0))

    The layer's ``surrogate_grad_fn`` is not used. Three things differ from sinabs' ``SingleSpike``. The spikes keep the
    dtype of the membrane. The threshold gets a gradient, so an adaptive threshold (``ALIF``) is trained, too. The
    surrogate is a module within the layer, and the layer lists the surrogate's learnable parameters among its own.

    sinabs 3.1.3 takes a layer that holds a module for a container: ``sinabs.reset_states`` and ``sinabs.zero_grad``
    skip it. Reset each layer by itself::

        for module in model.modules():
            if isinstance(module, sinabs.layers.StatefulLayer):
                module.reset_states()

    A deep copy of such a layer shares the surrogate, because sinabs gives the copy the same ``spike_fn``. A layer whose
    surrogate has a learnable parameter cannot be copied at all.

    Args:
        surrogate: a surrogate, or a name as for :func:`surroreg.load`.
        at_zero: the spike at exactly the threshold: 1, as everywhere in sinabs, or 0.
        **params: parameters of the surrogate, if it is given by name.

    Raises:
        TypeError: parameters are given beside a surrogate; or a surrogate does not fire at zero as ``at_zero`` asks; or
            a parameter is a tensor that does not learn, which sinabs would take for a state of its neurons.
        SurroregError: as :func:`surroreg.load`.
    """
    loaded = as_surrogate(surrogate, params, at_zero)
    tensors = [name for name, _ in loaded.named_buffers()]
    if tensors:
        raise ParameterTypeError(
            f"{loaded!r} has a tensor as its {tensors[0]}, and sinabs takes every tensor of a layer that does not "
            "learn for a state of its neurons. Give a number, or an nn.Parameter."
        )
    return SpikeFunction(loaded)


def surrogate_grad_fn(surrogate: Surrogate | str, **params: Any) -> SurrogateGradient:
    """Return a ``surrogate_grad_fn`` for sinabs: the derivative alone. The ``spike_fn`` stays sinabs' own.

    So a neuron can still give several spikes a step::

        from surroreg.compat.sinabs import surrogate_grad_fn

        layer = sinabs.layers.IAF(spike_fn=MultiSpike, surrogate_grad_fn=surrogate_grad_fn("atan", alpha=2.0))

    The derivative is a function of the membrane minus the threshold alone. So it is the same at every threshold, while
    sinabs scales most of its own by the threshold. It has no further peaks at multiples of the threshold.

    Args:
        surrogate: a surrogate, or a name as for :func:`surroreg.load`.
        **params: parameters of the surrogate, if it is given by name.

    Raises:
        TypeError: parameters are given beside a surrogate; or a parameter is learnable. It would get no gradient,
            because sinabs computes the derivative outside of autograd. Or there is a ``saved_dtype``, but sinabs itself
            keeps the membrane.
        NotImplementedError: the surrogate is built by a factory, so its derivative is not available.
        SurroregError: as :func:`surroreg.load`.
    """
    loaded = as_surrogate(surrogate, params, None)
    require_derivative(loaded.spec, "Use spike_fn.")
    refuse_learnable(loaded, "sinabs computes the derivative outside of autograd. Use spike_fn, or give a number.")
    if loaded.saved_dtype is not None:
        raise ParameterTypeError(f"{loaded!r}: sinabs itself keeps the membrane here. Use spike_fn for a saved_dtype.")
    return SurrogateGradient(loaded)


class SpikeFunction(nn.Module):
    """The result of :func:`spike_fn`.

    Args:
        surrogate: gives the spikes. Its parameters are its attributes.
    """

    #: The states of its neurons that sinabs gives to ``apply``.
    required_states: ClassVar[list[str]] = ["v_mem"]

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        self.surrogate = surrogate

    def apply(self, *args: Any) -> Any:
        """Return the spikes for ``(v_mem, spike_threshold, surrogate_grad_fn)``.

        ``v_mem`` is a floating tensor of any shape, and the spikes have its shape and dtype. The threshold is a number,
        or a tensor that broadcasts to ``v_mem``. With one argument, a function, this is ``nn.Module.apply``.
        """
        if len(args) == 1:  # for example from net.apply(initialise)
            return super().apply(*args)
        v_mem, spike_threshold, _ = args
        return self.surrogate(v_mem - spike_threshold)

    def __repr__(self) -> str:
        return f"spike_fn({self.surrogate!r})"


@dataclass(frozen=True, repr=False)
class SurrogateGradient:
    """The result of :func:`surrogate_grad_fn`.

    Args:
        surrogate: gives the derivative. Its parameters are its attributes.
    """

    surrogate: Surrogate

    def __call__(self, v_mem: Tensor, spike_threshold: float | Tensor) -> Tensor:
        """Return the derivative at ``v_mem - spike_threshold``, in the shape and dtype of this difference."""
        return self.surrogate.derivative(v_mem - spike_threshold)

    def __repr__(self) -> str:
        return f"surrogate_grad_fn({self.surrogate!r})"
