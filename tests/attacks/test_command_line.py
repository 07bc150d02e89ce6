"""The command line refuses odd numbers, settings, names, and lines at random, in a message."""

from __future__ import annotations

import collections
import os
import random

import pytest

from surroreg.cli import parser
from surroreg.errors import printable
from tests.attacks.commands import NAMES, ONE, STEERING, call, is_clear, need_linux

need_linux()

# -- numbers and settings ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["inf", "nan", "1e400", "0", "-1", "-inf", "x", "0.5", "", "1e15", "1e300"])
def test_impossible_size_exits_with_2(size, workplace, capfd):
    code, out, err = call(capfd, "bench", "atan", f"--size={size}", "--rounds=1", "--device=cpu")
    assert (code, out) == (2, "")
    assert "--size" in err
    assert is_clear(err)


@pytest.mark.parametrize("option", ["--max-examples", "--seed"])
@pytest.mark.parametrize("value", ["1e9999", "9" * 5000, "inf", "x", ""])
def test_impossible_count_exits_with_2(option, value, workplace, capfd):
    code, out, err = call(capfd, "check", "atan", *ONE, f"{option}={value}")
    assert (code, out) == (2, "")
    assert option in err


NESTED = [f"alpha={sign * number}1" for sign in "([{-~" for number in (50, 250, 100_000)]


@pytest.mark.parametrize(
    "command", ["plot atan", "demo atan", "translate spikingjelly.ATan", "translate atan --to spikingjelly"]
)
def test_impossible_setting_exits_with_2(command, workplace, capfd):
    for setting in [
        *("alpha=-2", "alpha=nan", "alpha=inf", "alpha=1e400", "alpha=[1]", "alpha={[]}", "alpha=None", "alpha=''"),
        *("alpha", "alpha=", "=2", "=", "", "beta=2", "name=2", "self=2", "to=2", "at_zero=7", "at_zero=x", "x\0=1"),
        *("alpha='\ud800'", "alpha=\0", f"{STEERING}=1", f"alpha={STEERING}", "alpha=" + "9" * 5000, *NESTED),
    ]:
        code, out, err = call(capfd, *command.split(), f"--set={setting}")
        assert (code, out) == (2, ""), setting[:20]
        own = [line for line in err.splitlines() if line.startswith("surroreg: ") and "warning" not in line]
        assert len(own) == 1, setting[:20]
        assert err == printable(err)
    code, out, err = call(capfd, *command.split(), "--set", "alpha=2", "--set", "alpha=3")
    assert (code, out) == (2, "")
    assert "surroreg: --set gives 'alpha' more than one value.\n" in err
    assert os.listdir(workplace) == []


@pytest.mark.parametrize("command", ["new " + "a" * 300, "new acme --namespace red", "new acme --surrogate if"])
def test_impossible_new_plugin_leaves_nothing(command, workplace, capfd):
    code, out, err = call(capfd, *command.split())
    assert (code, out) == (2, "")
    assert is_clear(err)
    assert os.listdir(workplace) == []


def test_new_plugin_in_a_read_only_folder_exits_with_2(workplace, capfd, monkeypatch):
    monkeypatch.chdir("/proc")
    code, out, err = call(capfd, "new", "acme")
    assert (code, out) == (2, "")
    assert "surroreg: 'surroreg-acme' cannot be written: " in err


@pytest.mark.parametrize("name", ["nul", "CON", "com1"])
def test_new_plugin_may_have_the_name_of_a_device(name, workplace, capfd):
    code, _, _ = call(capfd, "new", name)
    assert (code, os.listdir(workplace)) == (0, [f"surroreg-{name.lower()}"])


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["show", "show --json", "cite", "plot", "explore", "demo", "translate", "bench", f"check {' '.join(ONE)}"],
)
def test_odd_names_are_refused_in_a_message(command, workplace, capfd):
    for name in NAMES:
        code, out, err = call(capfd, *command.split(), f"{name}")
        # A module is imported to be checked: that it cannot be is what was found.
        assert code == 2 or (code == 1 and command.startswith("check") and "FAILED" in out), name[:20]
        assert err == printable(err)
        assert is_clear(err + out)
    assert os.listdir(workplace) == []


# -- a few hundred lines at random -------------------------------------------------------------------


#: The options of each command, those that take a value with an equals sign.
SYNTAX = {
    name: tuple(
        option + ("=" if action.nargs != 0 else "")
        for action in own._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    )
    for name, own in parser().commands.items()
}
#: What some command takes.
SENSIBLE = [
    *("atan", "red/red", "builtin/atan", "zsh", "norse.SuperSpike", "alpha=2", "a.svg", "r.json", "norse", "0", "acme"),
]
WORDS = [
    *("atan", "ATan", "builtin/atan", "red/red", "fail/leaves", "fail/recursion", "custom_surrogate", "dead/x", "acme"),
    *("spikingjelly.ATan", "norse.SuperSpike", "snntorch", "bash", "zsh", "a.svg", "b.png", "c.pdf", "r.json", "r.md"),
    *("alpha=2", "alpha=-1", "alpha=1e400", "slope=[", "=", "nan", "inf", "-1", "0", "1", "1e400", "9" * 30, "{}"),
    *("cpu", "meta", "cuda", "--", "--json", "--help", "--version", "-o", "--nope", "()" * 99, "*a*", "zoo/*"),
    *NAMES,
]
#: These end a line whatever came before, so that none takes long.
SHORT = {
    "check": ("--check", "forward_dtype", "--device", "cpu", "--max-examples", "2"),
    "demo": ("--epochs", "0"),
    "bench": ("--device", "tpu"),
}


def random_line(chance):
    command = chance.choice(list(SYNTAX))
    line = [command] if chance.random() < 0.98 else [chance.choice(WORDS)]
    if command in ("show", "plot", "cite", "check", "explore") and chance.random() < 0.5:
        line += chance.sample(["atan", "red/red", "fail/odd", "sigmoid"], chance.randint(1, 2))
    for _ in range(chance.randint(0, 3)):
        option = chance.choice([*SYNTAX[command], ""])
        word = chance.choice(WORDS if chance.random() < 0.6 else SENSIBLE)
        line += [option + word] if option.endswith("=") else [option] if option else [word]
    return [*line, *SHORT.get(command, ())]


def test_no_command_line_ends_in_an_exception(workplace, capfd):
    chance, outcomes = random.Random(0), collections.Counter()
    for _ in range(400):
        line = random_line(chance)
        code, out, err = call(capfd, *line)
        shown = [word[:40] for word in line]
        assert code in (0, 1, 2), shown
        assert code == 0 or "surroreg" in err or "FAILED" in out or "failed" in out or '"ok": false' in out, shown
        assert out + err == printable(out + err), shown
        assert is_clear(err), shown
        outcomes[line[0] if line[0] in SYNTAX else "none", code] += 1
    code, out, _ = call(capfd, "list")
    assert (code, out.splitlines()[0].split()[0]) == (0, "atan")
    assert not [name for name in os.listdir(workplace) if name.startswith(".surroreg")]
    print(sum(outcomes.values()), "calls, by command and exit code:", dict(sorted(outcomes.items())))
