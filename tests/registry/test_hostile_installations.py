"""Damaged installations and faulty finders: nothing hangs, and the other plugins load."""

from __future__ import annotations

import codecs
import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from surroreg.registry.versions import order

POINTS = "[surroreg]\nodd = surroreg_odd\n"
INFOS = "{p.namespace: [p.status, p.distribution, str(p.error)] for p in surroreg.plugins()}"


def ask(environment):
    """Return the status of every plugin, with the warnings; a good plugin and the built-ins must work."""
    environment.plugin("good")
    infos, good, atan = environment.ask(INFOS, "surroreg.spec('good/bump').origin", "surroreg.spec('atan').name")
    assert infos.error == "", infos.message
    assert infos.value["good"][0] == "loaded"
    assert (good.value, atan.value) == ("surroreg_good:bump", "atan")
    return infos


def install(environment, content, **how):
    module = {"surroreg_odd": environment.source("bump")}
    environment.install("odd-surrogates", entry_points=content, modules=module, **how)


# -- entry_points.txt -------------------------------------------------------------------------------

FOREIGN = "it must be UTF-8 without one"
UNREAD = {
    "mark": (codecs.BOM_UTF8 + POINTS.encode(), FOREIGN),
    "UTF-16 with a mark": (POINTS.encode("utf-16"), FOREIGN),
    "UTF-16, little end first": (POINTS.encode("utf-16-le"), FOREIGN),
    "UTF-16, big end first": (POINTS.encode("utf-16-be"), FOREIGN),
    "UTF-32": (POINTS.encode("utf-32"), FOREIGN),
    "zeros": (POINTS.encode() + b"\0" * 100, FOREIGN),
    "thirty megabytes": (POINTS.encode() + b"# nothing\n" * 3_000_000, "longer than 1,000,000 bytes"),
}


@pytest.mark.parametrize("kind", UNREAD)
def test_entry_point_file_in_no_known_form_costs_one_warning(environment, kind):
    content, cause = UNREAD[kind]
    install(environment, content)
    infos = ask(environment)
    [warning] = infos.warned_of("odd-surrogates 1.0")
    assert cause in warning
    assert infos.value["odd-surrogates"][0] == "failed"


def test_thirty_megabytes_of_a_stranger_cost_nothing(environment):
    environment.install("stranger", entry_points=b"[console_scripts]\n" + b"a = b:c\n" * 4_000_000)
    assert not ask(environment).warned_of("stranger")


def test_repeated_line_is_one_plugin(environment):
    install(environment, POINTS + "odd = surroreg_odd\n")
    infos = ask(environment)
    assert infos.value["odd"][0] == "loaded"
    assert not infos.warned_of("odd")


def test_two_entry_points_of_one_name_are_both_reported(environment):
    install(environment, POINTS + "odd = surroreg_good\n")
    infos = ask(environment)
    assert infos.value["odd"][0] == "failed"
    first, second = infos.warned_of("odd-surrogates 1.0")
    assert "claimed by its own entry point 'surroreg_good'" in first + second
    assert "claimed by its own entry point 'surroreg_odd'" in first + second


@pytest.mark.parametrize("name", ["", " ", "-", "--"])
def test_distribution_without_a_name_is_called_unnamed(environment, name):
    environment.install(name, entry_points={"odd": "nowhere_to_be_found"})
    infos = ask(environment)
    [warning] = infos.warned_of("nowhere_to_be_found")
    assert "SURROREG_DISABLE_PLUGINS=odd leaves it out" in warning or name.strip()
    [silent] = environment.ask("surroreg.names()", SURROREG_DISABLE_PLUGINS="odd")
    assert not silent.warned_of("nowhere_to_be_found")


def test_names_and_versions_are_shown_without_control_characters(environment):
    environment.install("o\x1b[2Jdd", "1\x1b[31m", entry_points={"odd": "nowhere\x1b]0;\x07"})
    [warning] = ask(environment).warned_of("\\x1b[2jdd 1")
    assert warning.isprintable()


# -- files that are none ----------------------------------------------------------------------------


OBSTACLES = {
    "pipe": lambda path: os.mkfifo(path),
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "dangling": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_file_that_never_ends_is_not_read(environment, obstacle):
    expected = {}
    files = itertools.product(("entry_points.txt", "METADATA", "PKG-INFO"), ("dist-info", "egg-info"))
    for number, (file, kind) in enumerate(files):
        content = None if file == "entry_points.txt" else {f"odd{number}": f"nowhere_to_be_found_{number}"}
        environment.install(f"odd{number}", entry_points=content, kind=kind, metadata=False)
        [folder] = (environment.root / "site").glob(f"odd{number}*.{kind}")
        OBSTACLES[obstacle](folder / file)
        expected[number] = content is not None
    infos = ask(environment)
    assert {number: len(infos.warned_of(f"nowhere_to_be_found_{number}'")) for number in expected} == expected


def test_pipe_in_place_of_a_distribution_is_passed_over(environment):
    for name in ("odd-1.0.dist-info", "odd.egg-info", "odd-1.0.egg-info", "odd.egg-link"):
        os.mkfifo(environment.root / "site" / name)
    assert not ask(environment).warned_of("odd")


# -- finders ----------------------------------------------------------------------------------------

FINDERS = {
    "raises": "def find_distributions(context=None): raise RuntimeError('no luck')",
    "exits": "def find_distributions(context=None): raise SystemExit(3)",
    "raises half way": "def find_distributions(context=None):\n    yield from ()\n    raise RuntimeError('no luck')",
    "gives nothing": "def find_distributions(context=None): return None",
    "is no function": "find_distributions = 5",
}


@pytest.mark.parametrize("place", [0, 99])
@pytest.mark.parametrize("finder", FINDERS)
def test_finder_that_fails_costs_one_warning(environment, finder, place):
    environment.plugin("good")
    start = f"import types; odd = types.ModuleType('odd'); exec({FINDERS[finder]!r}, odd.__dict__)"
    start += "; odd.find_spec = lambda *ignored: None"
    _, names, again, good, doctor = environment.ask(
        f"{start}; sys.meta_path.insert({place}, odd)",
        "surroreg.names()",
        "surroreg.names()",
        "surroreg.spec('good/bump').name",
        "__import__('surroreg.cli', fromlist=['main']).main(['doctor'])",
    )
    assert "good/bump" in names.value
    [warning] = names.warned_of("sys.meta_path")
    assert "cannot list installed packages: " in warning
    assert not again.warnings
    assert good.value == "bump"
    assert doctor.value == 1


def test_distributions_that_raise_cost_nothing(environment):
    environment.plugin("good")
    source = (
        "class Odd:\n    def __getattr__(self, name): raise RuntimeError('no luck')\n"
        "class Path:\n    def find_spec(self, *ignored): return None\n"
        "    def find_distributions(self, context): return [Odd(), 5, None, Odd()]\n"
        "sys.meta_path.insert(0, Path())"
    )
    _, names = environment.ask(source, "surroreg.names()")
    assert "good/bump" in names.value
    assert not names.warned_of("plugin")


# -- versions ---------------------------------------------------------------------------------------

NUMBER = st.integers(0, 12).map(str)


@st.composite
def versions(draw):
    """Draw a version in one of the spellings that PEP 440 knows."""
    text = draw(st.sampled_from(["", "", "v", "1!", "0!"])) + ".".join(draw(st.lists(NUMBER, min_size=1, max_size=4)))
    joint, number = st.sampled_from(["", ".", "-", "_"]), st.sampled_from(["", "0", "1", "10"])
    for words in (["a", "alpha", "b", "beta", "c", "rc", "pre", "preview"], ["post", "rev", "r"], ["dev"]):
        if draw(st.booleans()):
            text += draw(joint) + draw(st.sampled_from(words)) + draw(joint if words[0] != "dev" else st.just(""))
            text += draw(number)
    return text + draw(st.sampled_from(["", "", "+local", "+1", "+abc.5", "+abc-05.x", "+10"]))


@given(versions(), versions())
def test_versions_come_in_the_order_of_packaging(first, second):
    ours, theirs = (order(first), order(second)), (Version(first), Version(second))
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.0", "1.0+local"), ("1.0.0", "1.0.post1"), ("2.0", "1!1.0"), ("1.0rc1", "1.0+anything"), ("1.9", "1.10")],
)
def test_two_copies_in_one_folder_yield_to_the_newest(environment, older, newer):
    for version in (newer, older):
        environment.plugin("acme", version=version)
    [infos] = environment.ask("[p.version for p in surroreg.plugins() if p.namespace == 'acme']")
    assert infos.value == [newer]
    [warning] = infos.warned_of("passed over")
    assert f"acme-surrogates {older} in" in warning
