"""Names, keywords and defaults of snnTorch 1.0.0 mean the same here."""

from __future__ import annotations

import inspect

import pytest
import snntorch
import torch
from snntorch import surrogate as snntorch_surrogate
from torch import Tensor

import surroreg
from tests.parity.side_by_side import (
    PAIR,
    assert_same_bits,
    assert_same_gradient,
    default_keywords,
)


def test_this_is_the_snntorch_that_was_read() -> None:
    assert snntorch.__version__ == "1.0.0"


def public(kind: type | None) -> list[str]:
    found = {name: thing for name, thing in vars(snntorch_surrogate).items() if not name.startswith("_")}
    keep = inspect.isclass if kind is type else inspect.isfunction
    return sorted(name for name, thing in found.items() if keep(thing))


def test_snntorch_has_the_names_that_are_compared_here() -> None:
    assert public(None) == sorted([*PAIR, "LSO"])


@pytest.mark.parametrize("name", public(None))
def test_a_factory_takes_the_same_keywords(name: str) -> None:
    keywords = inspect.signature(getattr(snntorch_surrogate, name)).parameters
    ours = {parameter.name: parameter for parameter in surroreg.spec(name).parameters}
    assert list(ours) == list(keywords)
    for key, theirs in keywords.items():
        assert ours[key].required if theirs.default is theirs.empty else ours[key].default == theirs.default


@pytest.mark.parametrize("name", [name for name in public(type) if name != "LeakySpikeOperator"])
def test_a_class_of_snntorch_is_an_alias(name: str) -> None:
    torch.manual_seed(0)
    x, upstream = torch.randn(2, 1000)
    ours = surroreg.load(name, **default_keywords(surroreg.spec(name).name))

    def theirs(x: Tensor) -> Tensor:
        return getattr(snntorch_surrogate, name).apply(x, *ours.params.values())

    assert_same_bits(ours(x), theirs(x))
    assert_same_gradient(ours, theirs, x, upstream)


@pytest.mark.parametrize("alias", [alias for name in surroreg.names() for alias in surroreg.spec(name).aliases])
def test_an_alias_in_any_case_is_what_it_stands_for(alias: str) -> None:
    assert alias in surroreg.spec(alias).aliases
    for spelling in (alias.lower(), alias.upper()):
        assert surroreg.spec(spelling) is surroreg.spec(alias)
