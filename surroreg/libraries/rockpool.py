"""rockpool: its neurons take the class of a surrogate; window and threshold are parameters of the neuron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surroreg.libraries.table import Library, row


def build(module: Any, name: str, params: Mapping[str, Any]) -> Any:
    """Return the class: rockpool's neurons take no instance."""
    return getattr(module, name)


LIBRARY = Library(
    "rockpool",
    module="rockpool.nn.modules.torch.lif_torch",
    fires_at_zero=True,
    version="3.1.0",
    build=build,
)

ROWS = (
    row(
        "StepPWL",
        {"window": 0.5, "threshold": 1.0},
        "zoo/windowed_heaviside",
        {"window": "window"},
        {"window": "window", "threshold": "1/scale"},
        scale="1/threshold",
    ),
    row(
        "PeriodicExponential",
        {"window": 0.5, "threshold": 1.0},
        "zoo/periodic_exponential",
        {"width": "window", "width_above": "window", "period": "threshold"},
        {"window": "width", "threshold": "period"},
        scale="1/threshold",
    ),
)
