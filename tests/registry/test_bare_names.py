"""A plugin whose surrogates load by their qualified names only."""

from __future__ import annotations

import pytest


@pytest.fixture
def wrapped(environment):
    """An installation with the plugin acme, whose surrogates no bare name reaches."""
    environment.plugin("acme", "bump", "triangle", then="surroreg_bare_names = False")
    return environment


def test_bare_name_of_a_qualified_only_plugin_is_unknown(wrapped):
    bump, triangle = wrapped.ask("surroreg.load('Bump')", "surroreg.load('triangle')")
    assert (bump.error, triangle.error) == ("UnknownSurrogateError", "UnknownSurrogateError")
    assert bump.message.startswith("no surrogate 'Bump'. Only by qualified name: 'acme/bump'. 'surroreg list'")
    assert "Ask for 'piecewise_linear'." in triangle.message
    assert "Only by qualified name: 'acme/triangle'." in triangle.message


def test_qualified_name_of_a_qualified_only_plugin_loads(wrapped, in_process):
    assert in_process.spec("acme/bump").origin == "surroreg_acme:bump"
    config = in_process.load("acme/Triangle", slope=2).to_config()
    assert config == {"name": "acme/triangle", "params": {"slope": 2.0}}


def test_qualified_only_plugin_is_listed_as_any_other(wrapped):
    names, matched, status = wrapped.ask(
        "surroreg.names(namespace='acme')",
        "surroreg.names('bump')",
        "[(p.status, p.surrogates) for p in surroreg.plugins() if p.namespace == 'acme']",
    )
    assert names.value == ["acme/bump", "acme/triangle"]
    assert matched.value == ["acme/bump"]
    assert status.value == [["loaded", ["bump", "triangle"]]]


def test_bare_name_of_another_plugin_is_not_ambiguous(wrapped):
    wrapped.plugin("good", "bump")
    (bump,) = wrapped.ask("surroreg.spec('bump').origin")
    assert bump.value == "surroreg_good:bump"


def test_aliases_of_a_qualified_only_plugin_are_qualified(environment):
    how = {"aliases": ["Hump"], "deprecated": ["old_bump"]}
    environment.plugin("acme", "bump", then="surroreg_bare_names = False", **how)
    bare, old, qualified = environment.ask(
        "surroreg.spec('hump')", "surroreg.spec('old_bump')", "surroreg.spec('acme/hump').origin"
    )
    assert bare.error == old.error == "UnknownSurrogateError"
    assert qualified.value == "surroreg_acme:bump"
