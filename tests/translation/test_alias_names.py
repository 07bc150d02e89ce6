"""An alias is a name of another library, so it must load what that library has under it, and as strong."""

import pytest

import surroreg
from surroreg.libraries import ROWS
from tests.zoo import zoo_specs

SPECS = {name: surroreg.spec(name) for name in surroreg.names(namespace="builtin")}
SPECS |= {f"zoo/{spec.name}": spec for spec in zoo_specs()}
#: An alias that is the name in capitals says nothing that the name does not say.
ALIASES = [(name, a) for name, spec in SPECS.items() for a in spec.aliases if a.lower() != spec.name]
#: A surrogate that takes a function has the gradient of that function, and no strength of its own.
STRONG = [row for row in ROWS if None not in row.theirs.values()]
SAME = [(name, alias, row) for name, alias in ALIASES for row in STRONG if alias.lower() in map(str.lower, row.names)]


def values(row):
    """The library's defaults, and each parameter doubled unless it is only a factor."""
    yield {}
    for key, default in row.theirs.items():
        if "scale" not in row.back[key]:
            yield {key: 2 * default}


@pytest.mark.parametrize(("name", "alias", "row"), SAME, ids=[f"{alias}-{row.library}" for _, alias, row in SAME])
def test_alias_has_no_other_strength_in_any_library(name, alias, row):
    for params in values(row):
        translation = surroreg.translate(f"{row.library}.{alias}", **params)
        assert (translation.name, translation.scale, translation.shift) == (name, 1.0, 0.0)
        if not params:
            assert dict(translation.params) == {p.name: p.default for p in SPECS[name].parameters}


def test_alias_test_sees_aliases_of_both():
    assert {"FastSigmoid", "SFS", "Rect", "PiecewiseExp", "StepPWL"} <= {alias for _, alias, _ in SAME}


GONE = ["superspike_surrogate", "SingleExponential", "Erf", "heavi_erfc", "boxcar", "QPseudoSpike", "NonzeroSignLogAbs"]


@pytest.mark.parametrize("alias", GONE)
def test_name_of_another_strength_does_not_load(alias):
    with pytest.raises(surroreg.UnknownSurrogateError, match=f"no surrogate 'zoo/{alias}'. Ask for '"):
        surroreg.load(f"zoo/{alias}")
