"""What a spec may say; where it travels is in test_spec_journeys.py, parameters in test_parameter_values.py."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
import torch

import surroreg
from surroreg import Parameter, Reference, SpecError, SurrogateSpec, Traits, surrogate

SLOPE = Parameter("slope", 25.0, gt=0)
PLAIN = {"name": "bump", "derivative": "somewhere:bump"}


@surrogate(
    parameters=[SLOPE], references=["arxiv:1706.02609"], aliases=["Dent"], traits=Traits(even=True, kinks=("0",))
)
def dent(x, slope):
    """A dent.

    It dents
    all around.
    """
    return 1 / (1 + slope * x.abs())


def relu_factory(slope):
    return lambda x: (slope * x).relu()


def refused(match, **changes):
    with pytest.raises(SpecError, match=match):
        SurrogateSpec(**{**PLAIN, **changes})


# -- @surrogate -----------------------------------------------------------------------------------


def test_decorator_takes_name_and_texts_from_the_function():
    assert (dent.name, dent.summary, dent.description) == ("dent", "A dent.", "It dents\nall around.")
    assert dent.parameters == (SLOPE,)
    assert dent.references == (Reference("arxiv:1706.02609"),)
    assert dent.aliases == ("Dent",)


def test_spec_is_called_with_parameters_and_gives_surrogates():
    s = dent(slope=2)
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    s(x).sum().backward()
    assert s(x).tolist() == [0, 0, 1]
    assert x.grad.tolist() == pytest.approx([1 / 3, 1, 1 / 3])


def test_without_a_docstring_the_texts_are_empty():
    @surrogate()
    def bare(x):
        return x

    assert (bare.summary, bare.description, bare.parameters) == ("", "", ())


A, B = Parameter("a", 1.0), Parameter("b", 2.0)
WRONG_SIGNATURES = {
    "lacks a parameter": (lambda x: x, [A], r"takes \(x\), but with the declared parameters it must take \(x, a\)"),
    "has one too many": (lambda x, a: x, [], r"takes \(x, a\), but with the declared parameters it must take \(x\)"),
    "another name": (lambda x, b: x, [A], r"takes \(x, b\), but .* \(x, a\)"),
    "another order": (lambda x, b, a: x, [A, B], r"takes \(x, b, a\), but .* \(x, a, b\)"),
    "lacks x": (lambda: 1, [], r"takes \(\), but .* \(x\)"),
    "*args": (lambda x, *rest: x, [], r"takes '\*rest'; name every parameter"),
    "**kwargs": (lambda x, **rest: x, [A], r"takes '\*\*rest'; name every parameter"),
    "another default": (lambda x, a=3.0: x, [A], r"gives 'a' the default 3\.0, its Parameter 1\.0"),
    "default of a required one": (lambda x, a=1.0: x, [Parameter("a")], r"default 1\.0, its Parameter <required>"),
    "keyword-only": (lambda x, *, a: x, [A], "a"),  # parameters reach it by position
    "no function": (5, [], "must be a function, not 5"),
}


@pytest.mark.parametrize("wrong", WRONG_SIGNATURES)
@pytest.mark.parametrize("role", ["derivative", "primitive"])
def test_signature_that_disagrees_with_parameters_is_refused(role, wrong):
    derivative, parameters, text = WRONG_SIGNATURES[wrong]
    roles = {"derivative": "m:f", role: derivative}
    with pytest.raises(SpecError, match=f"bump.*{role}.*{text}"):
        SurrogateSpec(name="bump", parameters=parameters, **roles)


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        (lambda x, a: x, r"\(x, a\)"),
        (lambda: abs, r"takes \(\)"),
        (lambda **given: abs, "given"),
        (lambda a, /: abs, "a"),  # parameters reach it by keyword
    ],
)
def test_factory_takes_the_parameters_and_nothing_else(factory, text):
    with pytest.raises(SpecError, match=f"box.*factory.*{text}"):
        SurrogateSpec(name="box", factory=factory, parameters=[A])


def test_kernel_takes_the_input_and_the_gradient_first():
    with pytest.raises(SpecError, match=r"its kernel takes \(x, a\), but .* must take \(x, grad, a\)"):
        SurrogateSpec(name="bump", derivative="m:f", kernel=lambda x, a: x, parameters=[A])


def test_tensors_may_have_any_name_and_defaults_may_be_repeated():
    SurrogateSpec(name="bump", derivative=lambda v, a=1.0, b=2: v, kernel=lambda v, g, a, b: g, parameters=[A, B])


# -- SurrogateSpec --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FastSigmoid", "fast-sigmoid", "1st", "", "a/b", "_hidden", "é", "a b", "lambda:x"])
def test_name_follows_the_grammar(name):
    refused("no surrogate name: lower-case letters, digits and '_', a letter first", name=name)


@pytest.mark.parametrize("field", ["aliases", "deprecated_aliases"])
@pytest.mark.parametrize("alias", ["a-b", "a/b", "1st", "", "a b", "é"])
def test_alias_follows_the_grammar(field, alias):
    refused(re.escape(f"bump: {alias!r} is no alias"), **{field: [alias]})


@pytest.mark.parametrize("field", ["aliases", "deprecated_aliases", "references"])
def test_string_is_not_taken_for_a_list_of_letters(field):
    refused(field, **{field: "doi"})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"derivative": None}, "either a derivative or a factory"),
        ({"factory": "m:f"}, "either a derivative or a factory"),
        ({"derivative": None, "factory": "m:f", "kernel": "m:k"}, "a factory is a black box"),
        ({"derivative": None, "factory": "m:f", "primitive": "m:p"}, "a factory is a black box"),
        ({"parameters": [A, B, A]}, "a parameter is declared twice"),
        ({"references": ["10.1162/neco_a_01086"]}, "must begin with 'doi:10.', 'arxiv:' or 'https://'"),
    ],
)
def test_description_that_contradicts_itself_is_refused(changes, text):
    refused(text, **changes)


@pytest.mark.parametrize("name", ["spec", "training", "forward", "params", "to"])
def test_parameter_cannot_take_a_name_that_the_module_uses(name):
    factory = eval(f"lambda {name}: abs")
    with pytest.raises(SpecError, match=f"{name!r}"):
        SurrogateSpec(name="box", factory=factory, parameters=[Parameter(name, 1.0)])()


def test_spec_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        dent.name = "bump"
    with pytest.raises(dataclasses.FrozenInstanceError):
        dent.traits.even = False


def test_traits_and_references():
    with pytest.raises(SpecError, match="reads must be 'input', 'sign' or 'nothing', not 'spikes'"):
        Traits(reads="spikes")
    with pytest.raises(SpecError, match="kinks"):
        Traits(kinks="threshold")  # not t, h, r, e, s, ...
    assert Reference("doi:10.1162/neco_a_01086").url == "https://doi.org/10.1162/neco_a_01086"
    assert Reference("arxiv:1706.02609").url == "https://arxiv.org/abs/1706.02609"
    assert Reference("https://example.org/a").url == "https://example.org/a"
    for wrong in ("", "doi:11.1", "example.org", "DOI 10.1", "ftp://x"):
        with pytest.raises(SpecError, match="must begin with"):
            Reference(wrong)


# -- functions given by import string, and factories ----------------------------------------------


def test_import_string_is_resolved_at_the_first_surrogate():
    spec = SurrogateSpec(
        name="late", derivative="surroreg.builtin.sigmoidal:atan", parameters=surroreg.spec("atan").parameters
    )
    x = torch.linspace(-1, 1, 5)
    assert torch.equal(spec(alpha=3).derivative(x), surroreg.load("atan", alpha=3).derivative(x))


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("no_such_package:f", "cannot import 'no_such_package:f': ModuleNotFoundError"),
        ("math:no_such_thing", "has no attribute 'no_such_thing'"),
        ("math:pi", "late: the signature of its derivative cannot be read"),
        ("surroreg.builtin.sigmoidal:atan_primitive", r"takes \(x, alpha\), but .* must take \(x\)"),
    ],
)
def test_import_string_that_leads_nowhere_fails_when_needed(reference, text):
    spec = SurrogateSpec(name="late", derivative=reference)
    assert json.loads(spec.to_json())["derivative"] == reference
    with pytest.raises(SpecError, match=text):
        spec()


@pytest.mark.parametrize("role", ["derivative", "factory"])
@pytest.mark.parametrize("reference", ["", "math", ":", "a:", ":b", "a b:c", "a:b:c", "a:b()"])
def test_malformed_import_string_is_refused(role, reference):
    with pytest.raises(SpecError, match=f"late: its {role} must be 'package.module:name' of something, not"):
        SurrogateSpec(name="late", **{role: reference})


@pytest.mark.parametrize("factory", [relu_factory, f"{__name__}:relu_factory"], ids=["function", "import string"])
def test_factory_is_called_with_the_parameters(factory):
    s = SurrogateSpec(name="box", factory=factory, parameters=[Parameter("slope", 2.0, gt=0)])(slope=3)
    assert s(torch.tensor([-1.0, 2.0])).tolist() == [0, 6]
    s.slope = 5
    assert s(torch.tensor([2.0])).tolist() == [10]


def test_factory_must_make_something_that_can_be_called():
    with pytest.raises(SpecError, match="the factory of 'box' returned 5, which cannot be called"):
        SurrogateSpec(name="box", factory=lambda: 5)()
