"""A command is one file: the parser finds it, and a broken one costs no other."""

import subprocess
import sys

import pytest

from surroreg.cli import command, commands, main, parser

WORKING = """
from surroreg.cli.command import Command
from surroreg.cli.output import say


def _arguments(parser):
    parser.add_argument("name", metavar="NAME", help="of a surrogate")


def _run(arguments):
    say(f"{arguments.name} is frobnicated")
    return 0


COMMAND = Command(
    help="frobnicate a surrogate",
    text="Frobnicates a surrogate.",
    examples={"surroreg frobnicate atan": "once"},
    arguments=_arguments,
    run=_run,
)
"""

#: Modules that are broken, and the reason that the error gives.
BROKEN = {
    "raise RuntimeError('no luck')": "RuntimeError: no luck",
    "def (:": "SyntaxError: invalid syntax",
    "import nowhere": "ModuleNotFoundError: No module named 'nowhere'",
    "": "it defines no COMMAND",
    "COMMAND = 1": "it defines no COMMAND",
    WORKING.replace('    text="Frobnicates a surrogate.",\n', ""): "missing 1 required positional argument: 'text'",
    WORKING.replace('"Frobnicates a surrogate."', '""'): "its COMMAND has no page",
    WORKING.replace('{"surroreg frobnicate atan": "once"}', "{}"): "its COMMAND has no page",
    WORKING.replace('parser.add_argument("name"', 'parser.add_argument("--help"'): "conflicting option string: --help",
    WORKING.replace("parser.add_argument", "parser.add_arguments"): "has no attribute 'add_arguments'",
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Add a module ``frobnicate`` with some source to the commands."""
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield lambda source: (tmp_path / "frobnicate.py").write_text(source, encoding="utf-8")
    sys.modules.pop("surroreg.cli.commands.frobnicate", None)
    if hasattr(commands, "frobnicate"):
        del commands.frobnicate


def test_no_command_is_broken():
    assert [str(known) for known in command.find().values() if not isinstance(known, command.Command)] == []


def test_new_module_is_a_command_after_the_ordered_ones(module, capsys):
    names = list(parser().commands)
    module(WORKING)
    assert set(parser().commands) == {*names, "frobnicate"}
    assert list(parser().commands).index("frobnicate") > names.index("explore")
    assert main(["frobnicate", "atan"]) == 0
    assert capsys.readouterr() == ("atan is frobnicated\n", "")
    with pytest.raises(SystemExit):
        main(["frobnicate", "--help"])
    out = capsys.readouterr().out
    assert "Frobnicates a surrogate.\n" in out
    assert "\nexamples:\n  surroreg frobnicate atan  once\n" in out


@pytest.mark.parametrize("source", BROKEN, ids=BROKEN.values())
def test_broken_command_is_one_error_and_costs_no_other(source, module, capsys):
    module(source)
    for line in (["frobnicate"], ["frobnicate", "atan"], ["frobnicate", "--json", "-x", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            main(line)
        out, err = capsys.readouterr()
        assert (stopped.value.code, out) == (2, "")
        usage, message = err.strip().split("\n")
        assert usage.startswith("usage: surroreg frobnicate")
        assert message.startswith(
            "surroreg frobnicate: error: the command 'frobnicate' cannot be used: surroreg.cli.commands.frobnicate: "
        )
        assert BROKEN[source] in message
    assert main(["list"]) == 0
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "translate" in capsys.readouterr().out


def test_broken_module_is_marked_in_the_help(module):
    module("import nowhere")
    assert "(cannot be used: 'surroreg frobnicate' says why)" in " ".join(parser().format_help().split())


def test_parser_imports_nothing_that_is_slow():
    slow = {"torch", "matplotlib", "rich", "sphinx", "sympy", "shtab"}
    slow |= {"surroreg.specs", "surroreg.registry", "surroreg.conformance"}
    code = "import sys; from surroreg.cli import parser; parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = slow & set(done.stdout.split())
    assert not imported, f"import {imported} inside the function that runs"
