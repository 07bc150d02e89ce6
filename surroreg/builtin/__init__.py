"""The built-in plugin. It uses what any plugin uses: specs, and the hook.

A surrogate added to one of the modules below is found without a change here. None of them imports
torch at the top: listing names must not cost what torch costs.
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
