"""SpikingJelly's surrogates.

Its classes also take ``spiking``, which turns the surrogate into its primitive. Here it keeps its default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from surroreg import Parameter, Reference, SurrogateSpec, Traits, hookimpl
from surroreg_peers.describe import number, provided, steepness

LIBRARY, VERSION = "spikingjelly", "2.0.0"
#: The originals have bugs and are for comparison, so a bare name must not load them.
surroreg_bare_names = False


def _spec(
    kind: str,
    name: str,
    formula: str,
    parameters: Iterable[Parameter] = (),
    *,
    examples: Iterable[dict[str, Any]] = (),
    fires_at_zero: bool = True,
    even: bool = True,
    non_negative: bool = True,
    **traits: Any,
) -> SurrogateSpec:
    return SurrogateSpec(
        name=name,
        factory=f"spikingjelly.activation_based.surrogate:{kind}",
        formula=formula,
        parameters=tuple(parameters),
        traits=Traits(fires_at_zero=fires_at_zero, even=even, non_negative=non_negative, **traits),
        examples=tuple(examples),
        summary=f"spikingjelly.activation_based.surrogate.{kind}.",
        references=(Reference("https://pypi.org/project/spikingjelly/2.0.0/"),),
    )


ALPHA_1, ALPHA_2, ALPHA_4 = (steepness("alpha", default) for default in (1, 2, 4))

OFFERED = (
    _spec(
        "PiecewiseQuadratic",
        "piecewise_quadratic",
        "alpha*Max(0, 1 - alpha*Abs(x))",
        [ALPHA_1],
        kinks=("-1/alpha", "0", "1/alpha"),
    ),
    _spec("PiecewiseExp", "piecewise_exp", "alpha/2*exp(-alpha*Abs(x))", [ALPHA_1], kinks=("0",)),
    _spec("Sigmoid", "sigmoid", "alpha*exp(-alpha*x)/(1 + exp(-alpha*x))**2", [ALPHA_4]),
    _spec("SoftSign", "soft_sign", "alpha/2/(1 + alpha*Abs(x))**2", [ALPHA_2], kinks=("0",)),
    _spec(
        "SuperSpike",
        "super_spike",
        "alpha/(1 + Abs(x))**2",
        [number("alpha", 1, "Height of the peak.", gt=0)],
        kinks=("0",),
    ),
    _spec("ATan", "atan", "alpha/2/(1 + (pi/2*alpha*x)**2)", [ALPHA_2]),
    _spec("NonzeroSignLogAbs", "nonzero_sign_log_abs", "1/(1/alpha + Abs(x))", [ALPHA_1], kinks=("0",)),
    _spec("Erf", "erf", "alpha/sqrt(pi)*exp(-(alpha*x)**2)", [ALPHA_2]),
    _spec(
        "PiecewiseLeakyReLU",
        "piecewise_leaky_relu",
        "Piecewise((1/(2*w), Abs(x) < w), (c, True))",
        [number("w", 1, "Half-width.", gt=0), number("c", 0.01, "Gradient outside.", ge=0)],
        kinks=("-w", "w"),
    ),
    _spec(
        "SquarewaveFourierSeries",
        "squarewave_fourier_series",
        # The sum of cos((2*i - 1)*2*pi*x/T_period) over i from 1 to n - 1, times 4/T_period.
        "2/T_period*chebyshevu(2*n - 3, cos(2*pi*x/T_period))",
        [
            Parameter("n", 2, type=int, ge=2, doc="Number of terms, plus one."),
            number("T_period", 8, "Period.", gt=0),
        ],
        non_negative=False,
    ),
    _spec(
        "S2NN",
        "s2nn",
        "Piecewise((alpha*exp(alpha*x)/(1 + exp(alpha*x))**2, x < 0), (beta/(x + 1), True))",
        [
            number("alpha", 4, "Steepness below threshold.", gt=0),
            number("beta", 1, "Gradient at threshold.", gt=0),
        ],
        even=False,
        kinks=("0",),
    ),
    _spec(
        "QPseudoSpike",
        "q_pseudo_spike",
        "(1 + 2/(alpha - 1)*Abs(x))**(-alpha)",
        [number("alpha", 2, "Thinness of the tails.", gt=1)],
        kinks=("0",),
    ),
    _spec(
        "LeakyKReLU",
        "leaky_k_relu",
        "Piecewise((k, x >= 0), (leak, True))",
        [number("leak", 0, "Gradient below threshold.", ge=0), number("k", 1, "Gradient above.", gt=0)],
        even=False,
        kinks=("0",),
        examples=[{"leak": 0.1}],
    ),
    _spec(
        "FakeNumericalGradient",
        "fake_numerical_gradient",
        "Min(alpha, 1/Abs(x))",
        [number("alpha", 0.3, "Height of the peak.", gt=0)],
        kinks=("-1/alpha", "1/alpha"),
    ),
    _spec(
        "LogTailedReLU",
        "log_tailed_relu",
        "Piecewise((alpha, x <= 0), (1, x <= 1), (1/x, True))",
        [number("alpha", 0, "Gradient below threshold.", ge=0)],
        even=False,
        kinks=("0", "1"),
        examples=[{"alpha": 0.1}],
    ),
    _spec("DeterministicPass", "deterministic_pass", "1", reads="nothing"),
    _spec("PoissonPass", "poisson_pass", "1", reads="nothing", fires_at_zero=False),
    _spec(
        "MultiLevelSpikeCount",
        "multi_level_spike_count",
        "Piecewise((1, (x >= 0) & (x <= max_spike_count)), (0, True))",
        [Parameter("max_spike_count", type=int, ge=1, doc="Largest number of spikes.")],
        fires_at_zero=False,
        even=False,
        kinks=("0", "max_spike_count"),
        examples=[{"max_spike_count": 1}, {"max_spike_count": 4}],
    ),
    _spec(
        "Rect",
        "rect",
        "Piecewise((alpha, Abs(x) < 1/(2*alpha)), (0, True))",
        [ALPHA_1],
        kinks=("-1/(2*alpha)", "1/(2*alpha)"),
    ),
)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return SpikingJelly's surrogates, if it is installed."""
    return provided(LIBRARY, OFFERED)
