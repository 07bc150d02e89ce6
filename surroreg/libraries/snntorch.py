"""snnTorch: the built-in surrogates have its names and defaults."""

from __future__ import annotations

from surroreg.libraries.table import Library, same

LIBRARY = Library("snnTorch", module="snntorch.surrogate", fires_at_zero=False, version="1.0.0")

_BROKEN = "broken in snnTorch to 1.0.0; here it is the documented function"

ROWS = (
    same("straight_through_estimator StraightThroughEstimator", {}, "straight_through_estimator"),
    same("triangular Triangular", {"threshold": 1.0}, "triangular"),
    same("fast_sigmoid FastSigmoid", {"slope": 25.0}, "fast_sigmoid"),
    same("atan", {"alpha": 2.0}, "atan"),
    same("heaviside", {}, "heaviside"),
    same("sigmoid", {"slope": 25.0}, "sigmoid", "its gradient is NaN in the left tail"),
    same("spike_rate_escape SpikeRateEscape", {"beta": 1.0, "slope": 25.0}, "spike_rate_escape"),
    same("SSO StochasticSpikeOperator", {"mean": 0.0, "variance": 0.2}, "stochastic_spike_operator"),
    same("LSO LeakySpikeOperator", {"slope": 0.1}, "leaky_spike_operator", _BROKEN, runs=False),
    same("SFS SparseFastSigmoid", {"slope": 25.0, "B": 1.0}, "sparse_fast_sigmoid"),
    same("custom_surrogate CustomSurrogate", {"custom_surrogate_function": None}, "custom_surrogate"),
)
