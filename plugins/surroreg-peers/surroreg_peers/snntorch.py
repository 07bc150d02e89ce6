"""snnTorch's surrogates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from surroreg import Parameter, Reference, SurrogateSpec, Traits, hookimpl
from surroreg_peers.describe import CUSP, EVEN, number, provided, steepness

LIBRARY, VERSION = "snntorch", "1.0.0"
#: The originals have bugs and are for comparison, so a bare name must not load them.
surroreg_bare_names = False


def _spec(
    name: str,
    factory: str,
    formula: str | None,
    parameters: Iterable[Parameter] = (),
    traits: Traits = EVEN,
    examples: Iterable[dict[str, Any]] = (),
) -> SurrogateSpec:
    return SurrogateSpec(
        name=name,
        factory=f"snntorch.surrogate:{factory}",
        formula=formula,
        parameters=tuple(parameters),
        traits=traits,
        examples=tuple(examples),
        summary=f"snntorch.surrogate.{factory}.",
        references=(Reference("https://pypi.org/project/snntorch/1.0.0/"),),
    )


ONE_SIDED = Traits(even=False, non_negative=True, kinks=("0",))
SLOPE = steepness("slope", 25)

OFFERED = (
    _spec("atan", "atan", "alpha/2/(1 + (pi/2*alpha*x)**2)", [steepness("alpha", 2)]),
    _spec("fast_sigmoid", "fast_sigmoid", "1/(1 + slope*Abs(x))**2", [SLOPE], CUSP),
    _spec("sigmoid", "sigmoid", "slope*exp(-slope*x)/(1 + exp(-slope*x))**2", [SLOPE]),
    _spec("heaviside", "heaviside", "Piecewise((1, x > 0), (0, True))", (), ONE_SIDED),
    _spec(
        "straight_through_estimator",
        "straight_through_estimator",
        "1",
        (),
        Traits(even=True, non_negative=True, reads="nothing"),
    ),
    _spec(
        "triangular",
        "triangular",
        "Piecewise((threshold, x < 0), (-threshold, True))",
        [number("threshold", 1, "A gain.", gt=0)],
        Traits(even=False, non_negative=False, kinks=("0",)),
    ),
    _spec(
        "spike_rate_escape",
        "spike_rate_escape",
        "slope*exp(-beta*Abs(x - 1))",
        [steepness("beta", 1), number("slope", 25, "Height of the peak.", gt=0)],
        Traits(even=False, non_negative=True, kinks=("1",)),
    ),
    _spec(
        "sso",
        "SSO",
        "Piecewise((1, x > 0), ((U - 1/2 + mean)*variance, True))",
        [number("mean", 0, "Mean of the noise."), number("variance", 0.2, "Scale of the noise.", ge=0)],
        Traits(stochastic=True, even=False, non_negative=False, kinks=("0",)),
        [{"mean": 0.25}],
    ),
    _spec(
        "lso",
        "LSO",
        "Piecewise((1, x > 0), (slope, True))",  # the documented formula: the code does not run
        [number("slope", 0.1, "Gradient below threshold.", ge=0)],
        ONE_SIDED,
    ),
    _spec(
        "sfs",
        "SFS",
        "Piecewise((1/(1 + slope*Abs(x))**2, x > B), (0, True))",
        [SLOPE, number("B", 1, "Where the gradient begins.")],
        Traits(even=False, non_negative=True, kinks=("0", "B")),
    ),
    _spec(
        "custom_surrogate",
        "custom_surrogate",
        None,
        [Parameter("custom_surrogate_function", type=Callable, doc="f(input, upstream gradient, spikes).")],
        Traits(),
        [{"custom_surrogate_function": "surroreg.builtin.custom:unit_box"}],
    ),
)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return snnTorch's surrogates, if it is installed."""
    return provided(LIBRARY, OFFERED)
