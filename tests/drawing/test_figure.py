"""The picture for a paper, and the command that writes it."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import torch

import surroreg
from surroreg.cli import main
from surroreg.plot import COLOURS, plot, save
from surroreg.shape import shape

matplotlib = pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")

SVG = "{http://www.w3.org/2000/svg}"


def derivative_lines(figure):
    """The data of the derivative's lines, without the axes through zero."""
    return [line.get_xydata() for line in figure.axes[-1].lines if len(line.get_xydata()) > 2]


FIGURES = {}


@pytest.fixture
def figure(name, loaded):
    """The figure of a surrogate, drawn once for all tests that only read it."""
    if name not in FIGURES:
        FIGURES[name] = loaded.plot()
    return FIGURES[name]


def test_every_surrogate_becomes_a_picture(name, loaded, tmp_path):
    path = save(loaded, tmp_path / "picture.svg")
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{SVG}svg"
    assert root.get("width").endswith("pt")
    assert 3.3 < float(root.get("width")[:-2]) / 72 <= 3.6  # inches: one column
    assert not root.findall(f".//{SVG}image")  # lines, not pixels


def test_highest_point_is_the_peak(name, loaded, figure):
    if loaded.spec.traits.stochastic:
        pytest.skip("its shape is not defined")
    known = shape(loaded.spec, loaded.params)
    points = [tuple(point) for line in derivative_lines(figure) for point in line]
    assert max(abs(y) for _, y in points) == pytest.approx(known.peak, rel=1e-3)
    low, high = figure.axes[-1].get_xlim()
    assert low < known.peak_at < high
    bottom, top = figure.axes[-1].get_ylim()
    assert all(bottom < y < top for _, y in points)


def test_no_line_leads_across_a_jump(name, figure):
    lines = [line[:, 1] for line in derivative_lines(figure)]
    height = max(line.max() for line in lines) - min(line.min() for line in lines)
    for line in lines:
        assert max(abs(b - a) for a, b in itertools.pairwise(line)) <= 0.05 * height


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-1."), ("SVG", b"<?xml ")])
def test_files_are_what_their_names_say_and_the_same_every_time(tmp_path, ending, begins):
    first, second = (save(surroreg.load("atan"), tmp_path / f"{which}.{ending}").read_bytes() for which in "ab")
    assert first.startswith(begins)
    assert first == second


def test_letters_in_a_pdf_stay_letters(tmp_path):
    content = save(surroreg.load("atan"), tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in content or b"/Type42" in content or b"/TrueType" in content or b"/CIDFontType2" in content
    assert b"/Type3" not in content


def test_legend_says_how_to_load_each():
    surrogates = [surroreg.load("atan", alpha=3), surroreg.load("inverse_stochastic_spike_operator", variance=0.5)]
    (legend,) = plot(surrogates).legends
    labels = ["".join(text.get_text().split()) for text in legend.texts]
    assert labels[:2] == ["".join(repr(surrogate).removeprefix("surroreg.").split()) for surrogate in surrogates]
    assert set(labels[2:]) == {"spike", "primitive"}


def test_spike_and_the_primitive_are_drawn_above():
    above, _ = surroreg.load("sigmoid").plot().axes
    lines = [line.get_xydata() for line in above.lines]
    steps = [line for line in lines if len(line) == 2 and line[0][1] == line[1][1]]
    assert sorted((line[:, 0].min() < 0, float(line[0, 1])) for line in steps) == [(False, 1.0), (True, 0.0)]
    (primitive,) = [line for line in lines if len(line) > 2]
    for x, y in primitive[::20]:
        assert y == pytest.approx(1 / (1 + math.exp(-25 * x)), rel=1e-9)


def test_many_surrogates_are_told_apart():
    surrogates = [surroreg.load("atan", alpha=1 + step / 10) for step in range(20)]
    lines = [line for line in plot(surrogates).axes[-1].lines if len(line.get_xdata()) > 2]
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == 20
    assert {line.get_color() for line in lines} == set(COLOURS)


def test_all_are_drawn_over_the_same_stretch():
    lines = derivative_lines(plot([surroreg.load("fast_sigmoid"), surroreg.load("tanh")]))
    assert [line[0][0] for line in lines] == pytest.approx([-3.2] * 2, rel=0.1)
    assert all(max(y for _, y in line) == pytest.approx(1) for line in lines)  # the narrow one keeps its peak


def test_plot_draws_on_the_axes_of_the_caller():
    figure = matplotlib.figure.Figure()
    left, right = figure.subplots(1, 2)
    assert surroreg.load("atan").plot(left) is figure
    surroreg.load("tanh").plot(ax=left)
    surroreg.load("zoo/box").plot(ax=right)
    assert len(figure.axes) == 2
    assert [text.get_text() for text in left.get_legend().texts] == [
        "load('atan', alpha=2.0)",
        "load('tanh', slope=1.0)",
    ]
    assert len({line.get_color() for line in left.lines if line.get_label().startswith("load")}) == 2
    assert right.get_xlabel() == "membrane − threshold (membrane units)"


def test_settings_of_the_caller_neither_change_nor_count(tmp_path):
    plain = save(surroreg.load("atan"), tmp_path / "plain.svg").read_bytes()
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 30, "svg.hashsalt": "?"}):
        before = dict(matplotlib.rcParams)
        assert save(surroreg.load("atan"), tmp_path / "odd.svg").read_bytes() == plain
        surroreg.load("atan").plot()
        assert dict(matplotlib.rcParams) == before


def test_pyplot_is_not_touched():
    code = (
        "import sys, surroreg, surroreg.plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "surroreg.load('atan').plot().savefig(sys.stdout.buffer, format='png')\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert done.stdout.startswith(b"\x89PNG")


def test_random_derivative_has_a_band():
    bands = surroreg.load("stochastic_spike_operator").plot().axes[-1].collections
    heights = [path.vertices[:, 1] for band in bands for path in band.get_paths()]
    assert min(height.min() for height in heights) == pytest.approx(-0.1)


def test_plot_leaves_the_random_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    plot([surroreg.load(name) for name in ("SSO", "atan")])
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_to_plot_is_an_error():
    with pytest.raises(surroreg.SurroregError, match="nothing to plot"):
        plot([])


@pytest.mark.parametrize("missing", ["matplotlib", "matplotlib.style"])
def test_without_matplotlib_the_error_names_the_extra(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(surroreg.MissingLibraryError, match=r"pip install 'surroreg\[plot\]'"):
        surroreg.load("atan").plot()


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["plot", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_plot_command_names_the_file_after_the_surrogate(run, tmp_path):
    assert run("ATan") == (0, "atan.svg\n", "")
    assert run("zoo/gaussian") == (0, "gaussian.svg\n", "")
    assert run("atan", "tanh") == (0, "surrogates.svg\n", "")
    assert sorted(os.listdir(tmp_path)) == ["atan.svg", "gaussian.svg", "surrogates.svg"]


def test_plot_command_writes_to_the_given_path(run, tmp_path):
    target = str(tmp_path / "here.pdf")
    assert run("tanh", "-o", target) == (0, f"{target}\n", "")
    assert (tmp_path / "here.pdf").read_bytes().startswith(b"%PDF")


def test_plot_command_sets_parameters_of_those_that_have_them(run, monkeypatch):
    drawn = []
    monkeypatch.setattr("surroreg.plot.save", lambda surrogates, path: drawn.extend(surrogates) or path)
    code, _, _ = run("atan", "sigmoid", "custom_surrogate", "--set", "slope=10", "--set", "scale=2", "--set",
                     "custom_surrogate_function=surroreg.builtin.custom:unit_box")  # fmt: skip
    assert code == 0
    assert [list(surrogate.params.items())[:-1] for surrogate in drawn[:2]] == [[("alpha", 2)], [("slope", 10)]]
    assert [surrogate.scale for surrogate in drawn] == [2, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["atan", "-o", "picture.gif"], "give a name that ends in .svg, .pdf or .png"),
        (["atan", "-o", "picture"], "give a name that ends in .svg, .pdf or .png"),
        (["atan", "-o", "nowhere/picture.png"], "cannot write 'nowhere/picture.png': No such file or directory"),
        (["atam"], "Did you mean 'atan'"),
        (["sigmoid", "--set", "slop=3"], "'sigmoid' has no parameter 'slop'. Did you mean 'slope'?"),
        (["atan", "sigmoid", "--set", "slop=3"], "none of atan, sigmoid has a parameter 'slop'. Did you mean 'slope'?"),
        (["sigmoid", "--set", "slope=-1"], "'slope' must be > 0"),
        (["custom_surrogate"], "needs a value for 'custom_surrogate_function'"),
    ],
)
def test_plot_command_with_a_wrong_question_writes_no_file(run, tmp_path, arguments, text):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert text in err
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == []
