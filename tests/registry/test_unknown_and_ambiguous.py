"""Names that stand for no surrogate, or for several."""

from __future__ import annotations

import pytest

import surroreg

# -- near misses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("fast_sigmod", "fast_sigmoid"),
        ("fast-sigmoid", "fast_sigmoid"),
        ("Fast Sigmoid", "fast_sigmoid"),
        ("ATAN2", "atan"),
        ("straight_through", "straight_through_estimator"),
        ("builtin/sigmoi", "sigmoid"),
        ("acme/fast_sigmod", "fast_sigmoid"),
    ],
)
def test_unknown_name_is_answered_with_the_nearest(asked, nearest):
    with pytest.raises(surroreg.UnknownSurrogateError) as raised:
        surroreg.load(asked)
    message = str(raised.value)
    assert message.startswith(f"no surrogate {asked!r}.")
    assert repr(nearest) in message.partition("Did you mean")[2]


@pytest.mark.parametrize("asked", ["", "/", "/atan", "atan/", "a/b/c", "qqqqqqqq", "atan ", "*"])
def test_text_that_is_no_name_is_an_unknown_surrogate(asked):
    with pytest.raises(surroreg.UnknownSurrogateError, match="surroreg list"):
        surroreg.spec(asked)


def test_unknown_surrogate_is_a_key_error_with_prose():
    with pytest.raises(KeyError) as raised:
        surroreg.load("qqqqqqqq")
    assert str(raised.value).startswith("no surrogate")  # and not the repr KeyError prints


@pytest.mark.parametrize("wrong", [None, 5, b"atan", ["atan"]])
def test_name_is_a_string(wrong):
    with pytest.raises(TypeError, match=f"asked for by name, a str, not {type(wrong).__name__}"):
        surroreg.load(wrong)


def test_near_misses_name_plugins_and_the_broken_ones(environment):
    environment.plugin("acme", "bump", aliases=["Hump"])
    environment.install("broken-surrogates", entry_points={"broken": "nowhere"})
    name, alias, namespace = environment.ask(
        "surroreg.spec('acme/bmup')", "surroreg.spec('hupm')", "surroreg.spec('acmee/bump')"
    )
    assert "Did you mean 'acme/bump'" in name.message
    assert "'acme/Hump'" in alias.message
    assert "No plugin 'acmee' is installed" in namespace.message
    assert "Did you mean 'acme/bump'" in namespace.message
    for outcome in (name, alias, namespace):
        assert outcome.error == "UnknownSurrogateError"
        assert "could not be loaded: broken" in outcome.message


# -- the same name from several plugins -----------------------------------------------------------


def test_bare_name_reaches_the_one_plugin_that_offers_it(environment):
    environment.plugin("acme", "bump", "zap")
    environment.plugin("good", "bump")
    zap, bump, qualified = environment.ask(
        "surroreg.spec('ZAP').origin", "surroreg.spec('bump')", "surroreg.spec('good/bump').origin"
    )
    assert zap.value == "surroreg_acme:zap"
    assert bump.error == "AmbiguousSurrogateError"
    assert qualified.value == "surroreg_good:bump"


@pytest.mark.parametrize("order", [["one", "two"], ["two", "one"]], ids="-".join)
def test_ambiguous_name_raises_with_both_names_in_any_order(environment, order):
    environment.plugin("acme", "bump", folder="one")
    environment.plugin("good", "hill", aliases=["BUMP"], folder="two")
    environment.path = order
    bump, acme, good, one = environment.ask(
        "surroreg.spec('Bump')",
        "surroreg.spec('acme/bump').origin",
        "surroreg.spec('good/bump').origin",
        "surroreg.spec('hill').origin",
    )
    assert bump.error == "AmbiguousSurrogateError"
    assert bump.message == "'Bump' is offered by 2 plugins; ask for 'acme/bump' or 'good/hill'."
    assert [o.value for o in (acme, good, one)] == ["surroreg_acme:bump", "surroreg_good:hill", "surroreg_good:hill"]


def test_builtins_own_the_bare_names(environment):
    environment.plugin("acme", "atan", aliases=["STE"])
    bare, alias, qualified, loaded = environment.ask(
        "surroreg.spec('atan').origin",
        "surroreg.spec('STE').name",
        "surroreg.spec('acme/STE').origin",
        "[p.surrogates for p in surroreg.plugins() if p.namespace == 'acme']",
    )
    assert bare.value == "surroreg.builtin.sigmoidal:atan"
    assert alias.value == "straight_through_estimator"
    assert qualified.value == "surroreg_acme:atan"
    assert loaded.value == [["atan"]]
