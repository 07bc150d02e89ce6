"""sinabs: its surrogates are functions of the membrane and of the neuron's threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surroreg.libraries.table import Library, call, row


def build(module: Any, name: str, params: Mapping[str, Any]) -> Any:
    """Return the surrogate without the threshold, which the neuron passes at each call."""
    return call(module, name, {key: value for key, value in params.items() if key != "spike_threshold"})


LIBRARY = Library("sinabs", module="sinabs.activation", fires_at_zero=True, version="3.1.3", build=build)

_THRESHOLD = "at spike_threshold=1 it is the textbook function"

ROWS = (
    row(
        "SingleExponential",
        {"grad_width": 0.5, "grad_scale": 1.0, "spike_threshold": 1.0},
        "zoo/exponential",
        {"width": "grad_width*spike_threshold"},
        {"grad_width": "width", "grad_scale": "scale/2", "spike_threshold": "1.0"},
        scale="2*grad_scale",
        note=_THRESHOLD,
    ),
    row(
        "PeriodicExponential",
        {"grad_width": 0.5, "grad_scale": 1.0, "spike_threshold": 1.0},
        "zoo/periodic_exponential",
        {"width": "grad_width", "width_above": "grad_width/2", "period": "spike_threshold"},
        {"grad_width": "width", "grad_scale": "scale", "spike_threshold": "period"},
        scale="grad_scale",
        note="above threshold it is twice as narrow as below, unlike rockpool's of that name",
    ),
    row(
        "Heaviside",
        {"window": 1.0, "spike_threshold": 1.0},
        "zoo/windowed_heaviside",
        {"window": "window"},
        {"window": "window", "spike_threshold": "1/scale"},
        scale="1/spike_threshold",
        note="its window is in membrane units, not relative to the threshold as its documentation has it",
    ),
    row(
        "Gaussian",
        {"mu": 0.0, "sigma": 0.5, "grad_scale": 1.0},
        "zoo/gaussian",
        {"sigma": "sigma"},
        {"mu": "shift", "sigma": "sigma", "grad_scale": "scale"},
        scale="grad_scale",
        shift="mu",
    ),
    row(
        "MultiGaussian",
        {"sigma": 0.5, "h": 0.15, "s": 6.0, "grad_scale": 1.0},
        "zoo/multi_gaussian",
        {"sigma": "sigma", "h": "h", "s": "s"},
        {"sigma": "sigma", "h": "h", "s": "s", "grad_scale": "scale"},
        scale="grad_scale",
        note="its mu moves only the middle one of its three bumps; here it is at its default, 0",
    ),
)
