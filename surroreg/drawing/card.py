"""The card of a surrogate in a notebook: plain HTML that loads nothing, and is legible on light and dark pages."""

from __future__ import annotations

import contextlib
from html import escape

from surroreg.drawing import curve
from surroreg.drawing.drawable import Drawable
from surroreg.drawing.svg import picture
from surroreg.errors import SpecError, in_one_line
from surroreg.formula.mathml import mathml
from surroreg.registry import process
from surroreg.specs import SurrogateSpec
from surroreg.specs.display import brief, brief_default

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;background:none"


def card(surrogate: Drawable | SurrogateSpec) -> str:
    """Return the card of a surrogate with the present values of its parameters, or of a spec with their defaults.

    Every text of the spec is escaped, so a plugin cannot add elements to the page. Code of a plugin may fail: the card
    then shows the formula as it was written, and the error in place of the curve.
    """
    spec = surrogate if isinstance(surrogate, SurrogateSpec) else surrogate.spec
    title = spec.name if isinstance(surrogate, SurrogateSpec) else repr(surrogate)
    blocks = [
        f'<div style="overflow-wrap:anywhere"><code><b>{escape(title)}</b></code></div>',
        f"<div>{escape(spec.summary)}</div>",
        _formula(spec),
        _table(spec, _values(surrogate)),
        _picture_of(surrogate),
    ]
    return f'<div class="surroreg" style="max-width:44em;line-height:1.5">{"".join(blocks)}</div>'


def _values(surrogate: Drawable | SurrogateSpec) -> dict[str, str]:
    """Return the parameters' values as text."""
    if isinstance(surrogate, SurrogateSpec):
        return {parameter.name: brief_default(parameter) for parameter in surrogate.parameters}
    return {name: brief(value) for name, value in surrogate.params.items()}


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


def _picture_of(surrogate: Drawable | SurrogateSpec) -> str:
    if isinstance(surrogate, SurrogateSpec) and any(parameter.required for parameter in surrogate.parameters):
        return ""
    try:
        if isinstance(surrogate, SurrogateSpec) and surrogate.formula is None and not _may_be_built(surrogate):
            raise SpecError(f"there is no formula, and {surrogate.origin} is not imported only to be looked at.")
        return picture(curve.of(surrogate))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's code may do anything
        return f"<div><small>no curve: {escape(in_one_line(error))}</small></div>"


def _may_be_built(spec: SurrogateSpec) -> bool:
    """Whether building a spec runs only code that a user has installed. A spec from JSON may name any module."""
    roles = (spec.derivative, spec.factory)
    with contextlib.suppress(SpecError):
        return not any(isinstance(role, str) for role in roles) or bool(process.registry.name_of(spec))
    return False
