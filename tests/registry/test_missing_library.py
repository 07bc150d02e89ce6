"""A plugin that wraps a library which is not installed: no failure, no warning, and an error with the reason."""

from __future__ import annotations

from surroreg.cli import main

SOURCE = """
import surroreg

@surroreg.hookimpl
def surroreg_surrogates():
    raise surroreg.MissingLibraryError("wrapped is not installed; pip install wrapped")
"""


def install(environment):
    environment.plugin("good")
    environment.install(
        "wrapper", "2.0", entry_points={"wrapper": "surroreg_wrapper"}, modules={"surroreg_wrapper": SOURCE}
    )


def test_missing_library_costs_no_warning_and_names_the_package(environment):
    install(environment)
    names, spec, listed, bare, infos = environment.ask(
        "surroreg.names()",
        "surroreg.load('wrapper/bump')",
        "surroreg.names(namespace='wrapper')",
        "surroreg.load('bumb')",
        "{p.namespace: [p.status, p.surrogates, str(p.error)] for p in surroreg.plugins()}",
    )
    assert "good/bump" in names.value
    assert not [name for name in names.value if name.startswith("wrapper")]
    assert not names.warnings
    for outcome in (spec, listed):
        assert outcome.error == "PluginLoadError"
        assert "wrapped is not installed; pip install wrapped" in outcome.message
        assert "(entry point 'surroreg_wrapper' of wrapper 2.0)" in outcome.message
    assert "could not be loaded" not in bare.message
    status, surrogates, error = infos.value["wrapper"]
    assert (status, surrogates) == ("unavailable", [])
    assert "pip install wrapped" in error


def test_missing_library_is_no_failure_in_strict_mode(environment):
    install(environment)
    (names,) = environment.ask("surroreg.names('*bump')", SURROREG_STRICT="1")
    assert names.value == ["good/bump"]


def test_doctor_shows_a_missing_library_as_unavailable(environment):
    install(environment)
    doctor = environment.run("import surroreg.cli; raise SystemExit(surroreg.cli.main(['doctor']))")
    assert "unavailable" in doctor.stdout
    assert "wrapped is not installed; pip install wrapped" in doctor.stdout
    assert "Nothing is wrong with the plugins." in doctor.stdout
    plugins = environment.run("import surroreg.cli; raise SystemExit(surroreg.cli.main(['plugins', '--json']))")
    assert "unavailable" in plugins.stdout
    assert plugins.stderr == ""


def test_check_reports_a_missing_library_as_not_verified(environment, in_process, capsys):
    install(environment)
    assert main(["check", "wrapper"]) == 1  # nothing was checked
    out = capsys.readouterr().out
    assert "4 checks NOT VERIFIED" in out
    assert "pip install wrapped" in out
    assert main(["list", "wrapper/*"]) == 1
    assert "pip install wrapped" in capsys.readouterr().err
