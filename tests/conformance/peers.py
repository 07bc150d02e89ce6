"""The surrogates of snnTorch and SpikingJelly as plugins, taken as they are.

Names are the libraries' own in snake case. Formulas are what the code does, not what its documentation says; bounds
are those within which the formula means something, for neither library declares any. A plugin whose library is not
installed offers nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import surroreg
from surroreg import Parameter, SurrogateSpec, Traits

EVEN = Traits(even=True, non_negative=True)
CUSP = Traits(even=True, non_negative=True, kinks=("0",))


@dataclass(frozen=True)
class Plugin:
    """A library as a plugin.

    Args:
        library: the package to import.
        version: the one whose results are recorded.
        offered: its surrogates, installed or not.
    """

    library: str
    version: str
    offered: Sequence[SurrogateSpec]

    @property
    def missing(self) -> str:
        """Why the library cannot be checked, or an empty string."""
        found = importlib.util.find_spec(self.library)
        return "" if found else f"{self.library} is not installed: its surrogates are NOT VERIFIED"

    @property
    def specs(self) -> list[SurrogateSpec]:
        """The surrogates that are there to be checked."""
        return [] if self.missing else list(self.offered)

    @surroreg.hookimpl
    def surroreg_surrogates(self) -> list[SurrogateSpec]:
        """Return them, for ``surroreg check peers:SNNTORCH``."""
        return self.specs


def _number(name: str, default: float, doc: str, **bounds: float) -> Parameter:
    return Parameter(name, default, doc=doc, **bounds)  # type: ignore[arg-type]


def _steepness(name: str, default: float) -> Parameter:
    return _number(name, default, "Steepness.", gt=0)


# -- snnTorch ---------------------------------------------------------------------------------------


def _snntorch(
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
        references=("https://pypi.org/project/snntorch/1.0.0/",),
    )


ONE_SIDED = Traits(even=False, non_negative=True, kinks=("0",))
SLOPE = _steepness("slope", 25)

SNNTORCH = Plugin(
    "snntorch",
    "1.0.0",
    (
        _snntorch("atan", "atan", "alpha/2/(1 + (pi/2*alpha*x)**2)", [_steepness("alpha", 2)]),
        _snntorch("fast_sigmoid", "fast_sigmoid", "1/(1 + slope*Abs(x))**2", [SLOPE], CUSP),
        _snntorch("sigmoid", "sigmoid", "slope*exp(-slope*x)/(1 + exp(-slope*x))**2", [SLOPE]),
        _snntorch("heaviside", "heaviside", "Piecewise((1, x > 0), (0, True))", (), ONE_SIDED),
        _snntorch(
            "straight_through_estimator",
            "straight_through_estimator",
            "1",
            (),
            Traits(even=True, non_negative=True, reads="nothing"),
        ),
        _snntorch(
            "triangular",
            "triangular",
            "Piecewise((threshold, x < 0), (-threshold, True))",
            [_number("threshold", 1, "A gain.", gt=0)],
            Traits(even=False, non_negative=False, kinks=("0",)),
        ),
        _snntorch(
            "spike_rate_escape",
            "spike_rate_escape",
            "slope*exp(-beta*Abs(x - 1))",
            [_steepness("beta", 1), _number("slope", 25, "Height of the peak.", gt=0)],
            Traits(even=False, non_negative=True, kinks=("1",)),
        ),
        _snntorch(
            "sso",
            "SSO",
            "Piecewise((1, x > 0), ((U - 1/2 + mean)*variance, True))",
            [_number("mean", 0, "Mean of the noise."), _number("variance", 0.2, "Scale of the noise.", ge=0)],
            Traits(stochastic=True, even=False, non_negative=False, kinks=("0",)),
            [{"mean": 0.25}],
        ),
        _snntorch(
            "lso",
            "LSO",
            "Piecewise((1, x > 0), (slope, True))",  # as documented: it does not run
            [_number("slope", 0.1, "Gradient below threshold.", ge=0)],
            ONE_SIDED,
        ),
        _snntorch(
            "sfs",
            "SFS",
            "Piecewise((1/(1 + slope*Abs(x))**2, x > B), (0, True))",
            [SLOPE, _number("B", 1, "Where the gradient begins.")],
            Traits(even=False, non_negative=True, kinks=("0", "B")),
        ),
        _snntorch(
            "custom_surrogate",
            "custom_surrogate",
            None,
            [Parameter("custom_surrogate_function", type=Callable, doc="f(input, upstream gradient, spikes).")],
            Traits(),
            [{"custom_surrogate_function": "surroreg.builtin.custom:unit_box"}],
        ),
    ),
)


# -- SpikingJelly -----------------------------------------------------------------------------------
# Its classes take ``spiking`` besides, which turns the surrogate into its primitive; left at its default here.


def _made(kind: str, **params: Any) -> Any:
    from spikingjelly.activation_based import surrogate

    return getattr(surrogate, kind)(**params)


def piecewise_quadratic(alpha: float) -> Any:
    return _made("PiecewiseQuadratic", alpha=alpha)


def piecewise_exp(alpha: float) -> Any:
    return _made("PiecewiseExp", alpha=alpha)


def sigmoid(alpha: float) -> Any:
    return _made("Sigmoid", alpha=alpha)


def soft_sign(alpha: float) -> Any:
    return _made("SoftSign", alpha=alpha)


def super_spike(alpha: float) -> Any:
    return _made("SuperSpike", alpha=alpha)


def atan(alpha: float) -> Any:
    return _made("ATan", alpha=alpha)


def nonzero_sign_log_abs(alpha: float) -> Any:
    return _made("NonzeroSignLogAbs", alpha=alpha)


def erf(alpha: float) -> Any:
    return _made("Erf", alpha=alpha)


def piecewise_leaky_relu(w: float, c: float) -> Any:
    return _made("PiecewiseLeakyReLU", w=w, c=c)


def squarewave_fourier_series(n: int, T_period: float) -> Any:
    return _made("SquarewaveFourierSeries", n=n, T_period=T_period)


def s2nn(alpha: float, beta: float) -> Any:
    return _made("S2NN", alpha=alpha, beta=beta)


def q_pseudo_spike(alpha: float) -> Any:
    return _made("QPseudoSpike", alpha=alpha)


def leaky_k_relu(leak: float, k: float) -> Any:
    return _made("LeakyKReLU", leak=leak, k=k)


def fake_numerical_gradient(alpha: float) -> Any:
    return _made("FakeNumericalGradient", alpha=alpha)


def log_tailed_relu(alpha: float) -> Any:
    return _made("LogTailedReLU", alpha=alpha)


def deterministic_pass() -> Any:
    return _made("DeterministicPass")


def poisson_pass() -> Any:
    return _made("PoissonPass")


def multi_level_spike_count(max_spike_count: int) -> Any:
    return _made("MultiLevelSpikeCount", max_spike_count=max_spike_count)


def rect(alpha: float) -> Any:
    return _made("Rect", alpha=alpha)


def _spikingjelly(
    kind: str,
    factory: Callable[..., Any],
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
        name=factory.__name__,
        factory=factory,
        formula=formula,
        parameters=tuple(parameters),
        traits=Traits(fires_at_zero=fires_at_zero, even=even, non_negative=non_negative, **traits),
        examples=tuple(examples),
        summary=f"spikingjelly.activation_based.surrogate.{kind}.",
        references=("https://pypi.org/project/spikingjelly/2.0.0/",),
    )


ALPHA_1, ALPHA_2, ALPHA_4 = (_steepness("alpha", default) for default in (1, 2, 4))

SPIKINGJELLY = Plugin(
    "spikingjelly",
    "2.0.0",
    (
        _spikingjelly(
            "PiecewiseQuadratic",
            piecewise_quadratic,
            "alpha*Max(0, 1 - alpha*Abs(x))",
            [ALPHA_1],
            kinks=("-1/alpha", "0", "1/alpha"),
        ),
        _spikingjelly("PiecewiseExp", piecewise_exp, "alpha/2*exp(-alpha*Abs(x))", [ALPHA_1], kinks=("0",)),
        _spikingjelly("Sigmoid", sigmoid, "alpha*exp(-alpha*x)/(1 + exp(-alpha*x))**2", [ALPHA_4]),
        _spikingjelly("SoftSign", soft_sign, "alpha/2/(1 + alpha*Abs(x))**2", [ALPHA_2], kinks=("0",)),
        _spikingjelly(
            "SuperSpike",
            super_spike,
            "alpha/(1 + Abs(x))**2",
            [_number("alpha", 1, "Height of the peak.", gt=0)],
            kinks=("0",),
        ),
        _spikingjelly("ATan", atan, "alpha/2/(1 + (pi/2*alpha*x)**2)", [ALPHA_2]),
        _spikingjelly("NonzeroSignLogAbs", nonzero_sign_log_abs, "1/(1/alpha + Abs(x))", [ALPHA_1], kinks=("0",)),
        _spikingjelly("Erf", erf, "alpha/sqrt(pi)*exp(-(alpha*x)**2)", [ALPHA_2]),
        _spikingjelly(
            "PiecewiseLeakyReLU",
            piecewise_leaky_relu,
            "Piecewise((1/(2*w), Abs(x) < w), (c, True))",
            [_number("w", 1, "Half-width.", gt=0), _number("c", 0.01, "Gradient outside.", ge=0)],
            kinks=("-w", "w"),
        ),
        _spikingjelly(
            "SquarewaveFourierSeries",
            squarewave_fourier_series,
            # The sum of cos((2*i - 1)*2*pi*x/T_period) over i from 1 to n - 1, times 4/T_period.
            "2/T_period*chebyshevu(2*n - 3, cos(2*pi*x/T_period))",
            [
                Parameter("n", 2, type=int, ge=2, doc="Number of terms, plus one."),
                _number("T_period", 8, "Period.", gt=0),
            ],
            non_negative=False,
        ),
        _spikingjelly(
            "S2NN",
            s2nn,
            "Piecewise((alpha*exp(alpha*x)/(1 + exp(alpha*x))**2, x < 0), (beta/(x + 1), True))",
            [
                _number("alpha", 4, "Steepness below threshold.", gt=0),
                _number("beta", 1, "Gradient at threshold.", gt=0),
            ],
            even=False,
            kinks=("0",),
        ),
        _spikingjelly(
            "QPseudoSpike",
            q_pseudo_spike,
            "(1 + 2/(alpha - 1)*Abs(x))**(-alpha)",
            [_number("alpha", 2, "Thinness of the tails.", gt=1)],
            kinks=("0",),
        ),
        _spikingjelly(
            "LeakyKReLU",
            leaky_k_relu,
            "Piecewise((k, x >= 0), (leak, True))",
            [_number("leak", 0, "Gradient below threshold.", ge=0), _number("k", 1, "Gradient above.", gt=0)],
            even=False,
            kinks=("0",),
            examples=[{"leak": 0.1}],
        ),
        _spikingjelly(
            "FakeNumericalGradient",
            fake_numerical_gradient,
            "Min(alpha, 1/Abs(x))",
            [_number("alpha", 0.3, "Height of the peak.", gt=0)],
            kinks=("-1/alpha", "1/alpha"),
        ),
        _spikingjelly(
            "LogTailedReLU",
            log_tailed_relu,
            "Piecewise((alpha, x <= 0), (1, x <= 1), (1/x, True))",
            [_number("alpha", 0, "Gradient below threshold.", ge=0)],
            even=False,
            kinks=("0", "1"),
            examples=[{"alpha": 0.1}],
        ),
        _spikingjelly("DeterministicPass", deterministic_pass, "1", reads="nothing"),
        _spikingjelly("PoissonPass", poisson_pass, "1", reads="nothing", fires_at_zero=False),
        _spikingjelly(
            "MultiLevelSpikeCount",
            multi_level_spike_count,
            "Piecewise((1, (x >= 0) & (x <= max_spike_count)), (0, True))",
            [Parameter("max_spike_count", type=int, ge=1, doc="Largest number of spikes.")],
            fires_at_zero=False,
            even=False,
            kinks=("0", "max_spike_count"),
            examples=[{"max_spike_count": 1}, {"max_spike_count": 4}],
        ),
        _spikingjelly(
            "Rect",
            rect,
            "Piecewise((alpha, Abs(x) < 1/(2*alpha)), (0, True))",
            [ALPHA_1],
            kinks=("-1/(2*alpha)", "1/(2*alpha)"),
        ),
    ),
)

PLUGINS = (SNNTORCH, SPIKINGJELLY)
