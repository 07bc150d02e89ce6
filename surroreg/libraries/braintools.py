"""braintools, from which BrainPy and brainstate take their surrogates."""

from __future__ import annotations

from surroreg.libraries.table import SIGMA, SLOPE, WIDTH, Library, row, same

LIBRARY = Library("braintools", module="braintools.surrogate", fires_at_zero=True, version="0.3.0", jax=True)

ROWS = (
    row("Sigmoid", {"alpha": 4.0}, "sigmoid", *SLOPE),
    row(
        "PiecewiseQuadratic",
        {"alpha": 1.0},
        "piecewise_linear",
        {"slope": "alpha", "dampening": "alpha"},
        {"alpha": "slope"},
    ),
    row("PiecewiseExp", {"alpha": 1.0}, "zoo/exponential", *WIDTH),
    row("InvSquareGrad", {"alpha": 100.0}, "fast_sigmoid", *SLOPE),
    row("SoftSign", {"alpha": 1.0}, "fast_sigmoid", *SLOPE, scale="alpha/2"),
    same("Arctan", {"alpha": 1.0}, "atan"),
    row("NonzeroSignLog", {"alpha": 1.0}, "zoo/signed_log", *SLOPE, scale="alpha"),
    row(
        "ERF",
        {"alpha": 1.0},
        "zoo/gaussian",
        *SIGMA,
    ),
    row(
        "PiecewiseLeakyRelu",
        {"c": 0.01, "w": 1.0},
        "zoo/piecewise_leaky_relu",
        {"half_width": "w", "leak": "c"},
        {"w": "half_width", "c": "leak"},
        note="at exactly abs(x) = w it has the inner value",
    ),
    row(
        "SquarewaveFourierSeries",
        {"n": 2, "t_period": 8.0},
        "zoo/square_wave_fourier",
        {"terms": "n", "period": "t_period"},
        {"n": "terms", "t_period": "period"},
    ),
    same("S2NN", {"alpha": 4.0, "beta": 1.0}, "zoo/s2nn"),
    row(
        "QPseudoSpike",
        {"alpha": 2.0},
        "zoo/q_pseudo_spike",
        {"q": "alpha", "width": "(alpha + 1)/(alpha - 1)"},
        {"alpha": "q"},
        note="it has alpha + 1 where the paper and SpikingJelly have alpha - 1; for alpha above 1 only",
    ),
    row(
        "LeakyRelu",
        {"alpha": 0.1, "beta": 1.0},
        "leaky_spike_operator",
        {"slope": "alpha/beta"},
        {"alpha": "slope*scale", "beta": "scale"},
        scale="beta",
        note="at exactly zero its gradient is that of the upper side",
    ),
    same("LogTailedRelu", {"alpha": 0.0}, "zoo/log_tailed_relu"),
    row(
        "ReluGrad",
        {"alpha": 0.3, "width": 1.0},
        "piecewise_linear",
        {"slope": "1/width", "dampening": "alpha*width"},
        {"alpha": "scale*slope", "width": "1/slope"},
    ),
    row(
        "GaussianGrad",
        {"sigma": 0.5, "alpha": 0.5},
        "zoo/gaussian",
        {"sigma": "sigma"},
        {"sigma": "sigma", "alpha": "scale"},
        scale="alpha",
    ),
    row(
        "MultiGaussianGrad",
        {"h": 0.15, "s": 6.0, "sigma": 0.5, "scale": 0.5},
        "zoo/multi_gaussian",
        {"sigma": "sigma", "h": "h", "s": "s"},
        {"sigma": "sigma", "h": "h", "s": "s", "scale": "scale"},
        scale="scale",
    ),
    row("SlayerGrad", {"alpha": 1.0}, "zoo/exponential", *WIDTH, scale="2/alpha"),
)
