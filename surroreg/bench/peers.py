"""What other libraries have for a built-in surrogate: the same function, up to scale and shift."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor

#: Of each library, the module that holds its surrogates.
MODULES = {
    "snntorch": "snntorch.surrogate",
    "spikingjelly": "spikingjelly.activation_based.surrogate",
    "norse": "norse.torch.functional.threshold",
}

#: By built-in, at its defaults: library, name and arguments there. snnTorch 1.0.0's LSO does not run.
EQUIVALENTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "atan": [("snntorch", "atan", {}), ("spikingjelly", "ATan", {"alpha": 2.0})],
    "fast_sigmoid": [
        ("snntorch", "fast_sigmoid", {}),
        ("spikingjelly", "SoftSign", {"alpha": 25.0}),
    ],
    "heaviside": [("snntorch", "heaviside", {}), ("spikingjelly", "LeakyKReLU", {"leak": 0.0, "k": 1.0})],
    "leaky_spike_operator": [("spikingjelly", "LeakyKReLU", {"leak": 0.1, "k": 1.0})],
    "piecewise_linear": [
        ("spikingjelly", "PiecewiseQuadratic", {"alpha": 1.0}),
        ("norse", "triangle_fn", {"alpha": 1.0}),
    ],
    "sigmoid": [("snntorch", "sigmoid", {}), ("spikingjelly", "Sigmoid", {"alpha": 25.0})],
    "sparse_fast_sigmoid": [("snntorch", "SFS", {})],
    "spike_rate_escape": [("snntorch", "spike_rate_escape", {}), ("spikingjelly", "PiecewiseExp", {"alpha": 1.0})],
    "stochastic_spike_operator": [("snntorch", "SSO", {})],
    "straight_through_estimator": [
        ("snntorch", "straight_through_estimator", {}),
        ("spikingjelly", "DeterministicPass", {}),
    ],
    "tanh": [("norse", "heavi_tanh_fn", {"k": 1.0})],
    "triangular": [("snntorch", "triangular", {})],
}


def peers(name: str) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return by library what is installed of the surrogates that compute what the built-in ``name`` does."""
    found: dict[str, Callable[[Tensor], Tensor]] = {}
    for library, attribute, arguments in EQUIVALENTS.get(name, []):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what a library warns of when it is imported
                made = getattr(importlib.import_module(MODULES[library]), attribute)
        except ImportError:
            continue
        # Norse's are functions of the membrane, the others' make one.
        found[library] = functools.partial(made, **arguments) if library == "norse" else made(**arguments)
    return found
