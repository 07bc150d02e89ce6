"""A surrogate for the Torch neurons of rockpool, as their ``spike_generation_fn``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from surroreg.compat import as_surrogate, refuse_learnable
from surroreg.module import Surrogate

__all__ = ["SpikeGeneration", "spike_generation_fn"]


def spike_generation_fn(surrogate: Surrogate | str, *, at_zero: int = 1, **params: Any) -> SpikeGeneration:
    """Return a ``spike_generation_fn`` for rockpool: at most one spike a step, with the surrogate's gradient.

    ::

        from surroreg.compat.rockpool import spike_generation_fn

        lif = LIFTorch(10, spike_generation_fn=spike_generation_fn("atan", alpha=2.0))

    The surrogate alone decides where the gradient is: the neuron's ``learning_window`` is not used. Nor is
    ``max_spikes_per_dt``: a membrane at many times the threshold gives one spike. The threshold gets a gradient, too:
    minus that of the membrane. rockpool divides its own derivatives by the threshold; this adapter does not.

    At threshold 1 and with one spike a step, ``spike_generation_fn("heaviside", shift=-0.5)`` gives the spikes and the
    membrane's gradient of rockpool's default, ``StepPWL``.

    Args:
        surrogate: a surrogate, or a name as for :func:`surroreg.load`.
        at_zero: the spike at exactly the threshold: 1, as everywhere in rockpool, or 0.
        **params: parameters of the surrogate, if it is given by name.

    Raises:
        TypeError: parameters are given beside a surrogate; or a surrogate does not fire at zero as ``at_zero`` asks; or
            a parameter is learnable, which rockpool would not list for an optimiser.
        SurroregError: as :func:`surroreg.load`.
    """
    loaded = as_surrogate(surrogate, params, at_zero)
    refuse_learnable(
        loaded, "rockpool lists only parameters of its own, so an optimiser would not see it. Give a number."
    )
    return SpikeGeneration(loaded)


@dataclass(frozen=True, repr=False)
class SpikeGeneration:
    """The result of :func:`spike_generation_fn`.

    Args:
        surrogate: gives the spikes. Its parameters are its attributes.
    """

    surrogate: Surrogate

    def apply(self, vmem: Tensor, threshold: Tensor, learning_window: Any, max_spikes_per_dt: Any) -> Tensor:
        """Return the spikes: 1 where ``vmem`` is above ``threshold``, in the shape and dtype of ``vmem``.

        ``threshold`` broadcasts to ``vmem``. The other arguments are rockpool's, and are not used.
        """
        return self.surrogate(vmem - threshold)

    def __repr__(self) -> str:
        return f"spike_generation_fn({self.surrogate!r})"
