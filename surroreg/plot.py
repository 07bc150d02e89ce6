"""Pictures of surrogates, ready to print: the spike and its primitive above, the derivative below."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surroreg import files
from surroreg.drawing import curve
from surroreg.drawing.curve import Curve
from surroreg.drawing.drawable import Drawable
from surroreg.errors import MissingLibraryError, SurroregError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Inches: the width of a column of a paper, the height without a legend, and the height of a line of the legend.
WIDTH, HEIGHT, LINE = 3.5, 2.7, 0.15
#: Colours that colour-blind readers distinguish, too (Okabe & Ito 2008), without their yellow: too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: From the eighth curve on, the colours repeat with other dashes.
DASHES = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
GREY = "#777777"

#: The permitted endings of a file name, each with the metadata that keeps the date out of the file. With a date, the
#: same surrogates would not give the same file again.
ENDINGS: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}

_STYLE: dict[str, Any] = {
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.4,
    "pdf.fonttype": 42,  # letters stay letters, which journals ask for
    "savefig.dpi": 300,
    "svg.hashsalt": "surroreg",  # without a salt, matplotlib draws the ids in the file at random
    "xtick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.6,
}

_LEGEND = {"family": "monospace", "size": 7}


def plot(surrogates: Drawable | Iterable[Drawable], ax: Axes | None = None) -> Figure:
    """Draw one surrogate, or several over one another.

    The area under the derivative is filled. The line breaks where the derivative jumps. A random derivative is drawn as
    its mean, within the band of its values; a black box as the gradient of its input.

    Args:
        surrogates: a surrogate, or several.
        ax: axes for the derivatives. If ``None``, a new figure also shows the spike and the primitives.

    Returns:
        The figure. pyplot does not know it, so it is not shown and need not be closed.

    Raises:
        MissingLibraryError: matplotlib is not installed.
        ParameterError: a parameter is a tensor of several values, so there is no single curve.
        SurroregError: no surrogate is given.
    """
    several = list(surrogates) if isinstance(surrogates, Iterable) else [surrogates]
    if not several:
        raise SurroregError("there is nothing to plot: give one surrogate, or several.")
    with _style():
        if ax is not None:
            _draw_derivatives(ax, several, _curves(several))
            ax.legend(prop=_LEGEND)
            return ax.figure.figure  # the axes may be in a subfigure
        return _figure(several, _curves(several))


def save(surrogates: Drawable | Iterable[Drawable], path: str | Path) -> Path:
    """Write the figure of :func:`plot` to a file, and return its path.

    Args:
        surrogates: a surrogate, or several.
        path: a name that ends in ``.svg``, ``.pdf`` or ``.png``. The same surrogates give the same file again.

    Raises:
        SurroregError: the name has another ending, or the file cannot be written; else as :func:`plot`.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise SurroregError(f"cannot tell what {str(path)!r} is to be: give a name that ends in .svg, .pdf or .png.")
    ending = path.suffix.lower()
    figure, drawn = plot(surrogates), io.BytesIO()
    with _style():
        figure.savefig(drawn, format=ending.removeprefix("."), metadata=ENDINGS[ending])
    files.write(path, drawn.getvalue())
    return path


def _style() -> Any:
    """Return a context in which plots look the same whatever the caller's settings are. The settings stay unchanged."""
    try:
        import matplotlib.style
    except ImportError as error:
        raise MissingLibraryError("plots need matplotlib; install it with: pip install 'surroreg[plot]'") from error
    return matplotlib.style.context(["default", _STYLE])


def _curves(surrogates: Sequence[Drawable]) -> list[Curve]:
    """Return the curves, all over one window that shows each of them whole."""
    curves = [curve.of(surrogate) for surrogate in surrogates]
    window = min(each.low for each in curves), max(each.high for each in curves)
    return [curve.of(surrogate, window) for surrogate in surrogates]


def _figure(surrogates: Sequence[Drawable], curves: Sequence[Curve]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.4))
    _draw_spikes(above, surrogates, curves)
    _draw_derivatives(below, surrogates, curves)
    figure.align_ylabels()
    legends = [ax.get_legend_handles_labels() for ax in (below, above)]
    handles, labels = (lower + upper for lower, upper in zip(*legends, strict=True))
    figure.legend(handles, labels, loc="outside upper left", prop=_LEGEND)
    figure.set_size_inches(WIDTH, HEIGHT + LINE * sum(label.count("\n") + 1 for label in labels))
    return figure


def _draw_derivatives(ax: Axes, surrogates: Sequence[Drawable], curves: Sequence[Curve]) -> None:
    ax.axhline(0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)
    before = len(ax.get_legend_handles_labels()[1])
    for place, (surrogate, drawn) in enumerate(zip(surrogates, curves, strict=True), before):
        look = _look(place)
        for number, line in enumerate(drawn.lines):
            xs, ys, lowest, highest = zip(*line, strict=True)
            ax.plot(xs, ys, **look, label="" if number else _label(surrogate), solid_joinstyle="round")
            if drawn.random:
                ax.fill_between(xs, lowest, highest, color=look["color"], alpha=0.3, linewidth=0)
            if len(curves) == 1:
                ax.fill_between(xs, ys, color=look["color"], alpha=0.12, linewidth=0)
    ax.margins(x=0)
    ax.set_xlabel("membrane − threshold (membrane units)")
    ax.set_ylabel("derivative (1/unit)")


def _draw_spikes(ax: Axes, surrogates: Sequence[Drawable], curves: Sequence[Curve]) -> None:
    ax.axvline(0, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)
    thin: dict[str, Any] = {"linewidth": 0.9, "solid_capstyle": "butt"}
    ax.plot((curves[0].low, 0), (0, 0), color="black", label="spike", **thin)
    ax.plot((0, curves[0].high), (1, 1), color="black", **thin)
    dashed: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (4, 2))}
    drawn = [place for place, surrogate in enumerate(surrogates) if surrogate.spec.primitive is not None]
    for place in drawn:
        xs = [point.x for line in curves[place].lines for point in line]
        ax.plot(xs, _primitive(surrogates[place], xs), color=_look(place)["color"], **dashed)
    if drawn:
        ax.plot([], [], color=_look(drawn[0])["color"] if len(surrogates) == 1 else GREY, label="primitive", **dashed)
    ax.set_ylabel("spike")


def _primitive(surrogate: Drawable, xs: Sequence[float]) -> list[float]:
    import torch

    with torch.no_grad():
        x = torch.tensor(xs, dtype=torch.float64, device=curve.device_of(surrogate))
        levels: list[float] = surrogate.primitive(x).tolist()
    return levels


def _look(place: int) -> dict[str, Any]:
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place // len(COLOURS) % len(DASHES)]}


def _label(surrogate: Drawable) -> str:
    """Return the call that loads a surrogate, broken into lines that fit a column."""
    return textwrap.fill(repr(surrogate).removeprefix("surroreg."), 50, subsequent_indent="     ")
