"""Words of papers and libraries that name no surrogate of ours: the message names the right surrogate."""

from __future__ import annotations

import re

import pytest
import torch

import surroreg
from surroreg.cli import main
from surroreg.registry.synonyms import SYNONYMS, plain
from surroreg.specs.parameters import SCALE, SHIFT
from tests.zoo import zoo_specs

ZOO = {f"zoo/{spec.name}": spec for spec in zoo_specs()}
X = torch.linspace(-3.03, 3.01, 201, dtype=torch.float64)


def spec_of(name):
    return ZOO[name] if "/" in name else surroreg.spec(f"builtin/{name}")


def message(asked):
    with pytest.raises(surroreg.UnknownSurrogateError) as raised:
        surroreg.load(asked)
    return str(raised.value)


# -- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", SYNONYMS)
def test_synonym_names_a_surrogate_and_its_parameters(word):
    synonym = SYNONYMS[word]
    spec = spec_of(synonym.name)
    for key, value in synonym.params.items():
        parameter = {SCALE.name: SCALE, SHIFT.name: SHIFT}.get(key) or spec.parameter(key)
        parameter.check(value)


@pytest.mark.parametrize("word", SYNONYMS)
def test_synonym_is_plain_and_no_name_that_loads(word):
    assert word == plain(word)
    specs = [*map(surroreg.spec, surroreg.names(namespace="builtin")), *ZOO.values()]
    names = {key.lower() for spec in specs for key in (spec.name, *spec.aliases, *spec.deprecated_aliases)}
    assert word not in names


QUOTED = {(word, name) for word in SYNONYMS for name in re.findall(r"(?<!\w)'([a-z0-9_/]+)'", SYNONYMS[word].why)}


@pytest.mark.parametrize(("word", "name"), sorted(QUOTED))
def test_synonym_reason_quotes_a_name_that_loads(word, name):
    assert spec_of(name).name == name.rpartition("/")[2]


# -- the right function, by calculus ---------------------------------------------------------------

SHAPES = {
    "rectangular": lambda x: (x.abs() < 0.5).double(),
    "hardtanh": lambda x: (x.abs() < 1).double(),
    "triangle": lambda x: (1 - x.abs()).relu(),
    "Esser": lambda x: (1 - x.abs()).relu(),
    "Bellec": lambda x: 0.3 * (1 - x.abs()).relu(),
    "piecewise quadratic": lambda x: (1 - x.abs()).relu(),
    "arctan": lambda x: slope(lambda x: (torch.pi * x).arctan() / torch.pi, x),
    "Cauchy": lambda x: torch.distributions.Cauchy(0.0, 1 / torch.pi).log_prob(x).exp(),
    "logistic": lambda x: slope(lambda x: (25 * x).sigmoid(), x),
    "hyperbolic tangent": lambda x: slope(torch.tanh, x),
    "gauss": lambda x: torch.distributions.Normal(0.0, 0.5).log_prob(x).exp(),
    "erf": lambda x: slope(lambda x: (x / (0.5 * 2**0.5)).erf() / 2, x),
    "Laplace": lambda x: torch.distributions.Laplace(0.0, 1.0).log_prob(x).exp(),
    "softsign": lambda x: slope(lambda x: torch.nn.functional.softsign(2 * x) / 2, x),
    "SuperSpike": lambda x: (25 * x.abs() + 1) ** -2.0,
    "relu": lambda x: slope(torch.relu, x),
    "leaky relu": lambda x: slope(lambda x: torch.nn.functional.leaky_relu(x, 0.1), x),
    "identity": torch.ones_like,
}


def slope(primitive, x):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(primitive(leaf).sum(), leaf)[0]


@pytest.mark.parametrize("word", SHAPES)
def test_synonym_has_the_derivative_that_the_word_means(word):
    synonym = SYNONYMS[plain(word)]
    derivative = spec_of(synonym.name)(**synonym.params).derivative(X)
    torch.testing.assert_close(derivative, SHAPES[word](X))


# -- the message ----------------------------------------------------------------------------------

ASKED = {
    "rectangular": "'zoo/box'",
    "Rectangle": "'zoo/box'",
    "boxcar": "'zoo/box'",
    "box": "'zoo/box'",
    "window": "'zoo/box'",
    "STBP": "'zoo/box'",
    "arctan": "'atan'",
    "arctangent": "'atan'",
    "Cauchy": "'atan'",
    "gauss": "'zoo/gaussian'",
    "Gaussian": "'zoo/gaussian'",
    "erf": "'zoo/gaussian'",
    "multi-gaussian": "'zoo/multi_gaussian'",
    "multi_gauss": "'zoo/multi_gaussian'",
    "SLAYER": "'zoo/exponential'",
    "PiecewiseExp": "'zoo/exponential'",
    "SuperSpike": "'fast_sigmoid'",
    "super_spike": "'fast_sigmoid'",
    "superspike_surrogate": "'fast_sigmoid'",
    "softsign": "'zoo/soft_sign'",
    "Esser": "'piecewise_linear' with slope=1.0 and dampening=1.0",
    "Bellec": "'piecewise_linear' with slope=1.0 and dampening=0.3",
    "triangle": "'piecewise_linear'",
    "hat": "'piecewise_linear'",
    "piecewise quadratic": "'piecewise_linear'",
    "logistic": "'sigmoid'",
    "nonzero_sign_log": "'zoo/signed_log'",
    "windowed_fast_sigmoid": "'zoo/windowed_fast_sigmoid'",
}


@pytest.mark.parametrize("asked", ASKED)
def test_word_without_the_zoo_is_answered_with_its_package(registry, asked):
    text = message(asked)
    assert text.startswith(f"no surrogate {asked!r}. ")
    assert ASKED[asked] in text
    assert "Did you mean" not in text
    assert ("pip install surroreg-zoo" in text) == ASKED[asked].startswith("'zoo/")


@pytest.mark.parametrize("asked", ["rectangular", "Rectangle", "window", "boxcar", "Erf", "SLAYER", "SoftSign"])
def test_word_with_the_zoo_is_answered_without_a_package(zoo, asked):
    text = message(asked)
    assert "Ask for 'zoo/" in text
    assert "Did you mean" not in text
    assert "pip install" not in text


def test_ambiguous_word_is_answered_with_the_reason(registry):
    assert "'triangular' is the slope of one, and pushes a neuron that fires the wrong way" in message("triangle")
    assert "In SpikingJelly alpha is a factor" in message("superspike")
    assert "run 'surroreg translate spikingjelly.SuperSpike' or" in message("superspike")


@pytest.mark.parametrize(("asked", "word"), [("triangel", "triangle"), ("rectangulr", "rectangular")])
def test_word_with_a_slip_is_answered_not_its_look_alike(registry, asked, word):
    text = message(asked)
    assert f"If you mean {word!r}, ask for '{SYNONYMS[word].name}'." in text
    assert "Did you mean" not in text


def test_name_of_two_libraries_is_answered_with_both(zoo):
    text = message("QPseudoSpike")
    assert "Ask for 'zoo/q_pseudo_spike'." in text
    assert "'surroreg translate spikingjelly.QPseudoSpike' or 'surroreg translate braintools.QPseudoSpike'" in text


def test_word_in_another_namespace_is_answered(zoo):
    assert "Ask for 'zoo/box'." in message("zoo/rectangular")
    assert "Ask for 'zoo/box'." in message("builtin/rectangular")


def test_word_in_a_missing_namespace_gets_its_package_only(registry):
    text = message("zoo/rectangular")
    assert "'zoo' comes with: pip install surroreg-zoo. 'surroreg list'" in text


def test_word_that_a_plugin_offers_loads(environment):
    environment.plugin("acme", "rectangular")
    loaded, slip = environment.ask("surroreg.spec('rectangular').origin", "surroreg.spec('rectangulr')")
    assert loaded.value == "surroreg_acme:rectangular"
    assert "Did you mean 'acme/rectangular'" in slip.message


def test_word_with_the_zoo_switched_off_gets_no_package(environment):
    environment.install("surroreg-zoo", entry_points={"zoo": "surroreg_zoo"})
    (word,) = environment.ask("surroreg.spec('rectangular')", SURROREG_DISABLE_PLUGINS="zoo")
    assert "Ask for 'zoo/box'." in word.message
    assert "pip install" not in word.message


def test_show_command_with_a_word_names_the_surrogate(registry, capsys):
    assert main(["show", "rectangular"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no surrogate 'rectangular'. Ask for 'zoo/box'. It comes with: pip install surroreg-zoo." in err


def test_synonyms_are_read_without_torch(environment):
    code = "import sys, surroreg.registry.synonyms, surroreg.registry.inventory; print('torch' in sys.modules)"
    assert environment.run(code).stdout.strip() == "False"
