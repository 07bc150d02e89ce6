"""Plugins that ask, register or are interrupted while they are imported; warnings that are errors."""

from __future__ import annotations

import pytest

from surroreg import DeprecatedAliasWarning


def test_plugin_may_ask_for_names_during_its_import(environment):
    environment.plugin("acme", then="import surroreg\nseen = surroreg.names()\nslope = surroreg.spec('ATan')\n")
    environment.plugin("good")
    names, seen = environment.ask("surroreg.names()", "sys.modules['surroreg_acme'].seen")
    assert {"acme/bump", "good/bump", "atan"} <= set(names.value)
    assert {"good/bump", "atan"} <= set(seen.value)
    assert not names.warned_of("acme")


def test_plugin_may_ask_about_all_plugins_in_its_hook(environment):
    source = environment.source("bump").replace("    return [bump]", "    surroreg.names()\n    return [bump]")
    environment.install(
        "acme-surrogates",
        entry_points={"acme": "surroreg_acme"},
        modules={"surroreg_acme": f"import surroreg\n{source}"},
    )
    environment.plugin("good")
    names, status = environment.ask(
        "surroreg.names('*/bump')", "[p.status for p in surroreg.plugins() if p.namespace == 'acme']"
    )
    assert names.value == ["acme/bump", "good/bump"], names.message
    assert status.value == ["loaded"]
    assert not names.warned_of("acme")


@pytest.mark.parametrize("package", [False, True], ids=["module", "package"])
def test_registration_of_a_failed_import_is_rolled_back(environment, package):
    late = "import surroreg\nsurroreg.register(bump)\n"
    if package:
        folder = environment.root / "site" / "surroreg_broken"
        folder.mkdir()
        (folder / "parts.py").write_text(environment.source("bump", then=late), encoding="utf-8")
        modules = {"surroreg_broken/__init__": "from surroreg_broken import parts\nraise ValueError('late')\n"}
    else:
        modules = {"surroreg_broken": environment.source("bump", then=late + "raise ValueError('late')\n")}
    environment.install("broken-surrogates", entry_points={"broken": "surroreg_broken"}, modules=modules)
    names, again = environment.ask("surroreg.names('*/bump')", "surroreg.names(namespace='local')")
    assert names.warned_of("ValueError: late")
    assert names.value == []
    assert again.value == []


def test_interrupted_import_is_tried_again(environment):
    once = "import sys\nif not hasattr(sys, 'interrupted'):\n    sys.interrupted = True\n    raise KeyboardInterrupt\n"
    environment.plugin("acme", then=once)
    environment.plugin("zeta")
    first, names, plugins = environment.ask(
        "surroreg.names()",
        "surroreg.names('*/bump')",
        "[p.status for p in surroreg.plugins() if p.namespace == 'acme']",
    )
    assert first.error == "KeyboardInterrupt"
    assert {"acme/bump", "zeta/bump"} <= set(names.value)
    assert plugins.value == ["loaded"]


def test_registry_with_warnings_as_errors_reports_every_plugin(environment):
    environment.install("bad-one", entry_points={"bad_one": "nowhere_one"})
    environment.install("bad-two", entry_points={"bad_two": "nowhere_two"})
    environment.plugin("good")
    calls = environment.ask(
        *["surroreg.names('good/*')"] * 3, "surroreg.spec('good/bump').name", options=["-W", "error"]
    )
    assert calls[0].error == "PluginWarning"
    assert [call.value for call in calls[-2:]] == [["good/bump"], "bump"]
    messages = " ".join(call.message for call in calls)
    assert "nowhere_one" in messages
    assert "nowhere_two" in messages


@pytest.mark.parametrize(
    "call", ["surroreg.names()", "surroreg.plugins()", "surroreg.spec('broken/x')", "surroreg.spec('x')"]
)
def test_warning_points_at_the_line_that_asked(environment, call):
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    [outcome] = environment.ask(call)
    assert [file for _, text, file in outcome.warnings if "broken-surrogates" in text] == ["<asked>"]


@pytest.mark.parametrize("question", ["surroreg.names()", "surroreg.plugins()"])
def test_half_imported_plugin_may_ask_about_all_plugins(environment, question):
    environment.plugin("acme")
    module = environment.root / "site" / "surroreg_acme.py"
    module.write_text(f"import surroreg\nseen = {question}\n{module.read_text()}", encoding="utf-8")
    imported, names = environment.ask("import surroreg_acme", "surroreg.names('acme/*')")
    assert not imported.warned_of("acme")
    assert names.value == ["acme/bump"]


def test_deprecated_alias_points_at_the_line_that_asked(environment, in_process):
    environment.plugin("acme", deprecated=["old"])
    with pytest.warns(DeprecatedAliasWarning) as warned:
        in_process.load("acme/old")
    assert [warning.filename for warning in warned] == [__file__]
    in_process.from_config({"name": "acme/old"})  # a second warning would be an error
