"""One distribution in several copies: leftovers of upgrades, shadowed installations, editable ones."""

from __future__ import annotations

import pytest

PLUGINS = "[(p.namespace, p.distribution, p.version, p.status) for p in surroreg.plugins() if p.namespace == 'acme']"


def copies(environment, *versions, folder="site"):
    for version in versions:
        environment.plugin("acme", "bump", version=version, folder=folder)


@pytest.mark.parametrize(
    ("newest", "stale"),
    [
        ("1.0", "0.9"),
        ("0.10", "0.9"),
        ("1.0.1", "1.0"),
        ("1.0.post1", "1.0"),
        ("1.0", "1.0rc1"),
        ("1.0", "1.0.dev3"),
        ("1.0rc1", "1.0b2"),
    ],
)
def test_stale_copies_in_one_folder_yield_to_the_newest(environment, newest, stale):
    copies(environment, newest, stale)
    names, plugins = environment.ask("surroreg.names('acme/*')", PLUGINS)
    assert names.value == ["acme/bump"]
    assert plugins.value == [["acme", "acme-surrogates", newest, "loaded"]]
    [warning] = names.warned_of("acme-surrogates")
    assert f"acme-surrogates {stale} in {environment.root / 'site'} is passed over for {newest}" in warning


@pytest.mark.parametrize("order", [["one", "two"], ["two", "one"]], ids="-".join)
def test_copies_in_two_folders_yield_to_the_first_on_the_path(environment, order):
    copies(environment, "1.0", folder="one")
    copies(environment, "2.0", folder="two")
    environment.path = order
    version, other = ("1.0", "2.0") if order[0] == "one" else ("2.0", "1.0")
    names, plugins = environment.ask("surroreg.names('acme/*')", PLUGINS)
    assert plugins.value == [["acme", "acme-surrogates", version, "loaded"]]
    [warning] = names.warned_of("acme-surrogates")
    assert f"{other} in {environment.root / order[1]} is passed over for {version} in" in warning


def test_editable_install_seen_twice_is_one_plugin(environment):
    copies(environment, "1.0")
    environment.install("acme-surrogates", "1.0", entry_points={"acme": "surroreg_acme"}, folder="src", kind="egg-info")
    environment.path = ["site", "src"]
    names, plugins = environment.ask("surroreg.names('acme/*')", PLUGINS)
    assert names.value == ["acme/bump"]
    assert plugins.value == [["acme", "acme-surrogates", "1.0", "loaded"]]
    assert not names.warned_of("acme")


def test_copies_of_strangers_cost_no_warning(environment):
    environment.install("stranger", "1.0")
    environment.install("stranger", "2.0")
    assert not environment.ask("surroreg.names()")[0].warned_of("stranger")
