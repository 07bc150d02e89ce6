"""A surrogate for the layers of sinabs: as its ``spike_fn``, or as the ``surrogate_grad_fn`` of one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from surroreg.compat import as_surrogate, refuse_learnable
from surroreg.errors import ParameterTypeError
from surroreg.module import Surrogate
from surroreg.specs.validation import require_derivative


def spike_fn(surrogate: Surrogate | str, *, at_zero: int = 1, **params: Any) -> SpikeFunction:
    """Return a ``spike_fn`` for sinabs: at most one spike a step, with the surrogate's gradient.

    ::

        from surroreg.compat.sinabs import spike_fn

        layer = sinabs.layers.LIF(tau_mem=20.0, spike_fn=spike_fn("atan", alpha=2.0))

    The layer's ``surrogate_grad_fn`` is not used. Three things differ from sinabs' ``SingleSpike``: the spikes keep the
    dtype of the membrane; the threshold gets its gradient, so that an adaptive one (``ALIF``) is trained through; and
    the surrogate is part of the layer, which lists a learnable parameter of it among its own.

    sinabs 3.1.3 takes a layer with parts for a container, and ``sinabs.reset_states`` and ``sinabs.zero_grad`` pass it
    over. Reset each layer by itself::

        for module in model.modules():
            if isinstance(module, sinabs.layers.StatefulLayer):
                module.reset_states()

    A deep copy of such a layer shares the surrogate, as sinabs hands the same ``spike_fn`` on; one with a learnable
    parameter cannot be copied at all.

    Args:
        surrogate: a name, as for :func:`surroreg.load`, or a surrogate.
        at_zero: the spike at exactly the threshold: 1, as everywhere in sinabs, or 0.
        **params: values for its parameters, beside a name.

    Raises:
        TypeError: parameters beside a surrogate, or one that does not fire at zero as ``at_zero`` says; or a
            parameter is a tensor that does not learn, which sinabs would take for a state of its neurons.
        SurroregError: see :func:`surroreg.load`.
    """
    found = as_surrogate(surrogate, params, at_zero)
    tensors = [name for name, _ in found.named_buffers()]
    if tensors:
        raise ParameterTypeError(
            f"{found!r} has a tensor as its {tensors[0]}, and sinabs takes every tensor of a layer that does not learn "
            "for a state of its neurons. Give a number, or an nn.Parameter."
        )
    return SpikeFunction(found)


def surrogate_grad_fn(surrogate: Surrogate | str, **params: Any) -> SurrogateGradient:
    """Return a ``surrogate_grad_fn`` for sinabs: the derivative alone, beside a ``spike_fn`` of sinabs' own.

    This keeps several spikes a step::

        from surroreg.compat.sinabs import surrogate_grad_fn

        layer = sinabs.layers.IAF(spike_fn=MultiSpike, surrogate_grad_fn=surrogate_grad_fn("atan", alpha=2.0))

    The derivative is a function of the membrane minus the threshold, and of nothing else: it is the same at every
    threshold, where sinabs' own are mostly scaled by it, and it has no further peaks at the multiples of it.

    Args:
        surrogate: a name, as for :func:`surroreg.load`, or a surrogate.
        **params: values for its parameters, beside a name.

    Raises:
        TypeError: parameters beside a surrogate; or a parameter is learnable, which would get no gradient, because
            sinabs computes the derivative outside of autograd.
        NotImplementedError: the surrogate is built by a factory, so its derivative is not available.
        SurroregError: see :func:`surroreg.load`.
    """
    loaded = as_surrogate(surrogate, params, None)
    require_derivative(loaded.spec, "Use spike_fn.")
    refuse_learnable(loaded, "sinabs computes the derivative outside of autograd. Use spike_fn, or give a number.")
    return SurrogateGradient(loaded)


class SpikeFunction(nn.Module):
    """What :func:`spike_fn` returns.

    Args:
        surrogate: gives the spikes; set its parameters on it.
    """

    #: The states of the neurons that ``apply`` is called with.
    required_states: ClassVar[list[str]] = ["v_mem"]

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        self.surrogate = surrogate

    def apply(self, *args: Any) -> Any:
        """Return the spikes for ``(v_mem, spike_threshold, surrogate_grad_fn)``.

        ``v_mem`` is a floating tensor of any shape, the threshold a number or a tensor that broadcasts to it; the
        spikes have its shape and dtype. Called with one function, this is ``nn.Module.apply``.
        """
        if len(args) == 1:  # from net.apply(initialise), say
            return super().apply(*args)
        v_mem, spike_threshold, _ = args
        return self.surrogate(v_mem - spike_threshold)

    def __repr__(self) -> str:
        return f"spike_fn({self.surrogate!r})"


@dataclass(frozen=True, repr=False)
class SurrogateGradient:
    """What :func:`surrogate_grad_fn` returns.

    Args:
        surrogate: gives the derivative; set its parameters on it.
    """

    surrogate: Surrogate

    def __call__(self, v_mem: Tensor, spike_threshold: float | Tensor) -> Tensor:
        """Return the derivative at ``v_mem - spike_threshold``, in the shape and dtype of that."""
        return self.surrogate.derivative(v_mem - spike_threshold)

    def __repr__(self) -> str:
        return f"surrogate_grad_fn({self.surrogate!r})"
