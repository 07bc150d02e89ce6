"""Specs of a formula, and the functions that read formulas."""

from __future__ import annotations

import functools

from surroreg import Parameter, SurrogateSpec, Traits, formula
from surroreg.formula import cpp, grammar, javascript
from surroreg.formula.mathml import mathml

PARAMETERS = (Parameter("a", 2.0), Parameter("b", 1e18), Parameter("n", 3, type=int))
VALUES = {"a": 2.0, "b": 1e18, "n": 3}


def spec_of(text, parameters=PARAMETERS, **given):
    return SurrogateSpec(name="f", derivative="m:f", parameters=parameters, formula=text, **given)


def value(text, x=0.7, **values):
    return formula.values(spec_of(text), [x], {**VALUES, **values})[0]


#: Returns the same spec for the same text: the spec keeps the expression that SymPy makes of it.
once = functools.lru_cache(spec_of)
#: All functions that read a formula, by name.
READERS = {
    "read": grammar.read,
    "parse": lambda text: formula.parse(once(text), text),
    "values": value,
    "kinks": lambda text: formula.kinks(spec_of("1", traits=Traits(kinks=(text,))), VALUES),
    "javascript": lambda text: javascript.derivative(once(text)),
    "mathml": lambda text: mathml(text, {}),
    "fused": lambda text: cpp.code(once(text)),
}
