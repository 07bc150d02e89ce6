"""The surrogates of the SNN libraries that surroreg does not have built in, as ``zoo/...``.

All surrogates follow one convention. Inputs and widths are in membrane units. A surrogate has area 1 if its tails allow
it: its primitive is then a smooth step from 0 to 1. Otherwise, or if another normalisation is usual, the docstring
states the normalisation. No parameter only multiplies the derivative, because every surrogate takes ``scale``.

The hook finds a surrogate in the modules below without a change here. None of them imports torch at the top. Only the
kernels do, and they are imported when the first surrogate is built.
"""

from __future__ import annotations

from surroreg import SurrogateSpec, hookimpl

from surroreg_zoo import bells, logarithmic, periodic, tails, windows

FAMILIES = (bells, logarithmic, periodic, tails, windows)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return every spec defined in the modules of this package."""
    return [thing for family in FAMILIES for thing in vars(family).values() if isinstance(thing, SurrogateSpec)]
