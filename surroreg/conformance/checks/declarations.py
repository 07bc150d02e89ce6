"""What a spec declares beside its formula: the kinks, and the texts that a reader relies on."""

from __future__ import annotations

import re
from collections import Counter

from surroreg import formula
from surroreg.conformance.case import Case, shown
from surroreg.conformance.draws import drawn
from surroreg.conformance.table import FORMULA, ConformanceError, NotVerifiedError, check
from surroreg.errors import SpecError
from surroreg.formula.switches import MOST, Switches

#: Words that stand for a text that is still to be written.
UNWRITTEN = re.compile(
    r"(todo|tbd|tba|fixme|xxx+|n/?a|none|null|unknown|placeholder|lorem ipsum|describe me|doc|text|string)\b[\W_]*$"
    r"|(todo|tbd|fixme|xxx+|lorem ipsum)\b",
    re.IGNORECASE,
)
#: References of templates, and references without a number.
PLACEHOLDER = re.compile(
    r"todo|tbd|fixme|xxx|placeholder|your[-_.]|//(www\.)?example\.|\.example\b|localhost|//127\.|^doi:10\.(0+|1234\d?)/"
    r"|^arxiv:(0000\.0|1234\.5)",
    re.IGNORECASE,
)
FORMS = (
    re.compile(r"doi:10\.\d{4,9}(\.\d+)*/\S+"),
    re.compile(r"arxiv:(\d{2}(0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?"),
    re.compile(r"https?://[^\s/]+\.[^\s/]+(/\S*)?"),
)


@check(
    "The declared kinks are those of the formula: none is missing, none is elsewhere",
    why="At a kink no slope is compared, and the Lipschitz constant and plots are computed around the declared places.",
    gate=FORMULA,
    sweep="once",
    devices=("cpu",),
)
def kinks(case: Case) -> None:
    """Where value or slope of the formula jumps, with many digits: at the defaults and at two other sets of values."""
    if any(p.type not in (int, float) for p in case.spec.parameters):
        raise NotVerifiedError("it has a parameter that is no number")
    cases = list(drawn(case))
    for values, each in (cases[0], *cases[1:][-2:]):
        try:
            _hold_kinks(each, values)
        except SpecError as error:  # spec_complete reports it
            raise NotVerifiedError(f"the formula cannot be read: {error}") from error


def _hold_kinks(case: Case, values: str) -> None:
    switches = Switches(case.spec, case.params)
    declared = formula.kinks(case.spec, case.params)
    for kink in declared:
        if not switches.at(kink):
            promise = f"at a declared kink the formula may fail to be smooth (traits: kinks){values}"
            raise ConformanceError(promise, at=f"x = {shown(kink)}", got="a smooth formula")
    if not switches.switches:
        return
    changes = switches.changes(_grid(case, declared))
    if len(changes) > MOST:  # without end, so only the kinks between those that are declared can be asked for
        inside = [pair for pair in changes if declared and declared[0] <= pair[0] and pair[1] <= declared[-1]]
        changes = inside[:MOST]
    for place in {switches.narrowed(*pair) for pair in changes}:
        near = any(abs(place - kink) <= 1e-8 * abs(place) + 1e-12 for kink in declared)
        if not near and switches.kinked(place):
            promise = f"where value or slope of the formula jumps, a kink is declared (traits: kinks){values}"
            raise ConformanceError(promise, at=f"x = {shown(place)}", got=f"kinks at {declared}")


def _grid(case: Case, declared: list[float]) -> list[float]:
    """Return inputs on both sides of zero, of the declared kinks, and of lengths that the parameters suggest."""
    numbers = [abs(v) for v in case.params.values() if isinstance(v, (int, float)) and v]
    centres = {0.0, *declared, *(sign * size for v in numbers for size in (v, 1 / v) for sign in (1, -1))}
    sizes = [1.0137 * 10.0 ** (power / 2) for power in range(-18, 9)]
    around = {centre + sign * abs(centre or 1) * size for centre in centres for size in (1e-3, 0.1) for sign in (1, -1)}
    steps = {step / 4 + 0.013 for step in range(-24, 25)}
    return sorted({*around, *steps, *sizes, *(-size for size in sizes)})


@check(
    "The texts of the spec are written, its symbols differ, and its references can be looked up",
    why="Catalogue and help print them. TODO explains nothing, and a formula with two parameters k is ambiguous.",
    bug="A template's placeholders that were published with the plugin.",
    sweep="once",
    devices=("cpu",),
)
def texts_written(case: Case) -> None:
    """Summary, docs of the parameters, symbols and references."""
    if case.bare is not None:
        raise NotVerifiedError("it is a bare callable, without a spec")
    spec = case.spec
    texts = {"the summary": spec.summary, **{f"the doc of parameter {p.name!r}": p.doc for p in spec.parameters}}
    for name, text in texts.items():
        if text and (not re.search(r"\w", text.replace("_", "")) or UNWRITTEN.match(text.strip())):
            raise ConformanceError(f"{name} is written", got=repr(text))
    symbols = Counter(p.symbol or p.name for p in spec.parameters) + Counter(["x", "U"])
    for symbol, count in symbols.items():
        if count > 1:
            owners = [p.name for p in spec.parameters if (p.symbol or p.name) == symbol]
            got = f"{symbol!r} for {' and '.join(owners)}" + (" and the input or the noise" if symbol in "xU" else "")
            raise ConformanceError("every parameter has a symbol of its own, and none that of the input, x", got=got)
    for reference in spec.references:
        identifier = reference.identifier
        if PLACEHOLDER.search(identifier) or not any(form.fullmatch(identifier) for form in FORMS):
            raise ConformanceError("a reference can be looked up", got=identifier, expected="no placeholder")
