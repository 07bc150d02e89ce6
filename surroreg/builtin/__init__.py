"""The built-in plugin. Like any plugin, it has specs and the hook.

The hook finds a surrogate in the modules below without a change here. None of them imports torch at the top, or
listing names would take as long as importing torch.
"""

from __future__ import annotations

from surroreg.builtin import custom, exponential, inverse, piecewise, sigmoidal, stochastic
from surroreg.hookspecs import hookimpl
from surroreg.specs import SurrogateSpec

FAMILIES = (custom, exponential, inverse, piecewise, sigmoidal, stochastic)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return every spec defined in the modules of this package."""
    return [thing for family in FAMILIES for thing in vars(family).values() if isinstance(thing, SurrogateSpec)]
