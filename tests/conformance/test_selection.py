"""The selection of ``pytest --plugin-conformance``: plugins, surrogates, checks and parameter values."""

from __future__ import annotations

import json

import pytest

import surroreg

TWO = """
@surrogate()
def {name}(x):
    return 1 / (1 + x.abs())

@surrogate()
def {name}_too(x):
    return 1 / (1 + x * x)

@hookimpl
def surroreg_surrogates():
    return [{name}_too, {name}]
"""


@pytest.fixture
def three(inside):
    """Two plugins that work, and a third that does not load. The second prints when it is imported."""
    inside.install("acme")
    inside.install("zed", inside.head + TWO.format(name="bump") + "print('hello from zed')", version="2.0")
    inside.install("lost", "import nowhere_at_all", version="3.0")
    return inside


def collected(place, *options):
    done = place.check("--collect-only", "-q", *options)
    assert done.code == 0, done.text
    return [line.removeprefix("surroreg-conformance::") for line in done.ids]


def subjects(ids):
    return sorted({line.partition("::")[0] for line in ids})


def test_all_installed_plugins_are_checked_and_no_builtin(three):
    assert subjects(collected(three)) == ["acme", "acme/bell", "lost", "zed", "zed/bump", "zed/bump_too"]


def test_plugins_are_chosen_by_namespace_and_by_distribution(three):
    only = "--conformance-check=not_dead"
    assert subjects(collected(three, "--conformance-plugin=z*", only)) == ["zed/bump", "zed/bump_too"]
    assert subjects(collected(three, "--conformance-plugin=surroreg-acme", only)) == ["acme/bell"]
    both = ("--conformance-plugin=surroreg-acme", "--conformance-plugin=zed")
    assert subjects(collected(three, *both, only)) == ["acme/bell", "zed/bump", "zed/bump_too"]


@pytest.mark.parametrize("pattern", ["bump", "zed/bump", "*/bump", "[!x]ump", "b[u]mp"])
def test_surrogate_pattern_takes_brackets_literally(three, pattern):
    done = three.check("--collect-only", "-q", "--conformance-plugin=zed", f"--conformance-surrogate={pattern}")
    if "[" in pattern:
        assert done.code != 0
        assert "zed/bump_too" in done.text
    else:
        assert subjects(line.removeprefix("surroreg-conformance::") for line in done.ids) == ["zed/bump"]


def test_builtins_are_checked_on_request_alone_or_with_plugins(three):
    only = "--conformance-check=forward_nan"
    alone = subjects(collected(three, "--conformance-builtin", only))
    assert alone == sorted(f"builtin/{name}" for name in surroreg.names(namespace="builtin"))
    assert subjects(collected(three, "--conformance-plugin=builtin", only)) == alone
    beside = subjects(collected(three, "--conformance-builtin", "--conformance-plugin=acme", only))
    assert beside == ["acme/bell", *alone]


def test_checks_are_chosen_by_id(three):
    one = ("--conformance-plugin=acme", "--conformance-check=not_dead", "--conformance-check=provider_q*")
    assert collected(three, *one) == [
        "acme::provider_quiet[cpu]",
        "acme/bell::not_dead[cpu]",
        "acme/bell::not_dead[cuda]",
    ]


def test_ids_are_sorted_by_name_and_repeatable(three):
    ids = collected(three)
    assert ids == collected(three)
    names = [line.partition("::")[0] for line in ids]
    assert names == sorted(names)
    assert len(ids) == len(set(ids))


# -- selections that match nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (["--conformance-plugin=amce"], ["amce", "acme", "--conformance-object", "--conformance-builtin"]),
        (["--conformance-surrogate=bel"], ["bel", "acme/bell"]),
        (["--conformance-check=not_daed"], ["not_daed", "not_dead"]),
        (["--conformance-plugin=acme", "--conformance-surrogate=bump"], ["bump", "acme/bell"]),
    ],
)
def test_misspelt_selection_is_an_error_with_the_known_names(inside, options, messages):
    inside.install("acme")
    done = inside.check(*options)
    assert done.code in (2, 4)
    assert "Traceback" not in done.text
    for text in messages:
        assert text in done.text


def test_no_plugin_is_an_error_with_the_next_steps(inside):
    done = inside.check()
    assert done.code in (2, 4)
    assert "selects no surrogate" in done.text
    assert "--conformance-object" in done.text
    assert "--conformance-builtin" in done.text


def test_empty_selection_is_an_error_beside_passing_tests(inside):
    inside.write("test_own.py", "def test_own(): pass")
    assert inside.check("--continue-on-collection-errors").code not in (0, 5)


# -- plugins that do not load ------------------------------------------------------------------------

DEFECTS = {
    "raising": (
        "{head}@hookimpl\ndef surroreg_surrogates():\n    raise RuntimeError('no luck today')",
        "no luck today",
    ),
    "lost": ("import nowhere_at_all", "nowhere_at_all"),
    "hookless": ("x = 1", "has no hook"),
    "leaving": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "empty": ("{head}@hookimpl\ndef surroreg_surrogates():\n    return []", "returned no surrogates"),
    "wordy": ("{head}@hookimpl\ndef surroreg_surrogates():\n    return ['bell']", "'bell' among its specs"),
    "broken": ("def f(:", "SyntaxError"),
}


def test_plugin_that_does_not_load_fails_with_the_cause(inside):
    inside.install("acme")
    for namespace, (source, _) in DEFECTS.items():
        inside.install(namespace, source.replace("{head}", inside.head))
    done = inside.check("--conformance-check=provider_loads")
    assert done.outcomes == {"passed": 1, "failed": len(DEFECTS)}
    for namespace, (_, cause) in DEFECTS.items():
        _, _, text = done.stdout.partition(f"_ {namespace}::provider_loads[cpu] _")
        text = text.partition("repeat:")[0]
        assert cause in text
        assert f"surroreg-{namespace} 1.0" in text


def test_other_checks_of_a_plugin_that_does_not_load_skip(inside):
    inside.install("lost", "import nowhere_at_all")
    done = inside.check("-rs")
    assert done.outcomes == {"failed": 1, "skipped": 3}
    assert "the plugin does not load" in done.stdout


@pytest.mark.parametrize("options", [["--conformance-check=not_dead"], ["--conformance-surrogate=bell"]])
def test_no_filter_hides_a_plugin_that_does_not_load(inside, options):
    inside.install("acme")
    inside.install("lost", "import nowhere_at_all")
    done = inside.check("--conformance-check=not_dead", *options)
    assert done.code == 1
    assert "nowhere_at_all" in done.stdout


def test_two_distributions_of_one_namespace_fail_with_both_names(inside):
    inside.install("acme")
    inside.install("other")
    (inside.site / "surroreg_other-1.0.dist-info/entry_points.txt").write_text("[surroreg]\nacme = surroreg_other\n")
    done = inside.check("--conformance-check=provider_loads")
    assert done.code == 1
    assert "surroreg-acme 1.0" in done.stdout
    assert "surroreg-other 1.0" in done.stdout


def test_namespace_with_a_capital_letter_fails(inside):
    inside.install("acme")
    (inside.site / "surroreg_acme-1.0.dist-info/entry_points.txt").write_text("[surroreg]\nAcme = surroreg_acme\n")
    done = inside.check()
    assert done.code == 1
    assert "'Acme' cannot be a namespace" in done.stdout


# -- plugins that are not installed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("surroreg_acme", ["surroreg_acme", "surroreg_acme/bell"]),
        ("surroreg_acme:bell", ["surroreg_acme/bell"]),
        ("deep.down.plugin", ["deep.down.plugin", "deep/bell"]),
        ("deep.down.plugin:bell", ["deep/bell"]),
        ("deep.down.plugin:Offer.plugin", ["deep.down.plugin:Offer.plugin", "deep/bell"]),
    ],
)
def test_plugin_in_the_current_folder_is_checked_as_an_object(inside, reference, expected):
    inside.write("surroreg_acme.py", inside.plugin)
    offer = "\n\nclass Offer:\n    class plugin:\n        surroreg_surrogates = staticmethod(surroreg_surrogates)\n"
    inside.write("deep/down/plugin.py", inside.plugin + offer)
    done = inside.check("--collect-only", "-q", f"--conformance-object={reference}")
    assert done.code == 0, done.text
    ids = [line.removeprefix("surroreg-conformance::") for line in done.ids]
    assert [s.partition("/")[2] for s in subjects(ids) if "/" in s] == ["bell"]
    assert [s for s in subjects(ids) if "/" in s] == [s for s in expected if "/" in s]


def test_objects_of_one_package_do_not_hide_each_other(inside):
    inside.write("deep/broken.py", "import nowhere_at_all")
    inside.write("deep/good.py", inside.plugin)
    inside.write("deep/two.py", inside.head + TWO.format(name="bump"))
    objects = [f"--conformance-object=deep.{name}" for name in ("broken", "good", "two")]
    done = inside.check(*objects, "--conformance-check=not_dead", "--conformance-check=provider_loads")
    assert done.code == 1
    assert "nowhere_at_all" in done.stdout
    for name in ("bell", "bump", "bump_too"):
        assert f"deep/{name}  " in done.stdout
    assert done.outcomes["failed"] == 1


def test_repeated_object_is_checked_once(inside):
    inside.write("surroreg_acme.py", inside.plugin)
    done = inside.check("--collect-only", "-q", *["--conformance-object=surroreg_acme"] * 2)
    assert done.code == 0
    assert len(done.ids) == len(set(done.ids)) > 50


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("surroreg_amce", "No module named 'surroreg_amce'"),
        ("surroreg_acme:blel", "has no attribute 'blel'"),
        ("surroreg_acme.py", "No module named"),
        ("torch", "has no hook"),
        ("", "Empty module name"),
    ],
)
def test_missing_object_is_a_failing_item(inside, reference, message):
    inside.write("surroreg_acme.py", inside.plugin)
    done = inside.check(f"--conformance-object={reference}")
    assert done.code == 1
    assert done.outcomes["failed"] == 1
    assert message in done.stdout


# -- parameter values --------------------------------------------------------------------------------


def swept(inside, source, check="backward_deterministic"):
    """Return a run of a check, and the parameter values that the surrogate ``bell`` noted during the run."""
    note = "\n    import json, pathlib\n    pathlib.Path('seen').open('a').write(json.dumps([*values]) + '\\n')"
    inside.install("acme", inside.head + source.replace("NOTE", note) + HOOK)
    done = inside.check(f"--conformance-check={check}")
    seen = [json.loads(line) for line in (inside.work / "seen").read_text().splitlines()]
    return done, [values for place, values in enumerate(seen) if values not in seen[:place]]


HOOK = "\n\n@hookimpl\ndef surroreg_surrogates():\n    return [bell]\n"


def test_parameters_take_defaults_examples_and_bounds(inside):
    parameters = "Parameter('a', 1.0, gt=0, le=8), Parameter('n', 2, int, ge=1), Parameter('on', False, bool)"
    source = f"""
@surrogate(parameters=[{parameters}], examples=[{{'a': 0.5}}, {{'n': 3}}])
def bell(x, a, n, on):
    values = (float(a), int(n), bool(on))NOTE
    return a / (1 + n * x.abs() + on)
"""
    done, seen = swept(inside, source)
    assert done.code == 0, done.text
    assert seen[:3] == [[1.0, 2, False], [0.5, 2, False], [1.0, 3, False]]
    varied = {"a": {v[0] for v in seen}, "n": {v[1] for v in seen}, "on": {v[2] for v in seen}}
    assert varied["a"] == {1.0, 0.5, 0.25, 4.0, 8.0, 0.01}
    assert varied["n"] == {2, 3, 8, 1}
    assert varied["on"] == {False, True}
    assert all(0 < v[0] <= 8 and v[1] >= 1 for v in seen)


def test_required_parameter_takes_the_values_of_the_examples(inside):
    source = """
@surrogate(parameters=[Parameter('a', gt=0)], examples=[{'a': 3.0}, {'a': 5.0}])
def bell(x, a):
    values = (float(a),)NOTE
    return a / (1 + x.abs())
"""
    done, seen = swept(inside, source)
    assert done.code == 0, done.text
    assert seen[:2] == [[3.0], [5.0]]


def test_required_parameter_without_example_fails_with_advice(inside):
    source = "\n@surrogate(parameters=[Parameter('a', gt=0)])\ndef bell(x, a):\n    return a / (1 + x.abs())\n"
    inside.install("acme", inside.head + source + HOOK)
    done = inside.check("--conformance-check=not_dead")
    assert done.code == 1
    assert "examples=[{'a': ...}]" in done.stdout
