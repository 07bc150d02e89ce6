"""A surrogate for the Torch neurons of rockpool, as their ``spike_generation_fn``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from surroreg.compat import as_surrogate, refuse_learnable
from surroreg.module import Surrogate


def spike_generation_fn(surrogate: Surrogate | str, *, at_zero: int = 1, **params: Any) -> SpikeGeneration:
    """Return a ``spike_generation_fn`` for rockpool: at most one spike a step, with the surrogate's gradient.

    ::

        from surroreg.compat.rockpool import spike_generation_fn

        lif = LIFTorch(10, spike_generation_fn=spike_generation_fn("atan", alpha=2.0))

    The neuron's ``learning_window`` and ``max_spikes_per_dt`` are not used: the surrogate says where there is a
    gradient, and a membrane at many times the threshold gives one spike. The threshold gets its gradient, which is the
    membrane's with the other sign. The derivative is the surrogate's own; rockpool divides its by the threshold.

    At threshold 1 and with one spike a step, ``spike_generation_fn("heaviside", shift=-0.5)`` gives the spikes and the
    membrane's gradient of rockpool's default, ``StepPWL``.

    Args:
        surrogate: a name, as for :func:`surroreg.load`, or a surrogate.
        at_zero: the spike at exactly the threshold: 1, as everywhere in rockpool, or 0.
        **params: values for its parameters, beside a name.

    Raises:
        TypeError: parameters beside a surrogate, or one that does not fire at zero as ``at_zero`` says; or a
            parameter is learnable: rockpool would not list it, and so no optimiser would see it.
        SurroregError: see :func:`surroreg.load`.
    """
    found = as_surrogate(surrogate, params, at_zero)
    refuse_learnable(
        found, "rockpool lists only parameters of its own, so an optimiser would not see it. Give a number."
    )
    return SpikeGeneration(found)


@dataclass(frozen=True, repr=False)
class SpikeGeneration:
    """What :func:`spike_generation_fn` returns.

    Args:
        surrogate: gives the spikes; set its parameters on it.
    """

    surrogate: Surrogate

    def apply(self, vmem: Tensor, threshold: Tensor, learning_window: Any, max_spikes_per_dt: Any) -> Tensor:
        """Return the spikes, 1 where ``vmem`` is above ``threshold``, which broadcasts to it; shape and dtype stay."""
        return self.surrogate(vmem - threshold)

    def __repr__(self) -> str:
        return f"spike_generation_fn({self.surrogate!r})"
