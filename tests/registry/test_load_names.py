"""The surrogate behind each name: built-ins, aliases, patterns, namespaces, import strings, and near misses."""

from __future__ import annotations

import random

import pytest

import surroreg

# canonical name -> aliases, parameters with their defaults (... where one must be given)
BUILTINS = {
    "atan": (["ATan"], {"alpha": 2.0}),
    "custom_surrogate": (["CustomSurrogate"], {"custom_surrogate_function": ...}),
    "fast_sigmoid": (["FastSigmoid"], {"slope": 25.0}),
    "heaviside": (["Heaviside"], {}),
    "inverse_spike_operator": (["InverseSpikeOperator"], {"threshold": 1.0}),
    "inverse_stochastic_spike_operator": (
        ["ISSO", "InverseStochasticSpikeOperator"],
        {"threshold": 1.0, "mean": 0.0, "variance": 0.2},
    ),
    "leaky_spike_operator": (["LSO", "LeakySpikeOperator"], {"slope": 0.1}),
    "piecewise_linear": (["PiecewiseLinear"], {"slope": 1.0, "dampening": 1.0}),
    "sigmoid": (["Sigmoid"], {"slope": 25.0}),
    "sparse_fast_sigmoid": (["SFS", "SparseFastSigmoid"], {"slope": 25.0, "B": 1.0}),
    "spike_rate_escape": (["SpikeRateEscape"], {"beta": 1.0, "slope": 25.0}),
    "stochastic_spike_operator": (["SSO", "StochasticSpikeOperator"], {"mean": 0.0, "variance": 0.2}),
    "straight_through_estimator": (["STE", "StraightThroughEstimator"], {}),
    "tanh": (["Tanh"], {"slope": 1.0}),
    "triangular": (["Triangular"], {"threshold": 1.0}),
}
ALIASES = [(alias, name) for name, (aliases, _) in BUILTINS.items() for alias in aliases]


def whole_gradient(x, grad, spikes):
    return grad * spikes


def mixed_case(text):
    draw = random.Random(text)
    return "".join(draw.choice((str.upper, str.lower))(letter) for letter in text)


# -- built-ins and their aliases ------------------------------------------------------------------


def test_builtins_are_exactly_the_table():
    assert surroreg.names(namespace="builtin") == sorted(BUILTINS)


@pytest.mark.parametrize("name", BUILTINS)
def test_builtin_has_the_parameters_and_defaults_of_the_table(name):
    defaults = BUILTINS[name][1]
    given = {key: whole_gradient for key, value in defaults.items() if value is ...}
    assert surroreg.load(name, **given).params == {**defaults, **given}
    assert [(p.name, p.required) for p in surroreg.spec(name).parameters] == [(k, k in given) for k in defaults]


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_alias_is_found_in_any_case(alias, name):
    spec = surroreg.spec(name)
    spellings = {alias, alias.lower(), alias.upper(), mixed_case(alias), f"builtin/{alias}", f"BuiltIn/{alias.upper()}"}
    assert {spelling: surroreg.spec(spelling) for spelling in spellings} == dict.fromkeys(spellings, spec)
    assert alias in spec.aliases


@pytest.mark.parametrize("name", BUILTINS)
def test_canonical_name_is_found_in_any_case_and_qualified(name):
    spellings = [name, name.upper(), mixed_case(name), f"builtin/{name}"]
    assert [surroreg.spec(spelling).name for spelling in spellings] == [name] * len(spellings)


def test_every_load_gives_an_independent_object():
    first, second = surroreg.load("atan"), surroreg.load("ATan")
    assert first is not second
    first.alpha = 5
    assert second.alpha == 2.0


def test_calling_a_spec_is_loading_it():
    assert surroreg.spec("atan")(alpha=3).to_config() == surroreg.load("atan", alpha=3).to_config()


# -- names() --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*sigmoid", ["fast_sigmoid", "sigmoid", "sparse_fast_sigmoid"]),
        ("*SIGMOID", ["fast_sigmoid", "sigmoid", "sparse_fast_sigmoid"]),
        ("?tan", ["atan"]),
        ("[st]*h", ["tanh"]),
        ("tanh", ["tanh"]),
        ("builtin/*tan", ["atan"]),  # the qualified name of a built-in, too, is matched
        ("nothing*", []),
        ("", []),
    ],
)
def test_names_matches_shell_patterns(pattern, expected):
    assert surroreg.names(pattern, namespace="builtin") == expected


def test_names_lists_builtins_bare_and_others_qualified(environment):
    environment.plugin("acme", "bump", "zap")
    environment.plugin("good", "bump")
    every, bumps, acme, one, builtin = environment.ask(
        "surroreg.names()",
        "[n for n in surroreg.names('b?mp') if n.startswith(('acme', 'good'))]",
        "surroreg.names('acme/*')",
        "surroreg.names('*p', namespace='good')",
        "surroreg.names('*', namespace='builtin')",
    )
    assert every.value == sorted(every.value)
    assert set(every.value) >= {*BUILTINS, "acme/bump", "acme/zap", "good/bump"}
    assert bumps.value == ["acme/bump", "good/bump"]
    assert acme.value == ["acme/bump", "acme/zap"]
    assert one.value == ["good/bump"]
    assert builtin.value == sorted(BUILTINS)


def test_unknown_namespace_raises_with_the_known_ones():
    with pytest.raises(
        surroreg.UnknownSurrogateError, match=r"No plugin 'buitlin' is installed \(installed: .*builtin"
    ):
        surroreg.names(namespace="buitlin")


def test_local_namespace_exists_before_a_registration(registry):
    assert registry.names(namespace="local") == []


# -- module:attribute -----------------------------------------------------------------------------

MODULE = """
from surroreg import Parameter, surrogate

@surrogate(parameters=[Parameter("slope", 25.0, gt=0)])
def shape(x, slope): ...

class Zoo:
    inner = shape
"""


def test_spec_is_found_where_it_is_defined(tmp_path, monkeypatch):
    package = tmp_path / "loose_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "Mod.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert surroreg.load("loose_package.Mod:shape", slope=3).slope == 3
    assert surroreg.spec("loose_package.Mod:Zoo.inner") is surroreg.spec("loose_package.Mod:shape")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("no_such_package:shape", "No module named 'no_such_package'"),
        ("surroreg.builtin.sigmoidal:atna", "has no attribute 'atna'"),
        ("math:sin", "Decorate a derivative with @surroreg.surrogate"),
        ("math:", "Expected 'package.module:name'"),
    ],
)
def test_import_string_without_a_spec_is_an_unknown_surrogate(name, text):
    with pytest.raises(surroreg.UnknownSurrogateError) as raised:
        surroreg.load(name)
    assert text in str(raised.value)
    assert name in str(raised.value)
