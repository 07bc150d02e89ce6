"""What other libraries have for a built-in surrogate: the same function, up to scale and shift."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from surroreg.errors import NoEquivalentError, ParameterTypeError
from surroreg.translation import translate

#: Those whose surrogates are functions of a tensor, as ours are.
COMPARED = ("snntorch", "spikingjelly", "norse")
#: The documented function does not run there, snnTorch 1.0.0.
BROKEN = {("leaky_spike_operator", "snntorch")}


def peers(name: str) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return by library what is installed of the surrogates that compute what the built-in ``name`` does."""
    found: dict[str, Callable[[Tensor], Tensor]] = {}
    for library in COMPARED:
        try:
            if (name, library) not in BROKEN:
                found[library] = translate(name, to=library).peer()
        except (NoEquivalentError, ImportError, ParameterTypeError):  # the last: it needs a function of the user's
            continue
    return found
