"""What a notebook shows of a surrogate: a card in plain HTML, which loads nothing and is read in light and in dark."""

from __future__ import annotations

import contextlib
from html import escape
from typing import Any

from surroreg.drawing import curve
from surroreg.drawing.curve import Curve
from surroreg.drawing.drawable import Drawable
from surroreg.errors import SpecError, in_one_line
from surroreg.formula.mathml import mathml
from surroreg.registry import process
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import reference_to

#: The picture, and the box in it that the curve is drawn in, in pixels.
WIDTH, HEIGHT = 320.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 312.0, 10.0, 130.0

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;background:none"


def card(what: Drawable | SurrogateSpec) -> str:
    """Return the card of a surrogate, with the present values of its parameters, or of a spec, with their defaults.

    Every text of the spec's is escaped: a plugin cannot put elements of its own onto the page. It never raises for what
    a plugin does: a formula that cannot be read is shown as it is, and in place of a curve that cannot be drawn the
    card says why.
    """
    spec = what if isinstance(what, SurrogateSpec) else what.spec
    title = spec.name if isinstance(what, SurrogateSpec) else repr(what)
    blocks = [
        f'<div style="overflow-wrap:anywhere"><code><b>{escape(title)}</b></code></div>',
        f"<div>{escape(spec.summary)}</div>",
        _formula(spec),
        _table(spec, _values(what)),
        _picture_of(what),
    ]
    return f'<div class="surroreg" style="max-width:44em;line-height:1.5">{"".join(blocks)}</div>'


def _values(what: Drawable | SurrogateSpec) -> dict[str, str]:
    """Return the parameters' values as text."""
    if isinstance(what, SurrogateSpec):
        return {p.name: "required" if p.required else _shown(p.default) for p in what.parameters}
    return {name: _shown(value) for name, value in what.params.items()}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool | int):
        return str(value)
    if hasattr(value, "requires_grad"):
        text = _shown(value.item()) if value.numel() == 1 else str(value.tolist())
        return f"{text} (learns)" if value.requires_grad else text
    return reference_to(value)


def _formula(spec: SurrogateSpec) -> str:
    if spec.formula is None:
        return ""
    try:
        markup = mathml(spec.formula, {parameter.name: parameter.symbol for parameter in spec.parameters})
    except ValueError:
        markup = f"<code>d(x) = {escape(spec.formula)}</code>"
    return f'<div style="padding:.6em 0;overflow-x:auto;font-size:110%">{markup}</div>'


def _table(spec: SurrogateSpec, values: dict[str, str]) -> str:
    if not spec.parameters:
        return ""
    rows = []
    for p in spec.parameters:
        name = p.name if p.symbol in ("", p.name) else f"{p.name} ({p.symbol})"
        texts = escape(values[p.name]), escape(p.bounds), escape(p.doc)
        cells = (f'<code style="white-space:nowrap">{escape(name)}</code>', *texts)
        rows.append("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>")
    heads = "".join(f'<th style="{_CELL}">{head}</th>' for head in ("parameter", "value", "bounds", ""))
    table = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"
    style = "border-collapse:collapse;margin:.4em 0;font-size:inherit"
    return f'<div style="overflow-x:auto"><table style="{style}">{table}</table></div>'


def _picture_of(what: Drawable | SurrogateSpec) -> str:
    if isinstance(what, SurrogateSpec) and any(parameter.required for parameter in what.parameters):
        return ""
    try:
        if isinstance(what, SurrogateSpec) and what.formula is None and not _may_be_built(what):
            raise SpecError(f"there is no formula, and {what.origin} is not imported only to be looked at.")
        return picture(curve.of(what))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's code may do anything
        return f"<div><small>no curve: {escape(in_one_line(error))}</small></div>"


def _may_be_built(spec: SurrogateSpec) -> bool:
    """Whether building a spec imports nothing but what was installed for it: one that was read from JSON may."""
    roles = (spec.derivative, spec.factory)
    with contextlib.suppress(SpecError):
        return not any(isinstance(role, str) for role in roles) or bool(process.registry.name_of(spec))
    return False


def picture(drawn: Curve) -> str:
    """Return a curve as an SVG element, in the colour of the text around it."""
    least, most = (drawn.least, drawn.most) if drawn.most > drawn.least else (0.0, 1.0)

    def across(x: float) -> float:
        return LEFT + (x - drawn.low) / (drawn.high - drawn.low) * (RIGHT - LEFT)

    def up(y: float) -> float:
        return BOTTOM - (y - least) / (most - least) * (BOTTOM - TOP)

    def path(points: list[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{across(x):.2f} {up(y):.2f}" for x, y in points)

    lines = "".join(path([(point.x, point.y) for point in line]) for line in drawn.lines)
    areas = "".join(
        path([(line[0].x, 0.0), *((point.x, point.y) for point in line), (line[-1].x, 0.0)]) + "Z"
        for line in drawn.lines
    )
    bands = "".join(
        path([*((point.x, point.most) for point in line), *((point.x, point.least) for point in reversed(line))]) + "Z"
        for line in drawn.lines
        if drawn.random
    )
    level = up(0.0)
    marks = [
        *(
            (LEFT - 6, up(y) + 4, "end", f"{y:.3g}")
            for y in sorted({least, 0.0, most})
            if y == 0 or abs(up(y) - level) > 12
        ),
        (across(0.0), BOTTOM + 16, "middle", "0"),
        (LEFT, BOTTOM + 16, "start", f"{drawn.low:.3g}"),
        (RIGHT, BOTTOM + 16, "end", f"{drawn.high:.3g}"),
        ((LEFT + RIGHT) / 2, BOTTOM + 34, "middle", "membrane − threshold"),
    ]
    texts = "".join(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{side}">{text}</text>' for x, y, side, text in marks)
    told = (
        f"The derivative from {drawn.low:.3g} to {drawn.high:.3g} lies between {drawn.least:.3g} and {drawn.most:.3g}."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{HEIGHT:g}"'
        f' viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{told}" style="max-width:100%"'
        ' fill="none" stroke="currentColor">'
        f'<path class="surroreg-area" d="{areas}" fill="currentColor" fill-opacity=".12" stroke="none"/>'
        f'<path class="surroreg-band" d="{bands}" fill="currentColor" fill-opacity=".3" stroke="none"/>'
        f'<path d="M{LEFT} {level:.2f}H{RIGHT}M{LEFT} {TOP}V{BOTTOM}" stroke-opacity=".6"/>'
        f'<path d="M{across(0.0):.2f} {TOP}V{BOTTOM}" stroke-opacity=".6" stroke-dasharray="1 3"/>'
        f'<path class="surroreg-derivative" d="{lines}" stroke-width="2" stroke-linejoin="round"/>'
        f'<g fill="currentColor" stroke="none" font-size="12" font-family="sans-serif">{texts}</g>'
        "</svg>"
    )
