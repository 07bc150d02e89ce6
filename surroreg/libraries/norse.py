"""Norse: its surrogates are methods with one parameter, alpha. Its neurons set the default of alpha."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from surroreg.libraries.table import SIGMA, SLOPE, Library, no_equivalent, row


def build(module: Any, name: str, params: Mapping[str, Any]) -> Any:
    """Return the method as a function of the membrane minus the threshold."""
    return functools.partial(module.threshold, method=name, **params)


LIBRARY = Library(
    "Norse",
    module="norse.torch.functional.threshold",
    fires_at_zero=False,
    version="1.1.0",
    build=build,
    line="method={name!r}, {arguments}",
)

ROWS = (
    row(
        "super superspike_fn super_fn",
        {"alpha": 100.0},
        "fast_sigmoid",
        {"slope": "1.0"},
        {},
        note="Norse 1.1.0 ignores alpha; on its main branch, and before 1.1.0, alpha is the slope",
    ),
    row(
        "triangle triangle_fn",
        {"alpha": 100.0},
        "piecewise_linear",
        {"slope": "1.0", "dampening": "alpha"},
        {"alpha": "scale"},
    ),
    row("tanh heavi_tanh_fn", {"alpha": 100.0}, "tanh", *SLOPE),
    row(
        "circ heavi_circ_fn",
        {"alpha": 100.0},
        "zoo/circular",
        {"width": "alpha"},
        {"alpha": "width"},
        scale="2*alpha",
    ),
    row(
        "heavi_erfc heavi_erfc_fn",
        {"alpha": 100.0},
        "zoo/gaussian",
        *SIGMA,
        scale="2/alpha",
    ),
    no_equivalent("heaviside", "it has no gradient"),
    no_equivalent("logistic_fn", "its forward pass draws spikes at random: it is no step function"),
    no_equivalent("circ_dist_fn", "its forward pass draws spikes at random: it is no step function"),
)
