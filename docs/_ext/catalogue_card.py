"""The page of one surrogate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

import torch
from catalogue_facts import Entry, symbol
from catalogue_markup import WIDE, code, directive, link, listing, page, prose, table, text
from catalogue_plots import Plot
from catalogue_verdicts import DEVICES, EXAMPLES, Verdict
from pybtex.database import parse_string
from pybtex.richtext import Text

from surroreg.cli import bibliography
from surroreg.formula.mathml import mathml
from surroreg.libraries import KIN, LIBRARIES, ROWS, Equivalent
from surroreg.module.values import shown
from surroreg.specs.display import typeset

TYPES = {"int": "whole number", "bool": "true or false", "callable": "function"}
#: The heading of the first measured table on its page.
TABLES = "### float32, eager"


def card(entry: Entry, plots: Sequence[Plot], verdict: Verdict | None, names: set[str], benchmarks: str) -> str:
    """Return the page of a surrogate, in Markdown.

    Args:
        entry: the surrogate.
        plots: its plots.
        verdict: the result of its conformance checks; ``None`` if they did not run.
        names: the surrogates that have a page.
        benchmarks: the text of the page with the measured tables.
    """
    spec = entry.spec
    origin = f"From the plugin {code(entry.plugin)}, as {code(entry.name)}." if entry.plugin else ""
    return page(
        [
            WIDE,
            f"# {text(entry.name)}",
            prose(spec.summary),
            origin,
            listing("python", f"import surroreg\n\nspike = {entry.call}"),
            *_formula(entry),
            prose(spec.description),
            directive("div", "catalogue-plots", "\n\n".join(_figure(plot) for plot in plots)) if plots else "",
            "## Parameters",
            *_parameters(entry),
            "## Shape",
            *_shape(entry),
            "## Traits",
            "\n".join(f"- {line}" for line in _traits(entry)),
            "## In other libraries",
            *_elsewhere(entry.name, names),
            *_references(entry),
            "## Conformance",
            *_conformance(entry, verdict),
            *_speed(entry.name, benchmarks),
        ]
    )


def _formula(entry: Entry) -> Iterator[str]:
    if entry.spec.formula is None:
        return
    symbols = {parameter.name: parameter.symbol for parameter in entry.spec.parameters}
    try:
        yield directive("raw", "html", f'<div class="catalogue-formula">{mathml(entry.spec.formula, symbols)}</div>')
    except ValueError:
        yield code(f"d(x) = {entry.spec.formula}")
    if entry.spec.traits.stochastic:
        yield "Here {math}`U` is uniform on [0, 1), drawn anew for every element in every backward pass."


def _figure(plot: Plot) -> str:
    options = {"alt": plot.alt, "class": "dark-light", "loading": "lazy"}
    return directive("figure", f"../_plots/{plot.path.parent.name}/{plot.path.name}", text(plot.caption), options)


def _facts(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    return directive("table", "", table(head, rows), {"class": "catalogue-facts"})


def _parameters(entry: Entry) -> Iterator[str]:
    if not entry.spec.parameters:
        yield "None."
    else:
        rows = [
            (
                code(p.name),
                f"{{math}}`{symbol(p)}`" if p.symbol else "",
                "required" if p.required else code(shown(p.default)),
                text(p.bounds or TYPES.get(p.to_dict()["type"], "any")),
                prose(p.doc),
            )
            for p in entry.spec.parameters
        ]
        yield _facts(("name", "symbol", "default", "allowed", "meaning"), rows)
    required = [p.name for p in entry.spec.parameters if p.required]
    for name in required:
        yield f"The plots show {code(f'{name}={shown(entry.values[name])}')}." if name in entry.values else ""
    if entry.spec.derivative is not None:
        yield "Like every surrogate it also takes `scale` and `shift`, and `at_zero`."
        if entry.spec.traits.reads == "input":
            yield "For the backward pass `saved_dtype` keeps its input in fewer bytes."


def _shape(entry: Entry) -> Iterator[str]:
    shape = entry.shape
    if isinstance(shape, str):
        yield text(shape)
        return
    yield "Computed at the defaults; lengths are in membrane units."
    rows = [
        ("peak", f"{typeset(shape.peak)} at {typeset(shape.peak_at)}", "largest absolute value, and where"),
        ("area", typeset(shape.area), "integral over all inputs"),
        ("support", f"{typeset(shape.support[0])} to {typeset(shape.support[1])}", "outside it is exactly zero"),
        ("half-width", typeset(shape.half_width), "half the length of the stretch with at least half of the peak"),
        ("tail", _tail(shape.tail), "how its heavier tail falls"),
        ("Lipschitz constant", typeset(shape.lipschitz), "largest slope; ∞ if it jumps"),
    ]
    yield _facts(("", "value", "what it is"), rows)


def _tail(power: float) -> str:
    if power == 0:
        return "does not fall"
    return "ends, or falls faster than any power" if power == math.inf else f"as {{math}}`1/|x|^{{{power:g}}}`"


def _traits(entry: Entry) -> Iterator[str]:
    traits = entry.spec.traits
    yield (
        "It fires at exactly zero."
        if traits.fires_at_zero
        else "It does not fire at exactly zero, unless loaded with `at_zero=1`."
    )
    if traits.stochastic:
        yield "Random: two backward passes differ, unless they are seeded."
    if traits.even is not None:
        yield (
            "Even: the same on both sides of the threshold."
            if traits.even
            else "Not even: the two sides of the threshold differ."
        )
    if traits.non_negative is not None:
        yield (
            "Never negative." if traits.non_negative else "Negative in places: a neuron there is pushed the other way."
        )
    if kinks := traits.kinks:
        yield f"Not smooth at x = {', '.join(map(code, kinks))}."
    yield {
        "input": "It keeps its input for the backward pass.",
        "sign": "It keeps its spikes for the backward pass, which the next layer keeps anyway.",
        "nothing": "It keeps nothing for the backward pass.",
    }[traits.reads]
    if entry.learnable:
        yield "Its parameters can be learnt: it has a primitive."
    elif entry.spec.parameters:
        yield "Its parameters cannot be learnt: it has no primitive."
    if traits.stable_formula and traits.reads == "input":  # the others are one operation as they are
        yield "On a GPU its backward pass is one kernel, compiled from the formula."
    if traits.supports is not None:
        yield f"A black box that works with {', '.join(map(code, traits.supports)) or 'none of the transforms'}."


def _elsewhere(name: str, names: set[str]) -> Iterator[str]:
    """Yield the other names of a surrogate: in other libraries, and of the same function here."""
    rows = [row for row in ROWS if row.ours == name]
    if rows:
        yield _facts(
            ("library", "name there", "is here", "at zero", "note"),
            (
                (
                    _release(row),
                    " or ".join(code(each) for each in row.names) + _defaults(row),
                    code(row.call),
                    "fires" if LIBRARIES[row.library].fires_at_zero else "silent",
                    prose(row.note),
                )
                for row in rows
            ),
        )
        yield "Where it fires at exactly zero, add `at_zero=1`."
        if not all(row.verified for row in rows):
            yield "Unverified: no test has compared the row with the library."
        known = [f"{row.library}.{row.names[0]}" for row in rows if None not in row.theirs.values()]
        yield f"For example, `surroreg translate {known[-1]}` writes the line that loads it." if known else ""
    else:
        yield "No other library is known to have it under a name of its own."
    for kin in KIN:
        for ours in kin.names if kin.ours == name else ():
            yield f"{_linked(ours, names)}{_defaults(kin)} is the same function: {code(kin.call)}{_noted(kin)}."
        if name in kin.names:
            yield f"It is also {_linked(kin.ours, names)}: {code(kin.call)}{_noted(kin)}."


def _release(row: Equivalent) -> str:
    """Return the release of a library that a row is about, with a mark if the row is unverified."""
    library = LIBRARIES[row.library]
    return " ".join(filter(None, (library.title, library.version, "" if row.verified else "(unverified)")))


def _defaults(row: Equivalent) -> str:
    return f" with {code(row.signature)}" if row.signature else ""


def _noted(row: Equivalent) -> str:
    return f", {prose(row.note)}" if row.note else ""


def _linked(name: str, names: set[str]) -> str:
    path = name if "/" in name else f"builtin/{name}"
    return f"[{code(name)}](../{path}.md)" if name in names else code(name)


def _references(entry: Entry) -> Iterator[str]:
    if not entry.spec.references:
        return
    yield "## References"
    for reference in entry.spec.references:
        bibtex = bibliography.known(reference)
        yield f"- {link(_title(bibtex) if bibtex else reference.identifier, reference.url)}"
        yield directive("dropdown", "BibTeX", listing("bibtex", bibliography.entry(reference)))


def _title(bibtex: str) -> str:
    """Return authors, year and title of an entry, as text."""
    (entry,) = parse_string(bibtex, "bibtex").entries.values()
    names = [" ".join(person.prelast_names + person.last_names) for person in entry.persons.get("author", ())]
    who = " & ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return str(Text.from_latex(f"{who} ({entry.fields.get('year', 'n.d.')}). {entry.fields.get('title', '')}"))


def _conformance(entry: Entry, verdict: Verdict | None) -> Iterator[str]:
    from surroreg.conformance.report import SHOWN

    again = f"`surroreg check {entry.name}` runs the checks."
    if verdict is None:
        yield f"Not checked in this build. {again}"
    elif verdict.trouble:
        yield f"It could not be checked: {text(verdict.trouble)}"
    else:
        counts = {"failed": 0, "unverified": 0, **verdict.counts}
        results = ", ".join(f"**{counts[status]}** {words}" for status, words in SHOWN.items() if status in counts)
        where = f"on {' and '.join(DEVICES)}, not on a GPU, with torch {torch.__version__}"
        yield f"{results}; {where} and {EXAMPLES} examples a check. {again}"
        yield "\n".join(f"- {code(check)}: {text(message)}" for check, message in verdict.failed.items())


def _speed(name: str, benchmarks: str) -> Iterator[str]:
    """Yield the row of a surrogate in the first table, float32 and eager, if any, with a link to the other tables."""
    lines = benchmarks.partition(TABLES)[2].splitlines()
    heads = [line for line in lines if line.startswith("| surrogate |")]
    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    if heads and rows:
        yield "## Speed"
        yield "\n".join([heads[0], re.sub(r"[^|]+", "---", heads[0]), rows[0]])
        yield (
            "One forward and one backward pass on a CPU, eager, float32, in blocks of calls: the time, the limit L "
            "of the memory, and how many times longer snnTorch (sn), SpikingJelly (sj) and Norse (no) take. [How it is "
            "measured, and the other tables](../../benchmarks.md)."
        )
