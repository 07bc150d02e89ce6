"""Surrogates of ours that are the same function: an equivalent of one is an equivalent of the other, too."""

from __future__ import annotations

from surroreg.libraries.table import row

#: Parameters of ours that only multiply the derivative.
GAINS = {"piecewise_linear": "dampening", "spike_rate_escape": "slope", "triangular": "threshold"}

ROWS = (
    row("zoo/soft_sign", {"slope": 2.0}, "fast_sigmoid", {"slope": "slope"}, {"slope": "slope"}, "slope/2"),
    row("tanh", {"slope": 1.0}, "sigmoid", {"slope": "2*slope"}, {"slope": "slope/2"}, "2/slope"),
    row(
        "zoo/exponential",
        {"width": 1.0},
        "spike_rate_escape",
        {"beta": "1/width", "slope": "1/(2*width)"},
        {"width": "1/beta"},
        shift="-1.0",
    ),
    row(
        "fast_sigmoid",
        {"slope": 25.0},
        "zoo/q_pseudo_spike",
        {"q": "2.0", "width": "2/slope"},
        {"slope": "2/width"},
    ),
    row(
        "zoo/box",
        {"width": 1.0},
        "zoo/piecewise_leaky_relu",
        {"half_width": "width/2", "leak": "0.0"},
        {"width": "2*half_width"},
    ),
    row("heaviside", {}, "leaky_spike_operator", {"slope": "0.0"}, {}),
    row("straight_through_estimator", {}, "leaky_spike_operator", {"slope": "1.0"}, {}),
    row("heaviside", {}, "zoo/windowed_heaviside", {"window": "0.0"}, {}, note="but for exactly zero"),
)
