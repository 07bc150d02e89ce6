"""The surrogates of the SNN libraries that surroreg does not have built in, as ``zoo/...``.

One convention holds for all. Inputs and widths are in membrane units. A surrogate has area 1 where its tails allow
it: its primitive is then a smooth step from 0 to 1. Where they do not, or where another is usual, the docstring
states the normalisation. No parameter is a mere gain, for every surrogate takes ``scale``.

A surrogate added to one of the modules below is found without a change here. None of them imports torch at the top,
but the kernels, which are imported when the first surrogate is built.
"""

from __future__ import annotations

from surroreg import SurrogateSpec, hookimpl

from surroreg_zoo import bells, logarithmic, periodic, tails, windows

FAMILIES = (bells, logarithmic, periodic, tails, windows)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return every spec defined in the modules of this package."""
    return [thing for family in FAMILIES for thing in vars(family).values() if isinstance(thing, SurrogateSpec)]
