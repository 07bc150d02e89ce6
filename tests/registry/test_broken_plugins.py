"""Plugins that cannot be used: each costs one warning, and nothing else."""

from __future__ import annotations

import pytest

from tests.registry.conftest import Environment

GOOD = "from surroreg import Parameter, SurrogateSpec, hookimpl, surrogate\n@surrogate()\ndef bump(x): return x\n"
HOOK = GOOD + "@hookimpl\ndef surroreg_surrogates():\n"

# id -> the plugin's module, the cause in the warning, the exception chained to the error
BROKEN = {
    "no hook": (GOOD, "define surroreg_surrogates() in it", "SurroregError"),
    "empty module": ("", "define surroreg_surrogates() in it", "SurroregError"),
    "typo in the hook": (
        GOOD + "@hookimpl\ndef surroreg_surogates(): return [bump]\n",
        "unknown hook 'surroreg_surogates'",
        "SurroregError",
    ),
    "hook that takes too much": (
        GOOD + "@hookimpl\ndef surroreg_surrogates(register): return [bump]\n",
        "register",
        "PluginValidationError",
    ),
    "hook without the marker": (
        GOOD + "def surroreg_surrogates(): return [bump]\n",
        "mark it @surroreg.hookimpl",
        "SurroregError",
    ),
    "hook with another project's marker": (
        GOOD + "import pluggy\n@pluggy.HookimplMarker('pytest')\ndef surroreg_surrogates(): return [bump]\n",
        "mark it @surroreg.hookimpl",
        "SurroregError",
    ),
    "returns None": (HOOK + "    bump", "returned None; return a list of specs", "SurroregError"),
    "returns an empty list": (HOOK + "    return []", "returned no surrogates", "SurroregError"),
    "returns a single spec": (HOOK + "    return bump", "return a list of specs", "SurroregError"),
    "returns a string": (HOOK + "    return 'bump'", "returned 'bump'; return a list of specs", "SurroregError"),
    "returns a function": (
        HOOK + "    return [bump, len]",
        "<built-in function len> among its specs. Decorate a derivative with @surroreg.surrogate",
        "SurroregError",
    ),
    "returns a name": (HOOK + "    return ['bump']", "'bump' among its specs", "SurroregError"),
    "returns a spec twice": (HOOK + "    return [bump, bump]", "offers 'bump' twice", "DuplicateSurrogateError"),
    "returns one alias twice": (
        HOOK + "    return [SurrogateSpec(name=n, derivative='m:f', aliases=['Bumpy']) for n in ('one', 'two')]\n",
        "offers 'bumpy' twice: 'one' of m:f and 'two' of m:f",
        "DuplicateSurrogateError",
    ),
    "raises in the hook": (HOOK + "    raise ValueError('not today')", "ValueError: not today", "ValueError"),
    "raises half way through the hook": (
        HOOK + "    yield bump\n    raise ValueError('half way')",
        "ValueError: half way",
        "ValueError",
    ),
    "fails half way through its specs": (
        HOOK + "    return [bump, SurrogateSpec(name='zap', derivative='m:f', aliases=['BUMP'])]",
        "offers 'bump' twice",
        "DuplicateSurrogateError",
    ),
    "raises at import": (GOOD + "raise ValueError('not here')\n", "ValueError: not here", "ValueError"),
    "raises nothing but a name": (GOOD + "raise RuntimeError\n", "cannot be used: RuntimeError. ", "RuntimeError"),
    "calls sys.exit at import": ("import sys\nsys.exit(3)\n", "SystemExit: 3", "SystemExit"),
    "calls sys.exit in the hook": (HOOK + "    raise SystemExit('bye')", "SystemExit: bye", "SystemExit"),
    "has a syntax error": ("def surroreg_surrogates(:\n", "SyntaxError", "SyntaxError"),
    "lacks a dependency": (
        "import nowhere_to_be_found\n",
        "No module named 'nowhere_to_be_found' (install the missing module, or reinstall the plugin)",
        "ModuleNotFoundError",
    ),
    "defines a bad spec": (
        "from surroreg import surrogate\n@surrogate()\ndef bump(x, slope): return x\n",
        "bump: its derivative takes (x, slope)",
        "SpecError",
    ),
    "for another version": (
        HOOK + "    return [bump]\nsurroreg_api_version = 2\n",
        "version 2 of the",
        "SurroregError",
    ),
    "version as text": (HOOK + "    return [bump]\nsurroreg_api_version = '1'\n", "version '1'", "SurroregError"),
    "registers half way through its import": (
        GOOD + "import surroreg\nsurroreg.register(bump, namespace='broken')\nraise ValueError('late')\n",
        "ValueError: late",
        "ValueError",
    ),
}


PROVIDER = "class Provider:\n    @hookimpl\n    def surroreg_surrogates(self): return [bump]\n"

# entry point -> the cause in the warning, the exception chained to the error
NOWHERE = {
    "nowhere_to_be_found": ("No module named 'nowhere_to_be_found'", "ModuleNotFoundError"),
    "{module}:absent": ("has no attribute 'absent'", "AttributeError"),
    "{module}:bump.absent": ("has no attribute 'absent'", "AttributeError"),
    "{module}:nothing": ("define surroreg_surrogates() in it", "SurroregError"),
    "{module}:bump": ("define surroreg_surrogates() in it", "SurroregError"),
    "{module}:Provider": ("self", "TypeError"),
    "{module}.absent": ("'{module}' is not a package", "ModuleNotFoundError"),
    "math": ("define surroreg_surrogates() in it", "SurroregError"),
    ".{module}": ("relative import", "TypeError"),
}

# id -> entry point, module, cause, chained exception; all are installed beside each other, and asked in one process
CASES = {name: ("{module}", *row) for name, row in BROKEN.items()} | {
    value: (value, GOOD + PROVIDER + "nothing = None\n", *row) for value, row in NOWHERE.items()
}
NAMESPACES = {name: f"broken{number}" for number, name in enumerate(CASES)}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """The answers of one process to questions about all broken plugins, and about a good one beside them."""
    environment = Environment(tmp_path_factory.mktemp("broken"))
    environment.plugin("good")
    for name, namespace in NAMESPACES.items():
        entry_point, source, *_ = CASES[name]
        module = f"surroreg_{namespace}"
        environment.install(
            f"{namespace}-surrogates",
            "3.1",
            entry_points={namespace: entry_point.replace("{module}", module)},
            modules={module: source.replace("'broken'", repr(namespace))},
        )
    questions = [
        "surroreg.names()",
        "surroreg.names('*')",
        "surroreg.spec('good/bump').origin",
        "surroreg.spec('atan').name",
        "{p.namespace: [p.distribution, p.version, p.status, p.surrogates, str(p.error)] for p in surroreg.plugins()}",
    ]
    for namespace in NAMESPACES.values():
        questions += [f"surroreg.spec('{namespace}/bump')", f"surroreg.names(namespace='{namespace}')"]
    return dict(zip(questions, environment.ask(*questions), strict=True))


def check_it_costs_one_warning(outcomes, name):
    """Everything else works, one warning gives the cause, and the broken plugin raises with the cause."""
    namespace, (entry_point, _, cause, chained) = NAMESPACES[name], CASES[name]
    names, again, good, builtin, infos, *_ = outcomes.values()
    spec, listed = (
        outcomes[f"surroreg.spec('{namespace}/bump')"],
        outcomes[f"surroreg.names(namespace='{namespace}')"],
    )
    entry_point, cause = (text.replace("{module}", f"surroreg_{namespace}") for text in (entry_point, cause))
    [warning] = names.warned_of(f"{namespace}-surrogates")
    assert (
        f"plugin {namespace!r} (entry point {entry_point!r} of {namespace}-surrogates 3.1) cannot be used: " in warning
    )
    assert cause in warning
    assert f"SURROREG_DISABLE_PLUGINS={namespace}-surrogates leaves it out" in warning
    assert "\n" not in warning
    assert [category for category, text, _ in names.warnings if text == warning] == ["PluginWarning"]
    assert {"atan", "good/bump"} <= set(names.value)
    assert not [name for name in names.value if name.startswith("broken") or name.endswith("/zap")]
    assert again.value == names.value
    assert not again.warned_of("broken")
    assert (good.value, builtin.value) == ("surroreg_good:bump", "atan")
    for outcome in (spec, listed):
        assert outcome.error == "PluginLoadError"
        assert warning in outcome.message
        assert outcome.cause.startswith(chained)
    assert infos.value[namespace] == [f"{namespace}-surrogates", "3.1", "failed", [], warning]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_plugin_costs_one_warning(outcomes, broken):
    check_it_costs_one_warning(outcomes, broken)


@pytest.mark.parametrize("entry_point", NOWHERE)
def test_entry_point_that_leads_nowhere_costs_one_warning(outcomes, entry_point):
    check_it_costs_one_warning(outcomes, entry_point)


def test_entry_point_that_is_no_reference_costs_one_warning(environment):
    environment.install("broken-surrogates", "3.1", entry_points={"broken": "no module at all!"})
    environment.plugin("good")
    # importlib-metadata 9 refuses the value as it reads it, so the plugin has no namespace; others refuse at the load.
    namespace = "next(p.namespace for p in surroreg.plugins() if p.status == 'failed')"
    names, good, spec, infos = environment.ask(
        "surroreg.names()",
        "surroreg.spec('good/bump').origin",
        f"surroreg.spec({namespace} + '/bump')",
        "[[p.distribution, p.version, str(p.error)] for p in surroreg.plugins() if p.status == 'failed']",
    )
    [warning] = names.warned_of("broken-surrogates")
    assert "no module at all!" in warning
    assert good.value == "surroreg_good:bump"
    assert spec.error == "PluginLoadError"
    assert warning in spec.message
    assert infos.value == [["broken-surrogates", "3.1", warning]]


# -- namespaces -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "cause"),
    [
        ("Acme", "lower-case letters, digits and '_', a letter first"),
        ("acme-x", "lower-case"),
        ("1acme", "a letter first"),
        ("local", "'local' is reserved"),
        ("builtin", "'builtin' is reserved"),
    ],
)
def test_namespace_that_cannot_be_one_costs_one_warning(environment, namespace, cause):
    environment.install(
        "acme-surrogates",
        entry_points={namespace: "surroreg_acme"},
        modules={"surroreg_acme": environment.source("bump", "atan")},
    )
    environment.plugin("good")
    # plugins() comes first: nothing has needed the built-ins yet.
    infos, names, atan, good = environment.ask(
        "[(p.namespace, p.status) for p in surroreg.plugins() if p.distribution == 'acme-surrogates']",
        "surroreg.names()",
        "surroreg.spec('atan').origin",
        "surroreg.spec('good/bump').name",
    )
    [warning] = infos.warned_of("acme-surrogates 1.0")
    assert f"plugin {namespace!r} (entry point 'surroreg_acme' of" in warning
    assert cause in warning
    assert "SURROREG_DISABLE_PLUGINS=acme-surrogates" in warning
    assert infos.value == [[namespace, "failed"]]
    assert (atan.value, good.value) == ("surroreg.builtin.sigmoidal:atan", "bump")
    assert names.value is not None, names.message
    assert "good/bump" in names.value
    assert not [name for name in names.value if name.endswith("bump") and name != "good/bump"]


@pytest.mark.parametrize("order", [["one", "two"], ["two", "one"]], ids="-".join)
def test_namespace_of_two_distributions_is_given_to_neither(environment, order):
    for folder in order:
        environment.install(
            f"acme-{folder}",
            entry_points={"acme": f"acme_{folder}"},
            modules={f"acme_{folder}": environment.source("bump", folder)},
            folder=folder,
        )
    environment.plugin("good", folder="one")
    environment.path = order
    names, spec, infos = environment.ask(
        "surroreg.names('*/*')",
        "surroreg.spec('acme/bump')",
        "[(p.distribution, p.status) for p in surroreg.plugins() if p.namespace == 'acme']",
    )
    assert not [name for name in names.value if name.startswith("acme")]
    assert "good/bump" in names.value
    one, two = names.warned_of("'acme'")
    assert "of acme-one 1.0) cannot be used: the namespace 'acme' is also claimed by acme-two 1.0" in one
    assert "of acme-two 1.0) cannot be used: the namespace 'acme' is also claimed by acme-one 1.0" in two
    assert spec.error == "PluginLoadError"
    assert "also claimed by acme-" in spec.message
    assert infos.value == [["acme-one", "failed"], ["acme-two", "failed"]]


def test_module_under_two_namespaces_is_reported_plainly(environment):
    environment.install(
        "acme-surrogates",
        entry_points={"acme": "surroreg_acme", "bcme": "surroreg_acme"},
        modules={"surroreg_acme": environment.source("bump")},
    )
    [names] = environment.ask("surroreg.names('?cme/*')")
    assert names.value == ["acme/bump"]
    [warning] = names.warned_of("acme-surrogates")
    assert "plugin 'bcme'" in warning
    assert "it is the plugin 'acme' under another name" in warning
    assert "<module" not in warning
