"""The directive ``strip``: a row of small curves, each a link to the surrogate's card."""

from __future__ import annotations

from typing import Any

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import surroreg
from surroreg.drawing.svg import Frame
from surroreg.shape import peak

WIDTH, HEIGHT, EDGE = 160, 90, 8
CURVE = """<a class="curve" href="catalogue/builtin/{name}.html">
<svg viewBox="0 0 {width} {height}" role="img" aria-label="The derivative of {name}">
<path class="step" d="{step}"/><path class="area" d="{area}"/><path class="line" d="{line}"/>
</svg><span>{name}</span></a>"""


class Strip(SphinxDirective):
    """``.. strip:: NAME ...``: built-in surrogates, for the start page."""

    required_arguments, final_argument_whitespace = 1, True

    def run(self) -> list[nodes.Node]:
        """Return the curves side by side."""
        curves = "".join(curve(surroreg.load(name)) for name in self.arguments[0].split())
        return [nodes.raw("", f'<div class="strip">{curves}</div>', format="html")]


def curve(surrogate: surroreg.Surrogate) -> str:
    """Return the step and the derivative as SVG, from 2.5 below the threshold to 2.5 above."""
    x = torch.linspace(-2.5, 2.5, 251, dtype=torch.float64)
    heights = surrogate.derivative(x) / peak(surrogate.spec, surrogate.params)
    base = HEIGHT - EDGE
    frame = Frame((EDGE, WIDTH - EDGE), (EDGE, base), (-2.5, 2.5), (0, 1))
    line = frame.path(zip(x.tolist(), heights.tolist(), strict=True))
    return CURVE.format(
        name=surrogate.spec.name,
        width=WIDTH,
        height=HEIGHT,
        step=f"M{EDGE},{base} H{WIDTH / 2} V{EDGE} H{WIDTH - EDGE}",
        line=line,
        area=f"{line}V{base}H{EDGE}Z",
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("strip", Strip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
