"""The equivalents of a built-in surrogate in other libraries, up to scale and shift."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from surroreg.errors import NoEquivalentError, ParameterTypeError
from surroreg.translation import translate

#: The libraries whose surrogates are functions of a tensor, as ours are.
COMPARED = ("snntorch", "spikingjelly", "norse")
#: Surrogates that do not run in a library: this one raises in snnTorch 1.0.0.
BROKEN = {("leaky_spike_operator", "snntorch")}


def peers(name: str) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return the equivalents of a built-in surrogate by library, for the libraries that are installed."""
    equivalents: dict[str, Callable[[Tensor], Tensor]] = {}
    for library in COMPARED:
        try:
            if (name, library) not in BROKEN:
                equivalents[library] = translate(name, to=library).peer()
        except (NoEquivalentError, ImportError, ParameterTypeError):  # ParameterTypeError: it needs a user's function
            continue
    return equivalents
