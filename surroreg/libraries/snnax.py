"""snnax."""

from __future__ import annotations

from surroreg.libraries.table import Library, no_equivalent, row

LIBRARY = Library("snnax", module="snnax.functional.surrogate", fires_at_zero=True, version="0.0.1", jax=True)

ROWS = (
    row("superspike_surrogate", {"beta": 10.0}, "zoo/signed_log", {"slope": "beta"}, {"beta": "slope"}),
    row(
        "piecewise_surrogate",
        {"beta": 0.5},
        "zoo/box",
        {"width": "2*beta"},
        {"beta": "width/2"},
        scale="2*beta",
    ),
    no_equivalent("sigmoid_surrogate", "it raises a TypeError whatever it is given (snnax 0.0.1)"),
)
