"""Adding surrogates to a running process, under the rules that plugins obey."""

from __future__ import annotations

import pytest

import surroreg
from surroreg import DuplicateSurrogateError, Parameter, SpecError, SurrogateSpec, UnknownSurrogateError, surrogate


def bump(**how):
    """As a notebook cell does: the same function, defined anew at every call."""

    @surrogate(parameters=[Parameter("slope", how.pop("default", 25.0), gt=0)], **how)
    def bump(x, slope):
        """A bump."""
        return 1 / (1 + slope * x.abs())

    return bump


def hill(**how):
    @surrogate(**how)
    def hill(x):
        return x

    return hill


def another_bump():
    @surrogate()
    def bump(x):
        return x

    return bump


# -- results of a registration -------------------------------------------------------------------


def test_registered_spec_is_found_bare_qualified_and_by_alias(registry):
    spec = bump(aliases=["Bumpy"])
    registry.register(spec)
    for name in ("bump", "BUMP", "local/bump", "bumpy", "local/Bumpy"):
        assert registry.spec(name) is spec
    assert registry.names(namespace="local") == ["local/bump"]
    assert "local/bump" in registry.names()


def test_register_adds_to_the_registry_that_load_asks(in_process):
    spec = bump()
    assert in_process.names("*bump") == []
    in_process.register(spec)
    assert in_process.names("*bump") == ["local/bump"]
    assert in_process.spec("bump") is in_process.spec("local/bump") is spec
    assert in_process.load("bump").spec is spec
    assert in_process.load("local/bump").params == {"slope": 25.0}


def test_namespace_of_ones_own(registry):
    registry.register(bump(), namespace="acme")
    registry.register(hill(), namespace="acme")
    assert registry.names(namespace="acme") == ["acme/bump", "acme/hill"]
    assert registry.spec("hill") is registry.spec("acme/hill")


def test_one_name_in_two_namespaces_is_ambiguous_bare(registry):
    registry.register(bump())
    registry.register(bump(), namespace="acme")
    with pytest.raises(surroreg.AmbiguousSurrogateError, match="'acme/bump' or 'local/bump'"):
        registry.spec("bump")


def test_builtins_keep_their_names(registry):
    registry.register(SurrogateSpec(name="atan", factory=lambda: abs, aliases=["STE"]))
    assert registry.spec("atan") is registry.spec("builtin/atan")
    assert registry.spec("ste").name == "straight_through_estimator"
    assert registry.spec("local/ste") is registry.spec("local/atan") is not registry.spec("atan")
    assert registry.names("*atan") == ["atan", "local/atan"]


def test_registered_specs_stay_over_a_refresh(registry):
    registry.register(bump())
    registry.refresh()
    assert registry.names(namespace="local") == ["local/bump"]


def test_registering_needs_no_scan(with_scan):
    def scan():
        raise AssertionError("scanned")

    registry = with_scan(scan)
    registry.register(bump())
    assert registry.spec("atan").name == "atan"


# -- again, and twice -----------------------------------------------------------------------------


def test_cell_run_again_replaces_what_it_defined(registry):
    registry.register(bump(default=25.0, aliases=["Old"]))
    registry.register(hill())
    new = bump(default=10.0, aliases=["New"])
    registry.register(new)
    assert registry.spec("bump") is new
    assert registry.spec("new") is new
    assert registry.names(namespace="local") == ["local/bump", "local/hill"]
    with pytest.raises(UnknownSurrogateError):
        registry.spec("old")


def test_registering_the_very_same_spec_twice_is_harmless(registry):
    spec = bump()
    registry.register(spec)
    registry.register(spec)
    assert registry.names(namespace="local") == ["local/bump"]


def test_cell_that_redefines_a_factory_replaces_it(registry):
    for _ in range(2):
        spec = SurrogateSpec(name="black_box", factory=lambda: abs)
        registry.register(spec)
    assert registry.spec("black_box") is spec


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(another_bump, id="same name, another place"),
        pytest.param(lambda: hill(aliases=["Bump"]), id="alias equal to a name"),
        pytest.param(lambda: hill(aliases=["BUMPY"]), id="alias equal to an alias but for case"),
        pytest.param(lambda: hill(deprecated_aliases=["bumpy"]), id="deprecated alias equal to an alias"),
    ],
)
def test_name_of_another_origin_is_refused_and_nothing_changes(registry, second):
    first = bump(aliases=["Bumpy"])
    registry.register(first)
    with pytest.raises(DuplicateSurrogateError) as raised:
        registry.register(second())
    message = str(raised.value)
    assert "'local' offers 'bump" in message
    assert first.origin in message  # who has it
    assert second().origin in message  # who wants it
    assert registry.names(namespace="local") == ["local/bump"]
    assert registry.spec("bump") is registry.spec("bumpy") is first


def test_replacement_that_cannot_be_made_leaves_the_old_one(registry):
    old, other = bump(), hill(aliases=["Taken"])
    registry.register(old)
    registry.register(other)
    with pytest.raises(DuplicateSurrogateError, match="'taken' twice"):
        registry.register(bump(aliases=["Taken"]))
    assert registry.spec("bump") is old
    assert registry.spec("taken") is other


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [lambda x: x, "atan", None, SurrogateSpec, [], surroreg.Parameter("a")], ids=lambda w: type(w).__name__
)
def test_only_specs_can_be_registered(registry, wrong):
    with pytest.raises(TypeError) as raised:
        registry.register(wrong)
    assert f"not {wrong!r}" in str(raised.value)
    assert "@surroreg.surrogate" in str(raised.value)


def test_surrogate_is_not_a_spec(registry):
    with pytest.raises(TypeError, match="register takes a SurrogateSpec, not"):
        registry.register(surroreg.load("atan"))


@pytest.mark.parametrize("namespace", ["builtin", "Acme", "acme-x", "1st", "", "a/b", "é", "acme\n"])
def test_namespace_follows_the_grammar_and_is_not_builtin(registry, namespace):
    with pytest.raises(SpecError, match="cannot be registered into"):
        registry.register(bump(), namespace=namespace)
    assert "bump" not in " ".join(registry.names())


def test_namespace_of_an_installed_plugin_is_its_own(environment):
    environment.plugin("acme", "bump")
    defined = "from surroreg import surrogate\n@surrogate()\ndef zap(x): return x\n"
    _, refused, names = environment.ask(
        defined, "surroreg.register(zap, namespace='acme')", "surroreg.names(namespace='acme')"
    )
    assert refused.error == "DuplicateSurrogateError"
    assert "'acme' belongs to an installed plugin" in refused.message
    assert names.value == ["acme/bump"]


def test_later_plugin_in_a_registered_namespace_hides_nothing(environment):
    environment.plugin("acme", "bump", "zap", folder="staged")
    defined = """
from surroreg import surrogate

@surrogate()
def bump(x): return x

@surrogate()
def mine(x): return x
"""
    *_, names, spec, bare = environment.ask(
        defined,
        "surroreg.register(bump, namespace='acme')",
        "surroreg.register(mine, namespace='acme')",
        "install('staged')",
        "surroreg.refresh()",
        "surroreg.names('acme/*')",
        "surroreg.spec('acme/bump').name",
        "surroreg.spec('bump').name",
    )
    assert names.value.count("acme/bump") == 1
    assert (spec.value, bare.value) == ("bump", "bump"), (spec.message, bare.message)
    assert {"acme/mine", "acme/zap"} <= set(names.value) or names.warned_of("acme")
