"""The inverse of the membrane potential above threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surroreg.builtin.stochastic import MEAN, VARIANCE, noise_like
from surroreg.specs import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.traits import Traits

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLD = Parameter("threshold", 1.0, gt=0, symbol="θ", doc="The neuron's threshold; give it the same value.")


@surrogate(
    formula="Piecewise((1/(x + threshold), x > 0), (0, True))",
    parameters=[THRESHOLD],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["InverseSpikeOperator"],
    kernel="surroreg.builtin.kernels:inverse_spike_operator",
    traits=Traits(even=False, non_negative=True, kinks=("0",), stable_formula=True),
)
def inverse_spike_operator(x: Tensor, threshold: float) -> Tensor:
    """One over the membrane potential above threshold, nothing below.

    In snnTorch it is commented out, and would be NaN at x = -threshold, also for neurons that never
    fired; here it is 0 there. There is no gradient below threshold.
    """
    # Clamped first: below threshold, one over zero would make the second derivative NaN, although it is masked.
    return (x.clamp(min=0) + threshold).reciprocal().where(x > 0, 0.0)


@surrogate(
    formula="Piecewise((1/(x + threshold), x > 0), ((U - 1/2 + mean)*variance, True))",
    parameters=[THRESHOLD, MEAN, VARIANCE],
    references=["doi:10.1109/JPROC.2023.3308088"],
    aliases=["ISSO", "InverseStochasticSpikeOperator"],
    kernel="surroreg.builtin.kernels:inverse_stochastic_spike_operator",
    traits=Traits(stochastic=True, even=False, non_negative=False, kinks=("0",)),
)
def inverse_stochastic_spike_operator(x: Tensor, threshold: float, mean: float, variance: float) -> Tensor:
    """One over the membrane potential above threshold, uniform noise below.

    In snnTorch it is commented out and does not parse. The noise is that of
    ``stochastic_spike_operator``: drawn in every backward pass from torch's global generator.
    """
    inverse = (x.clamp(min=0) + threshold).reciprocal()
    return inverse.where(x > 0, noise_like(x, mean, variance))
