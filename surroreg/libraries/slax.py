"""slax."""

from __future__ import annotations

from surroreg.libraries.table import Library, row, same

LIBRARY = Library("slax", module="slax.models.surrogates", fires_at_zero=True, version="0.0.1", jax=True)

ROWS = (
    same("fast_sigmoid", {"slope": 25.0}, "fast_sigmoid"),
    same("atan", {"alpha": 2.0}, "atan"),
    row(
        "multi_gauss",
        {"gamma": 0.5, "lens": 0.3, "scale": 6.0, "height": 0.15},
        "zoo/multi_gaussian",
        {"sigma": "lens", "h": "height", "s": "scale"},
        {"gamma": "scale", "lens": "sigma", "height": "h", "scale": "s"},
        scale="gamma",
    ),
)
