"""plugins() and refresh(): the status of plugins, later installations, and deprecated aliases."""

from __future__ import annotations

import shutil

import pytest

from surroreg import DeprecatedAliasWarning
from surroreg.specs import SurrogateSpec

BUMPS = "surroreg.names('*/bump')"
INFO = "[(p.version, p.status, p.surrogates) for p in surroreg.plugins() if p.namespace == 'acme']"

# -- plugins() ------------------------------------------------------------------------------------


def test_plugins_reports_the_status_of_each(environment):
    environment.plugin("zeta", "zap", "bump", version="0.3")
    environment.plugin("acme", "hill")
    environment.install("broken-surrogates", "2.0", entry_points={"broken": "nowhere_to_be_found"})
    infos, errors, kinds = environment.ask(
        "[(p.namespace, p.distribution, p.version, p.status, p.surrogates) for p in surroreg.plugins()]",
        "{p.namespace: [type(p.error).__name__, repr(p.error and p.error.__cause__)] for p in surroreg.plugins()}",
        "{type(p) is surroreg.PluginInfo for p in surroreg.plugins()} == {True}",
        SURROREG_DISABLE_PLUGINS="acme",
    )
    ours = [info for info in infos.value if info[0] in ("acme", "broken", "zeta")]
    assert ours == [
        ["acme", "acme-surrogates", "1.0", "disabled", []],
        ["broken", "broken-surrogates", "2.0", "failed", []],
        ["zeta", "zeta-surrogates", "0.3", "loaded", ["bump", "zap"]],
    ]
    assert [info[0] for info in infos.value] == sorted(info[0] for info in infos.value)
    assert errors.value["zeta"][0] == errors.value["acme"][0] == "NoneType"
    assert errors.value["broken"][0] == "PluginLoadError"
    assert "nowhere_to_be_found" in errors.value["broken"][1]
    assert kinds.value is True


def test_only_the_plugin_that_is_asked_for_is_imported(environment):
    environment.plugin("acme")
    environment.plugin("zeta")
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    loaded = "sorted(name for name in sys.modules if name.startswith('surroreg_'))"
    spec, before, _, after = environment.ask("surroreg.spec('acme/bump').name", loaded, BUMPS, loaded)
    assert spec.value == "bump"
    assert not spec.warned_of("broken")  # nor is the broken one anybody's business yet
    assert before.value == ["surroreg_acme"]
    assert {"surroreg_acme", "surroreg_zeta"} <= set(after.value)


# -- refresh() ------------------------------------------------------------------------------------


def test_plugin_installed_at_run_time_loads_after_a_refresh(environment):
    environment.plugin("acme", folder="staged")
    before, _, unseen, _, after, spec, info = environment.ask(
        BUMPS, "install('staged')", BUMPS, "surroreg.refresh()", BUMPS, "surroreg.spec('acme/bump').origin", INFO
    )
    assert before.value == unseen.value == []
    assert after.value == ["acme/bump"]
    assert spec.value == "surroreg_acme:bump"
    assert info.value == [["1.0", "loaded", ["bump"]]]
    assert not after.warned_of("acme")


def test_removed_plugin_is_gone_after_a_refresh(environment):
    environment.plugin("acme")
    before, _, _, after, spec, info = environment.ask(
        BUMPS, "remove('*acme*')", "surroreg.refresh()", BUMPS, "surroreg.spec('acme/bump')", INFO
    )
    assert before.value == ["acme/bump"]
    assert after.value == info.value == []
    assert spec.error == "UnknownSurrogateError"
    assert "No plugin 'acme' is installed" in spec.message


def test_upgrade_loads_after_a_refresh_without_a_warning(environment):
    environment.plugin("acme", version="1.0")
    environment.plugin("acme", version="1.1", folder="staged")
    _, _, _, _, names, info = environment.ask(
        BUMPS, "remove('acme*')", "install('staged')", "surroreg.refresh()", BUMPS, INFO
    )
    assert names.value == ["acme/bump"]
    assert info.value == [["1.1", "loaded", ["bump"]]]
    assert not names.warned_of("acme")


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param("raise ValueError('not yet, not here, and not now')\n", id="raised at import"),
        pytest.param("import nowhere_to_be_found\n", id="lacked a dependency"),
        pytest.param("", id="was not there"),
    ],
)
def test_failed_plugin_that_was_repaired_loads_after_a_refresh(environment, failing):
    modules = {"surroreg_acme": failing} if failing else {}
    environment.install("acme-surrogates", entry_points={"acme": "surroreg_acme"}, modules=modules)
    environment.plugin("good", aliases=["Fine"])
    environment.plugin("acme", folder="staged")
    failed, _, still, _, names, spec, info = environment.ask(
        "surroreg.spec('acme/bump')",
        "install('staged')",
        "surroreg.spec('acme/bump')",
        "surroreg.refresh()",
        BUMPS,
        "surroreg.spec('acme/bump').origin",
        INFO,
    )
    assert failed.error == still.error == "PluginLoadError"
    assert names.value == ["acme/bump", "good/bump"]
    assert spec.value == "surroreg_acme:bump"
    assert info.value == [["1.0", "loaded", ["bump"]]]
    assert not names.warned_of("acme")


def test_failed_plugin_warns_once_and_again_after_a_refresh(environment):
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    first, second, third, _, fourth = environment.ask(
        "surroreg.plugins()", "surroreg.names()", "surroreg.spec('broken/x')", "surroreg.refresh()", "surroreg.names()"
    )
    assert [len(o.warned_of("broken-surrogates")) for o in (first, second, third, fourth)] == [1, 0, 0, 1]


def test_specs_stay_the_same_objects_over_a_refresh(registry):
    atan = registry.spec("atan")
    registry.refresh()
    assert registry.spec("atan") is atan


def test_scan_happens_once_until_a_refresh(with_scan):
    scans = []
    registry = with_scan(lambda: (scans.append(1) or [], []))
    for _ in range(2):
        registry.names()
        registry.plugins()
    assert len(scans) == 1
    registry.refresh()
    assert len(scans) == 1
    registry.names()
    assert len(scans) == 2


def test_surrogates_outlive_their_plugin(environment, in_process):
    environment.plugin("acme")
    surrogate = in_process.load("acme/bump", slope=3)
    shutil.rmtree(environment.root / "site")
    in_process.refresh()
    assert in_process.names("acme/*") == []
    assert surrogate.params == {"slope": 3.0}
    assert in_process.from_config(surrogate.to_config()).params == {"slope": 3.0}


# -- deprecated aliases ---------------------------------------------------------------------------


def test_deprecated_alias_loads_with_one_warning_and_no_listing(environment):
    environment.plugin("acme", aliases=["Bumpy"], deprecated=["OldBump"])
    first, again, bare, names, near, info = environment.ask(
        "surroreg.spec('acme/OldBump').name",
        "surroreg.spec('ACME/oldbump').name",
        "surroreg.spec('oldbump').name",
        "surroreg.names('*old*')",
        "surroreg.spec('acme/oldbumb')",
        "[p.surrogates for p in surroreg.plugins() if p.namespace == 'acme']",
    )
    assert [o.value for o in (first, again, bare)] == ["bump"] * 3
    assert first.warnings == [
        ["DeprecatedAliasWarning", "'acme/OldBump' is deprecated; ask for 'acme/bump'.", "<asked>"]
    ]
    assert not again.warned_of("deprecated")
    assert not bare.warned_of("deprecated")
    assert names.value == []
    assert "oldbump'" not in near.message.lower().partition("did you mean")[2]
    assert info.value == [["bump"]]


def test_each_deprecated_alias_warns_once_over_refreshes_too(registry):
    for name in ("one", "two"):
        spec = SurrogateSpec(name=name, factory=lambda: abs, deprecated_aliases=[f"old_{name}"])
        registry.register(spec)
        with pytest.warns(DeprecatedAliasWarning, match=f"'old_{name}' is deprecated; ask for 'local/{name}'"):
            assert registry.spec(f"old_{name}") is spec
    registry.refresh()
    for name in ("one", "two"):
        registry.spec(f"old_{name}")  # warnings are errors here
        registry.spec(name)


def test_deprecated_alias_as_an_error_loads_at_the_second_try(registry):
    registry.register(SurrogateSpec(name="new", factory=lambda: abs, deprecated_aliases=["old"]))
    with pytest.raises(DeprecatedAliasWarning):
        registry.spec("old")
    assert registry.spec("old").name == "new"
