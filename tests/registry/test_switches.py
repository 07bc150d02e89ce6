"""Choosing plugins by environment variable."""

from __future__ import annotations

import pytest

STATUS = "{p.namespace: p.status for p in surroreg.plugins()}"
# A plugin that cannot be imported without leaving a trace that the tests see.
TRACED = "import pathlib\npathlib.Path(__file__).with_suffix('.imported').touch()\n"


@pytest.fixture
def two(environment):
    """An environment with the plugins ``acme_one`` and ``zeta``, which leave a trace when they are imported."""
    for namespace, distribution in {"acme_one": "Acme.Surrogates", "zeta": "zeta-surrogates"}.items():
        environment.install(
            distribution,
            entry_points={namespace: f"surroreg_{namespace}"},
            modules={f"surroreg_{namespace}": environment.source("bump", then=TRACED)},
        )
    return environment


def imported(environment):
    return {path.stem.removeprefix("surroreg_") for path in (environment.root / "site").glob("*.imported")}


def test_without_switches_every_plugin_is_used(two):
    names, status = two.ask("surroreg.names('*/bump')", STATUS)
    assert {"acme_one/bump", "zeta/bump"} <= set(names.value)
    assert (status.value["acme_one"], status.value["zeta"]) == ("loaded", "loaded")
    assert imported(two) == {"acme_one", "zeta"}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("acme_one", id="namespace"),
        pytest.param("Acme.Surrogates", id="distribution"),
        pytest.param("acme-surrogates", id="distribution, normalised"),
        pytest.param("ACME_surrogates", id="distribution, another spelling"),
        pytest.param(" acme_one ,, ", id="spaces and empty entries"),
    ],
)
@pytest.mark.parametrize("switch", ["SURROREG_DISABLE_PLUGINS", "SURROREG_PLUGINS"])
def test_plugin_is_chosen_by_namespace_or_by_distribution(two, switch, entry):
    names, status = two.ask("surroreg.names('*/bump')", STATUS, **{switch: entry})
    on, off = ("zeta", "acme_one") if switch == "SURROREG_DISABLE_PLUGINS" else ("acme_one", "zeta")
    assert f"{on}/bump" in names.value
    assert f"{off}/bump" not in names.value
    assert (status.value[on], status.value[off]) == ("loaded", "disabled")
    assert imported(two) == {on}
    assert not names.warned_of("SURROREG")


def test_several_entries_are_separated_by_commas(two):
    [names] = two.ask("surroreg.names('*/bump')", SURROREG_DISABLE_PLUGINS="zeta,acme-surrogates")
    assert not {"acme_one/bump", "zeta/bump"} & set(names.value)
    assert imported(two) == set()


@pytest.mark.parametrize("allowed", ["", ",", "  "])
def test_empty_allow_list_admits_none_but_the_builtins(two, allowed):
    names, atan, status = two.ask("surroreg.names()", "surroreg.spec('atan').name", STATUS, SURROREG_PLUGINS=allowed)
    assert "atan" in names.value
    assert not [name for name in names.value if "/" in name]
    assert atan.value == "atan"
    assert set(status.value.values()) == {"disabled"}
    assert imported(two) == set()


def test_plugin_disabled_and_allowed_stays_disabled(two):
    [names] = two.ask("surroreg.names('*/bump')", SURROREG_PLUGINS="zeta,acme_one", SURROREG_DISABLE_PLUGINS="zeta")
    assert names.value == ["acme_one/bump"]


def test_empty_deny_list_disables_nothing(two):
    [names] = two.ask("surroreg.names('*/bump')", SURROREG_DISABLE_PLUGINS="")
    assert {"acme_one/bump", "zeta/bump"} <= set(names.value)


@pytest.mark.parametrize("switches", [{"SURROREG_DISABLE_PLUGINS": "zeta"}, {"SURROREG_PLUGINS": "acme_one"}])
def test_disabled_plugin_asked_for_by_name_is_not_imported(two, switches):
    spec, listed, bare = two.ask(
        "surroreg.spec('zeta/bump')", "surroreg.names(namespace='zeta')", "surroreg.spec('bump').origin", **switches
    )
    for outcome in (spec, listed):
        assert outcome.error == "UnknownSurrogateError"
        assert "switches off its plugin, zeta-surrogates 1.0" in outcome.message
        assert next(iter(switches)) in outcome.message
    assert bare.value == "surroreg_acme_one:bump"  # no longer ambiguous
    assert imported(two) == {"acme_one"}


@pytest.mark.parametrize("switch", ["SURROREG_DISABLE_PLUGINS", "SURROREG_PLUGINS"])
def test_entry_that_names_nothing_is_reported_as_typed(two, switch):
    names, again = two.ask("surroreg.names()", "surroreg.names()", **{switch: "zeta, Acme_Two"})
    [warning] = names.warned_of(switch)
    assert "'Acme_Two'" in warning
    assert "'zeta'" not in warning
    assert names.warnings[0][0] == "PluginWarning"
    assert not again.warned_of(switch)


def test_broken_disabled_plugin_costs_no_warning(environment):
    environment.install("broken-one", entry_points={"broken": "nowhere_to_be_found"})
    environment.install("broken-two", entry_points="[surroreg]\nno equals sign\n")
    environment.install("broken-three", entry_points={"Bad-Name": "nowhere_to_be_found"})
    environment.plugin("good")
    names, good = environment.ask(
        "surroreg.names('*/bump')",
        "surroreg.spec('good/bump').name",
        SURROREG_DISABLE_PLUGINS="broken-one,broken-two,broken-three",
        SURROREG_STRICT="1",
    )
    assert names.value == ["good/bump"]
    assert good.value == "bump"
    assert not names.warned_of("broken")


def test_stale_copies_of_a_disabled_plugin_cost_no_warning(environment):
    for version in ("1.0", "0.9"):
        environment.plugin("acme", version=version)
    [names] = environment.ask("surroreg.names()", SURROREG_DISABLE_PLUGINS="acme-surrogates")
    assert not names.warned_of("acme")


@pytest.mark.parametrize("entry", ["acme", "b-acme"])
def test_disabled_rival_leaves_the_namespace_to_the_other(environment, entry):
    for distribution in ("a-acme", "b-acme"):
        module = distribution.replace("-", "_")
        environment.install(distribution, entry_points={"acme": module}, modules={module: environment.source("bump")})
    names, spec, near = environment.ask(
        "surroreg.names('acme/*')",
        "surroreg.spec('acme/bump').origin",
        "surroreg.spec('acme/bmup')",
        SURROREG_DISABLE_PLUGINS=entry,
    )
    if entry == "acme":  # names both
        assert names.value == []
        assert spec.error == "UnknownSurrogateError"
        return
    assert names.value == ["acme/bump"]
    assert spec.value == "a_acme:bump"
    assert not names.warned_of("acme")
    # The message must blame the misspelling, not the switch.
    assert "Did you mean 'acme/bump'" in near.message


# -- SURROREG_STRICT ------------------------------------------------------------------------------


@pytest.fixture
def half_broken(environment):
    """An environment with a good plugin, and a broken one."""
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    environment.plugin("good")
    return environment


@pytest.mark.parametrize("value", ["1", "true"])
def test_strict_raises_what_would_be_a_warning(half_broken, value):
    names, again, broken, bare, infos, good, builtin = half_broken.ask(
        "surroreg.names()",
        "surroreg.names()",
        "surroreg.spec('broken/bump')",
        "surroreg.spec('bump')",
        STATUS,
        "surroreg.spec('good/bump').name",
        "surroreg.spec('atan').name",
        SURROREG_STRICT=value,
    )
    for outcome in (names, again, broken, bare):
        assert outcome.error == "PluginLoadError"
        assert "nowhere_to_be_found" in outcome.message
        assert "SURROREG_DISABLE_PLUGINS=broken-surrogates" in outcome.message
        assert outcome.cause.startswith("ModuleNotFoundError")
    # What names no broken plugin works all the same, and plugins() must, or nobody could look.
    assert (infos.value["broken"], infos.value["good"]) == ("failed", "loaded")
    assert (good.value, builtin.value) == ("bump", "atan")


@pytest.mark.parametrize("value", ["", "0"])
def test_strict_can_be_off(half_broken, value):
    [names] = half_broken.ask("surroreg.names('good/*')", SURROREG_STRICT=value)
    assert names.value == ["good/bump"]
    assert names.warned_of("broken-surrogates")


def test_switches_are_read_again_at_a_refresh(two):
    before, _, _, after = two.ask(
        "surroreg.names('*/bump')",
        "import os; os.environ['SURROREG_DISABLE_PLUGINS'] = 'zeta'",
        "surroreg.refresh()",
        "surroreg.names('*/bump')",
    )
    assert before.value == ["acme_one/bump", "zeta/bump"]
    assert after.value == ["acme_one/bump"]
