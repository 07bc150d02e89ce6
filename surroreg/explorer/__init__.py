"""The explorer: one page that overlays surrogates, and redraws them while a user drags their parameters.

The page is self-contained: it needs no server and no library, and fetches nothing. It computes the curves from the
formulas, which are written as JavaScript. Texts of plugins are data on the page, and a content security policy blocks
all other scripts.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib import resources
from typing import Any

import surroreg
from surroreg.errors import SpecError, SurroregError, in_one_line
from surroreg.explorer.sliders import slider
from surroreg.formula import javascript
from surroreg.specs import SurrogateSpec
from surroreg.specs.origin import is_foreign
from surroreg.specs.parameters import SCALE, SHIFT, Parameter, in_words

#: The page opens with these four shapes of the same height.
SHOWN = ("atan", "fast_sigmoid", "piecewise_linear", "tanh")
#: The most surrogates at a time. Readers cannot distinguish more curves.
MOST = 6
SCRIPTS = ("curve.js", "plot.js", "cards.js", "explorer.js")


def page(names: Iterable[str] | None = None) -> str:
    """Return the explorer as the text of one self-contained HTML page.

    The page offers every surrogate, built in or of a plugin, whose formula JavaScript can compute. It lists the other
    surrogates, each with the reason. The same installed surrogates always give the same text.

    Args:
        names: the surrogates that the page opens with, at their defaults: at most six, by default a few built-ins.

    Raises:
        UnknownSurrogateError, AmbiguousSurrogateError, PluginLoadError: as :func:`surroreg.load`.
        SurroregError: one of ``names`` has no formula to draw, or there are too many.
    """
    specs = {name: surroreg.spec(name) for name in surroreg.names()}
    shown = [_known(name, specs) for name in (SHOWN if names is None else names)]
    if len(shown) > MOST:
        raise SurroregError(f"{len(shown)} surrogates were asked for; more than {MOST} cannot be told apart.")
    offered, code, omitted = [], [], {}
    for name, spec in sorted(specs.items(), key=lambda item: ("/" in item[0] or ":" in item[0], item[0])):
        try:
            derivative, kinks = javascript.derivative(spec), javascript.kinks(spec)
            offered.append(describe(name, spec))
            code.append(f"[{derivative}, {kinks}]")
        except SpecError as error:
            omitted[name] = str(error).removeprefix(f"{spec.name}: ")
        except Exception as error:  # a plugin that fails must not take the page from the others
            if not is_foreign(spec):
                raise
            omitted[name] = in_one_line(error)
    for name in shown:
        if name in omitted:
            raise SurroregError(f"{name!r} cannot be explored: {omitted[name]}")
    data = {
        "version": surroreg.__version__,
        "most": MOST,
        "surrogates": offered,
        "omitted": [{"name": name, "reason": reason} for name, reason in omitted.items()],
        "shown": shown,
    }
    # "</script>" in a text would end the script. JSON has an escape for "<".
    constant = f"const DATA = {json.dumps(data)};".replace("<", "\\u003c")
    functions = "const FUNCTIONS = [\n  {},\n];".format(",\n  ".join(code))
    script = "\n".join(['"use strict";', constant, functions, *map(_file, SCRIPTS)])
    style = _file("explorer.css")
    policy = f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; base-uri 'none'"
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script}
    before, *rest = _file("explorer.html").split("@@")
    return before + "".join(parts.get(part, part) for part in rest)


def describe(name: str, spec: SurrogateSpec) -> dict[str, Any]:
    """Return the description of a surrogate on the page, JSON-safe, with its sliders.

    Raises:
        SpecError: the surrogate requires a value that no slider can give.
    """
    example = spec.examples[0] if spec.examples else {}
    # An optional parameter that is no number cannot be in the formula, and keeps its default.
    own = [p for p in spec.parameters if p.type in (int, float) or p.required]
    for parameter in own:
        if parameter.type not in (int, float) or (parameter.required and parameter.name not in example):
            raise SpecError(f"{spec.name}: it requires a value for {parameter.name!r}.")
    adjustable = spec.derivative is not None and spec.base is None
    parameters = [(p, example[p.name] if p.required else p.default) for p in own]
    parameters += [(p, p.default) for p in ((SCALE, SHIFT) if adjustable else ())]
    return {
        "name": name,
        "summary": spec.summary,
        "description": " ".join(spec.description.replace("``", "").split()),
        "formula": spec.formula,
        "references": [reference.url for reference in spec.references],
        "random": spec.traits.stochastic,
        "fires_at_zero": spec.traits.fires_at_zero,
        "adjustable": adjustable,
        "parameters": [_described(parameter, value) for parameter, value in parameters],
    }


def _described(parameter: Parameter, value: Any) -> dict[str, Any]:
    bounds = {key: getattr(parameter, key) for key in ("gt", "ge", "lt", "le")}
    return {
        "name": parameter.name,
        "symbol": parameter.symbol,
        "doc": parameter.doc,
        "value": value,
        "whole": parameter.type is int,
        "always": parameter not in (SCALE, SHIFT),
        "bounds": {key: bound for key, bound in bounds.items() if bound is not None},
        "bounds_text": parameter.bounds,
        "range": parameter.range,
        "range_text": in_words(parameter.range),
        "slider": asdict(slider(parameter, value)),
    }


def _known(name: str, specs: dict[str, SurrogateSpec]) -> str:
    """Return the name of a surrogate among ``specs``. Add a surrogate that is not registered, under the given name."""
    spec = surroreg.spec(name)
    for listed, other in specs.items():
        if other is spec:
            return listed
    specs[name] = spec
    return name


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
