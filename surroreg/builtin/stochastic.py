"""Noise below threshold, drawn in the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg.builtin.piecewise import step
from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor

MEAN = Parameter("mean", 0.0, symbol="μ", doc="Shift of the noise before it is scaled.")
VARIANCE = Parameter(
    "variance",
    0.2,
    ge=0,
    symbol="σ²",
    doc="Scale of the noise; its true variance is the square of this over 12.",
)


def noise_like(x: Tensor, mean: float, variance: float) -> Tensor:
    """Return ``(U - 1/2 + mean)*variance``, U uniform on [0, 1), drawn and rounded as in snnTorch."""
    import torch

    return (torch.rand_like(x) - 0.5 + mean) * variance


@surrogate(
    formula="Piecewise((1, x > 0), ((U - 1/2 + mean)*variance, True))",
    parameters=[MEAN, VARIANCE],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["SSO", "StochasticSpikeOperator"],
    kernel="surroreg.builtin.kernels:stochastic_spike_operator",
    traits=Traits(stochastic=True, even=False, non_negative=False, reads="sign", kinks=("0",)),
)
def stochastic_spike_operator(x: Tensor, mean: float, variance: float) -> Tensor:
    """1 above threshold, uniform noise below.

    U is drawn anew for every element in every backward pass, from torch's global generator: the
    forward pass draws nothing, and two backward passes differ unless seeded. ``variance`` is a scale:
    the noise has mean mean*variance and true variance variance**2/12.
    """
    above = step(x)
    return above + noise_like(x, mean, variance) * (1 - above)
