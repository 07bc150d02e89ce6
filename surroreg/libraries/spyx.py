"""spyx."""

from __future__ import annotations

from surroreg.libraries.table import Library, no_equivalent, row

LIBRARY = Library("spyx", module="spyx.axn", fires_at_zero=False, version="1.0.0", jax=True)

ROWS = (
    row("tanh", {"k": 1.0}, "tanh", {"slope": "k"}, {"k": "slope"}),
    row(
        "boxcar",
        {"width": 2.0, "height": 0.5},
        "zoo/box",
        {"width": "width"},
        {"width": "width", "height": "scale/width"},
        scale="height*width",
    ),
    row("triangular", {"k": 2.0}, "piecewise_linear", {"slope": "k", "dampening": "1.0"}, {"k": "slope"}),
    row(
        "arctan",
        {"k": 2.0},
        "atan",
        {"alpha": "2*k"},
        {"k": "alpha/2"},
        scale="1/(pi*k)",
        note="its peak is 1/pi whatever k",
    ),
    row("superspike", {"k": 25.0}, "fast_sigmoid", {"slope": "k"}, {"k": "slope"}),
    no_equivalent("custom", "its gradient is the function you give it, by default x itself; see custom_surrogate"),
)
