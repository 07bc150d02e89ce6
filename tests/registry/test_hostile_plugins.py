"""Plugins whose objects do harm, on purpose or not: each costs one warning, and everything else works on."""

from __future__ import annotations

import re
import sys
import textwrap

import pytest

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, Traits
from tests.registry.conftest import Environment

START = "from surroreg import Parameter, SurrogateSpec, Traits, hookimpl, surrogate\n"
GOOD = START + "@surrogate()\ndef bump(x): return x\n"
HOOK = GOOD + "@hookimpl\ndef surroreg_surrogates():\n"
RAISES = "raise RuntimeError('no luck')"

#: The exception of a plugin -> its module. The registry treats import and hook alike.
RAISED = {
    "str raises": "class Odd(Exception):\n    def __str__(self): raise RuntimeError\nraise Odd",
    "str exits": "class Odd(Exception):\n    def __str__(self): raise SystemExit(3)\nraise Odd",
    "str is no text": "class Odd(Exception):\n    def __str__(self): return 5\nraise Odd",
    "class has no name": (
        "class Kind(type):\n    __name__ = property(lambda self: 1/0)\n"
        "class Odd(Exception, metaclass=Kind): pass\nraise Odd('odd')"
    ),
    "class is a lie": (
        "class Odd(Exception):\n    @property\n    def __class__(self): raise RuntimeError\nraise Odd('odd')"
    ),
    "cause raises": (
        "class Odd(Exception):\n    @property\n    def __cause__(self): raise RuntimeError\n"
        "    __context__ = __traceback__ = __cause__\nraise Odd('odd')"
    ),
    "its own error, str raises": (
        "import surroreg\nclass Odd(surroreg.SurroregError):\n    def __str__(self): raise RuntimeError\nraise Odd"
    ),
    "a test is skipped": "import pytest\npytest.importorskip('nowhere_to_be_found')",
    "a test fails": "import pytest\npytest.fail('not here')",
    "a task is cancelled": "import asyncio\nraise asyncio.CancelledError",
    "a generator ends": "raise GeneratorExit",
    "a base exception": "class Odd(BaseException): pass\nraise Odd('odd')",
    "the memory ends": "raise MemoryError",
    "the stack ends": "def deeper(): deeper()\ndeeper()",
    "half a character": "raise ValueError('\\ud800')",
    "escapes of a terminal": "raise ValueError('\\x1b[2J\\x1b]0;title\\x07 \\u202e backwards')",
    "a megabyte of text": "raise ValueError('x' * 1_000_000)",
}
if sys.version_info >= (3, 11):
    RAISED["a group"] = "raise BaseExceptionGroup('both', [SystemExit(1), ValueError('odd')])"

#: The fault of an offered object -> the plugin's module, and the cause in the warning.
OFFERED = {
    "a spec that compares": (
        GOOD + f"class Odd(SurrogateSpec):\n    def __eq__(self, other): {RAISES}\n    __hash__ = None\n"
        "@hookimpl\ndef surroreg_surrogates(): return [Odd(name='odd', derivative='m:f')]\n",
        "among its specs",
    ),
    "a spec that cannot be printed": (
        GOOD + f"class Odd(SurrogateSpec):\n    def __repr__(self): {RAISES}\n"
        "@hookimpl\ndef surroreg_surrogates(): return [Odd(name='odd', derivative='m:f')]\n",
        "among its specs",
    ),
    "an object that cannot be printed": (
        GOOD + f"class Odd:\n    def __repr__(self): {RAISES}\n@hookimpl\ndef surroreg_surrogates(): return [Odd()]\n",
        "Odd object at",
    ),
    "a list that cannot be walked": (
        GOOD + f"class Odd:\n    def __iter__(self): {RAISES}\n@hookimpl\ndef surroreg_surrogates(): return Odd()\n",
        "no luck",
    ),
    "an answer that is no truth": (
        HOOK + f"    return [bump]\nclass Odd:\n    def __bool__(self): {RAISES}\nsurroreg_bare_names = Odd()\n",
        "its surroreg_bare_names is",
    ),
    "a version that compares": (
        HOOK + f"    return [bump]\nclass Odd:\n    def __ne__(self, other): {RAISES}\nsurroreg_api_version = Odd()\n",
        "no luck",
    ),
    "a parameter that compares": (
        START + f"class Odd(Parameter):\n    def __eq__(self, other): {RAISES}\n    __hash__ = None\n"
        "@surrogate(parameters=[Odd('slope', 1.0)])\ndef bump(x, slope): return x\n",
        "parameters takes surroreg.Parameter objects",
    ),
    "traits that compare": (
        START + "class Odd(Traits): pass\n@surrogate(traits=Odd())\ndef bump(x): return x\n",
        "traits must be surroreg.Traits",
    ),
    "a summary of None": (
        GOOD + "other = SurrogateSpec(name='other', derivative='m:f', summary=None)\n",
        "other: summary must be text, not None",
    ),
}

#: Odd, and yet a plugin: it is loaded, and its oddity reaches nobody.
ADMITTED = {
    "a text that compares": (
        START + f"class Odd(str):\n    def __eq__(self, other): {RAISES}\n    def __str__(self): {RAISES}\n"
        f"    def __format__(self, how): {RAISES}\n    __hash__ = str.__hash__\n"
        "bump = SurrogateSpec(name=Odd('bump'), derivative=Odd('m:f'), summary=Odd('sum'), aliases=[Odd('Bump')])\n"
    ),
    "a function that hides": (
        START + "class Odd:\n    def __call__(self, x): return x\n"
        "    def __getattr__(self, name): raise {'__wrapped__': AttributeError}.get(name, RuntimeError)\n"
        "    def __repr__(self): raise RuntimeError('no luck')\n"
        "    __signature__ = __import__('inspect').signature(lambda x: x)\n"
        "bump = SurrogateSpec(name='bump', derivative=Odd())\n"
    ),
    "escapes in its texts": (
        START + "bump = SurrogateSpec(name='bump', derivative='m:f', summary='\\x1b[2J', description='\\x07\\u202e')\n"
    ),
}

COMMANDS = (["list"], ["list", "--json"], ["show", "atan"], ["plugins"], ["doctor"], ["doctor", "--json"])


# Runs commands in the process, and keeps the exit code and both outputs of each.
RUN = """
import io
from surroreg.cli import main
ran, streams = [], (sys.stdout, sys.stderr)
for arguments in {commands!r}:
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    try:
        ran.append([main(arguments), sys.stdout.getvalue(), sys.stderr.getvalue()])
    finally:
        sys.stdout, sys.stderr = streams
"""


def ask_beside(environment, sources):
    """Install plugins and a good one. All else must work. Return each plugin's status and warning."""
    for place, source in enumerate(sources.values()):
        module = {f"bad{place}": source}
        environment.install(f"broken-{place}", entry_points={f"broken{place}": f"bad{place}"}, modules=module)
    environment.plugin("good")
    names, again, atan, good, plugins, unknown, ran, commands = environment.ask(
        "surroreg.names()",
        "surroreg.names()",
        "surroreg.load('atan').spec.name",
        "surroreg.spec('good/bump').origin",
        "{p.namespace: p.status for p in surroreg.plugins()}",
        "surroreg.spec('nothing_of_the_kind')",
        RUN.format(commands=COMMANDS),
        "ran",
    )
    assert {"atan", "good/bump"} <= {*names.value}, names.message
    assert again.value == names.value
    assert (atan.value, good.value) == ("atan", "surroreg_good:bump")
    assert plugins.value["good"] == "loaded"
    assert unknown.error == "UnknownSurrogateError"
    assert ran.error == "", ran.message
    is_broken = "failed" in plugins.value.values()
    assert [code for code, _, _ in commands.value] == [0, 0, 0, 0, is_broken, is_broken]
    for _, out, err in commands.value:
        assert out
        assert "Traceback" not in err
        assert "\x1b" not in out + err
    outcomes = {}
    for place, kind in enumerate(sources):
        warnings = names.warned_of(f"of broken-{place} 1.0")
        assert len(warnings) < 2, kind
        outcomes[kind] = plugins.value[f"broken{place}"], "".join(warnings)
    return outcomes


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The status and the warning of every hostile plugin, all in one process."""
    sources = {("at import", kind): source for kind, source in RAISED.items()}
    for kind, source in RAISED.items():
        sources["in the hook", kind] = HOOK + textwrap.indent(source, "    ")
    sources |= {("offered", kind): source for kind, (source, _) in OFFERED.items()}
    return ask_beside(Environment(tmp_path_factory.mktemp("hostile")), sources)


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("where", ["at import", "in the hook"])
def test_plugin_that_raises_anything_costs_one_warning(hostile, where, kind):
    status, warning = hostile[where, kind]
    assert status == "failed"
    assert re.match(r"plugin 'broken\d+' \(entry point 'bad\d+' of broken-\d+ 1.0\) cannot be used: \w", warning)
    assert warning == surroreg.errors.printable(warning)
    assert len(warning) < 2000


@pytest.mark.parametrize("kind", OFFERED)
def test_plugin_that_offers_odd_objects_costs_one_warning(hostile, kind):
    status, warning = hostile["offered", kind]
    assert status == "failed"
    assert OFFERED[kind][1] in warning


def test_plugin_with_odd_texts_and_functions_works(environment):
    hook = "@hookimpl\ndef surroreg_surrogates(): return [bump]\n"
    for kind, outcome in ask_beside(environment, {kind: source + hook for kind, source in ADMITTED.items()}).items():
        assert outcome == ("loaded", ""), kind


def test_interrupt_of_the_user_is_no_failure_of_a_plugin(environment):
    environment.install("slow", entry_points={"slow": "slow"}, modules={"slow": "raise KeyboardInterrupt\n"})
    environment.plugin("good")
    first, good = environment.ask("surroreg.names()", "surroreg.spec('good/bump').name")
    assert first.error == "KeyboardInterrupt"
    assert good.value == "bump"


# -- where a spec is defined ----------------------------------------------------------------------

TEXTS = ("name", "summary", "description", "formula")
NO_TEXTS = {"None": None, "number": 5, "bytes": b"abc", "half a character": "a\ud800", "list": ["a"]}


@pytest.mark.parametrize("wrong", NO_TEXTS)
@pytest.mark.parametrize("part", TEXTS)
def test_part_that_is_no_text_is_refused_at_its_definition(part, wrong):
    if (part, wrong) == ("formula", "None"):
        pytest.skip("a formula may be left out")
    parts = {"name": "bump", "derivative": "m:f", part: NO_TEXTS[wrong]}
    with pytest.raises(SpecError, match=f"{part}.*(must be text|half a character)"):
        SurrogateSpec(**parts)


@pytest.mark.parametrize("wrong", NO_TEXTS)
@pytest.mark.parametrize("part", ["aliases", "deprecated_aliases", "references"])
def test_list_with_an_entry_that_is_no_text_is_refused(part, wrong):
    with pytest.raises(SpecError):
        SurrogateSpec(name="bump", derivative="m:f", **{part: [NO_TEXTS[wrong]]})
    with pytest.raises(SpecError):
        Traits(kinks=[NO_TEXTS[wrong]])


@pytest.mark.parametrize("part", ["parameters", "references", "aliases", "deprecated_aliases", "examples"])
@pytest.mark.parametrize("wrong", [5, "text", b"bytes", {"a": 1}, None], ids=repr)
def test_value_that_is_no_list_is_refused(part, wrong):
    with pytest.raises(SpecError, match=f"bump: {part} takes a list, not {re.escape(repr(wrong))}"):
        SurrogateSpec(name="bump", derivative="m:f", **{part: wrong})


@pytest.mark.parametrize(
    ("trait", "wrong"),
    [
        *((trait, wrong) for trait in ("fires_at_zero", "stochastic", "stable_formula") for wrong in (None, 1, "yes")),
        *((trait, wrong) for trait in ("even", "non_negative") for wrong in (0, "no")),
        ("reads", "everything"),
        ("reads", None),
        ("reads", []),
        ("kinks", "0"),
        ("kinks", 5),
        ("supports", "vmap"),
        ("supports", [5]),
        ("supports", ["flight"]),
    ],
)
def test_trait_of_another_type_is_refused(trait, wrong):
    with pytest.raises(SpecError, match=f"{trait}|kink|supports"):
        Traits(**{trait: wrong})


@pytest.mark.parametrize("wrong", [5, "slope", None, [("slope", 1)], {5: 1.0}, {"slop": 1.0}, {"slope": -1}], ids=repr)
def test_example_that_is_no_mapping_of_values_is_refused(wrong):
    with pytest.raises(SpecError, match="bump: "):
        SurrogateSpec(name="bump", derivative="m:f", parameters=[Parameter("slope", gt=0)], examples=[wrong])


@pytest.mark.parametrize("role", ["derivative", "factory", "primitive", "kernel"])
@pytest.mark.parametrize("wrong", [5, "", "text", b"m:f", [len]], ids=repr)
def test_role_that_is_no_function_is_refused(role, wrong):
    with pytest.raises(SpecError, match=f"bump: its {role} must be"):
        SurrogateSpec(name="bump", **{"derivative": "m:f"} | {role: wrong})
