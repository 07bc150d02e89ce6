"""SpikingJelly."""

from __future__ import annotations

from surroreg.libraries.table import SIGMA, SLOPE, WIDTH, Library, no_equivalent, row, same

LIBRARY = Library("SpikingJelly", module="spikingjelly.activation_based.surrogate", fires_at_zero=True, version="2.0.0")

ROWS = (
    same("ATan", {"alpha": 2.0}, "atan"),
    row("Sigmoid", {"alpha": 4.0}, "sigmoid", *SLOPE),
    row("SoftSign", {"alpha": 2.0}, "fast_sigmoid", *SLOPE, scale="alpha/2"),
    row(
        "SuperSpike",
        {"alpha": 1.0},
        "fast_sigmoid",
        {"slope": "1.0"},
        {"alpha": "scale"},
        scale="alpha",
        note="alpha is a gain here, not a slope",
    ),
    row(
        "PiecewiseQuadratic",
        {"alpha": 1.0},
        "piecewise_linear",
        {"slope": "alpha", "dampening": "alpha"},
        {"alpha": "slope"},
    ),
    row("PiecewiseExp", {"alpha": 1.0}, "zoo/exponential", *WIDTH),
    row(
        "Erf",
        {"alpha": 2.0},
        "zoo/gaussian",
        *SIGMA,
    ),
    row("NonzeroSignLogAbs", {"alpha": 1.0}, "zoo/signed_log", *SLOPE, scale="alpha"),
    row(
        "PiecewiseLeakyReLU",
        {"w": 1.0, "c": 0.01},
        "zoo/piecewise_leaky_relu",
        {"half_width": "w", "leak": "c"},
        {"w": "half_width", "c": "leak"},
    ),
    row(
        "SquarewaveFourierSeries",
        {"n": 2, "T_period": 8.0},
        "zoo/square_wave_fourier",
        {"terms": "n - 1", "period": "T_period"},
        {"n": "terms + 1", "T_period": "period"},
        note="it sums n - 1 terms",
    ),
    same("S2NN", {"alpha": 4.0, "beta": 1.0}, "zoo/s2nn"),
    row(
        "QPseudoSpike",
        {"alpha": 2.0},
        "zoo/q_pseudo_spike",
        {"q": "alpha", "width": "1.0"},
        {"alpha": "q"},
    ),
    row(
        "LeakyKReLU",
        {"leak": 0.0, "k": 1.0},
        "leaky_spike_operator",
        {"slope": "leak/k"},
        {"leak": "slope*scale", "k": "scale"},
        scale="k",
        note="at exactly zero its gradient is that of the upper side",
    ),
    same(
        "FakeNumericalGradient",
        {"alpha": 0.3},
        "zoo/fake_numerical_gradient",
        "its gradient at -0.0 is minus infinity",
    ),
    same("LogTailedReLU", {"alpha": 0.0}, "zoo/log_tailed_relu"),
    same("DeterministicPass", {}, "straight_through_estimator"),
    row("Rect", {"alpha": 1.0}, "zoo/box", *WIDTH),
    no_equivalent("PoissonPass", "its forward pass draws spikes at random: it is no step function"),
    no_equivalent("MultiLevelSpikeCount", "its forward pass counts several spikes: it is no step function"),
)
