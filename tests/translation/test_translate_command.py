"""``surroreg translate``: a line to copy, a table of all that is known, JSON."""

import json

import pytest

from surroreg.cli import main
from surroreg.libraries import LIBRARIES, ROWS


def test_command_prints_the_line_to_copy(capsys):
    assert main(["translate", "spikingjelly.SuperSpike", "--set", "alpha=2"]) == 0
    line, note = capsys.readouterr().out.splitlines()
    assert line == "surroreg.load('fast_sigmoid', slope=1.0, scale=2.0, at_zero=1)"
    assert "not a slope" in note


def test_command_translates_ours_too(capsys):
    assert main(["translate", "tanh", "--to", "norse", "--set", "slope=2"]) == 0
    assert capsys.readouterr().out == "method='tanh', alpha=2.0\n"


def test_command_gives_json(capsys):
    assert main(["translate", "sinabs.SingleExponential", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["schema"] == 1
    assert output["translation"]["name"] == "zoo/exponential"
    assert output["translation"]["scale"] == 2.0


@pytest.mark.parametrize("library", LIBRARIES)
def test_command_lists_all_rows_of_a_library(capsys, library):
    rows = [row for row in ROWS if row.library == library]
    assert main(["translate", library]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(f"{library}.{row.names[0]}")
        assert (row.ours or "no equivalent") in line
        assert row.note in line


def test_command_lists_all_rows(capsys):
    assert main(["translate", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["equivalents"]) == len(ROWS)


@pytest.mark.parametrize("arguments", [["atan"], ["snntorh"], ["snntorch.atn"], ["atan", "--to", "norse"]])
def test_command_refuses_with_2(capsys, arguments):
    assert main(["translate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_command_shows_the_spike_at_zero_where_it_changes(capsys):
    assert main(["translate", "atan", "--to", "spikingjelly"]) == 0
    assert capsys.readouterr().out.endswith("ATan(alpha=2.0), with spike 1 instead of 0 at exactly zero\n")
    assert main(["translate", "atan", "--to", "spikingjelly", "--json"]) == 0
    translation = json.loads(capsys.readouterr().out)["translation"]
    assert (translation["at_zero"], translation["library_at_zero"]) == (0, 1)
    assert translation["line"].endswith("with spike 1 instead of 0 at exactly zero")
