"""The curve in characters."""

from __future__ import annotations

import re

import pytest
import torch

import surroreg
from surroreg.cli import main
from surroreg.drawing import curve
from surroreg.drawing.text import as_text
from surroreg.shape import shape


def read(text):
    """The rows of a drawing, what is written left of each, and the column at which each number below stands."""
    *rows, axis, below = text.splitlines()
    start = max(axis.find("└"), axis.find("+")) + 1
    labels = [row[: start - 1].strip() for row in rows]
    numbers = [(float(number.group()), number.span()) for number in re.finditer(r"\S+", below)]
    return [row[start:] for row in rows], labels, [(value, span[0] - start, span[1] - start) for value, span in numbers]


def test_text_fits_the_given_width_and_height(name, loaded):
    for width, height in ((72, 12), (40, 5), (100, 30)):
        lines = as_text(loaded, width=width, height=height).splitlines()
        assert len(lines) == height + 2
        assert max(map(len, lines)) <= width


def test_axes_are_numbered(name, loaded):
    rows, labels, numbers = read(as_text(loaded))
    drawn = curve.of(loaded)
    assert "0" in labels
    heights = [point.highest for line in drawn.lines for point in line]
    assert float(labels[0]) == pytest.approx(max(0, *heights), rel=1e-2)
    assert [value for value, _, _ in numbers] == pytest.approx([drawn.low, 0, drawn.high], rel=1e-2)
    assert len(rows) == 12


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252", "unheard-of"])
@pytest.mark.parametrize(
    "asked", ["atan", "sigmoid", "spike_rate_escape", "piecewise_linear", "sparse_fast_sigmoid", "zoo/gaussian"]
)
def test_top_row_is_marked_at_the_peak_and_nowhere_else(asked, encoding):
    surrogate = surroreg.load(asked)
    text = as_text(surrogate, encoding=encoding)
    if encoding != "utf-8":
        assert text.isascii()
    rows, _, ((low, _, _), _, (high, _, columns)) = read(text)
    peak = shape(surrogate.spec, surrogate.params).peak_at
    place = (peak - low) / (high - low) * (columns - 1)
    marked = [column for column, mark in enumerate(rows[0]) if mark != " "]
    assert marked[0] - 1 <= place <= marked[-1] + 1
    assert len(marked) < 20
    # What is not the peak is below: every column but those is marked in a lower row.
    assert all(any(row[column : column + 1].strip() for row in rows[1:]) for column in range(marked[-1] + 1, columns))


def test_zero_below_stands_at_the_threshold():
    axis, below = as_text(surroreg.load("spike_rate_escape")).splitlines()[-2:]
    assert axis.index("┴") == below.index(" 0 ") + 1


def test_jump_is_not_joined():
    rows, _, _ = read(as_text(surroreg.load("heaviside")))
    assert [bool(row.strip()) for row in rows] == [True] + [False] * 10 + [True]


def test_braille_and_ascii_draw_the_same_curve():
    fine, coarse = (read(as_text(surroreg.load("atan"), encoding=code))[0] for code in ("utf-8", "ascii"))
    for fine_row, coarse_row in zip(fine, coarse, strict=True):
        ends = [(len(row) - len(row.lstrip()), len(row.rstrip())) for row in (fine_row, coarse_row)]
        assert ends[0] == pytest.approx(ends[1], abs=6)


def test_show_draws_the_curve_below_the_formula(capsys):
    assert main(["show", "atan"]) == 0
    out = capsys.readouterr().out
    assert as_text(surroreg.spec("atan")) in out
    assert out.index("d(x) =") < out.index("└") < out.index("Peak alpha/2")


def test_show_draws_in_ascii_where_the_output_cannot_take_more(capsys, monkeypatch):
    import io
    import sys

    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="\n")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["show", "tanh"]) == 0
    out.flush()
    assert b"*****" in out.buffer.getvalue()


def test_show_survives_a_surrogate_that_cannot_be_drawn(capsys):
    def broken(x):
        raise RuntimeError("out of order")

    surroreg.register(surroreg.SurrogateSpec(name="broken", derivative=broken, summary="Broken."))
    assert main(["show", "local/broken"]) == 0
    out, err = capsys.readouterr()
    assert "broken: Broken." in out
    assert "no curve of 'broken': RuntimeError: out of order" in err


def test_show_draws_no_curve_of_what_needs_a_parameter(capsys):
    assert main(["show", "custom_surrogate"]) == 0
    out, err = capsys.readouterr()
    assert "└" not in out
    assert err == ""


class Terminal:
    """Standard output as a terminal would be."""

    encoding = "utf-8"

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return True


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_curve_on_a_terminal_is_coloured_unless_switched_off(monkeypatch, variables, coloured):
    pytest.importorskip("rich", reason="colours come from rich")
    import sys

    for variable in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["show", "atan"]) == 0
    assert ("\x1b[" in terminal.written) == coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", terminal.written).count("┤") == 2


def test_show_without_rich_is_the_same_without_colour(capsys, monkeypatch):
    import sys

    main(["show", "atan"])
    before = capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "rich.console", None)
    main(["show", "atan"])
    assert capsys.readouterr().out == before


def test_present_values_are_drawn_and_gradients_left_alone():
    surrogate = surroreg.load("sigmoid", slope=torch.nn.Parameter(torch.tensor([4.0])))
    assert as_text(surrogate) == as_text(surroreg.load("sigmoid", slope=4.0))
    assert surrogate.slope.grad is None
