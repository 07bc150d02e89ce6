"""Curves as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from surroreg.drawing.curve import Curve

#: The size of the picture, and the box of the curve in it, in pixels.
WIDTH, HEIGHT = 320.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 312.0, 10.0, 130.0


@dataclass(frozen=True)
class Frame:
    """The box of a curve.

    Args:
        columns: the left and the right end of the box, in pixels.
        rows: the top and the bottom of the box, in pixels.
        x, y: the inputs and the values at these ends, the lower end first.
    """

    columns: tuple[float, float]
    rows: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, x: float) -> float:
        """Return the column of an input."""
        (left, right), (low, high) = self.columns, self.x
        return left + (x - low) / (high - low) * (right - left)

    def up(self, y: float) -> float:
        """Return the row of a value."""
        (top, bottom), (low, high) = self.rows, self.y
        return bottom - (y - low) / (high - low) * (bottom - top)

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """Return a line through points as the data of a ``path``. A single point becomes a dot."""
        places = [f"{self.across(x):.2f} {self.up(y):.2f}" for x, y in points]
        return f"M{places[0]}h0" if len(places) == 1 else "M" + "L".join(places)


def picture(drawn: Curve) -> str:
    """Return a curve as an SVG element, in the colour of the text around it."""
    bottom, top = (drawn.bottom, drawn.top) if drawn.top > drawn.bottom else (0.0, 1.0)

    frame = Frame((LEFT, RIGHT), (TOP, BOTTOM), (drawn.low, drawn.high), (bottom, top))
    across, up, path = frame.across, frame.up, frame.path
    lines = "".join(path([(point.x, point.y) for point in line]) for line in drawn.lines)
    areas = "".join(
        path([(line[0].x, 0.0), *((point.x, point.y) for point in line), (line[-1].x, 0.0)]) + "Z"
        for line in drawn.lines
    )
    bands = "".join(
        path([*((point.x, point.highest) for point in line), *((point.x, point.lowest) for point in reversed(line))])
        + "Z"
        for line in drawn.lines
        if drawn.random
    )
    level = up(0.0)
    marks = [
        *(
            (LEFT - 6, up(y) + 4, "end", f"{y:.3g}")
            for y in sorted({bottom, 0.0, top})
            if y == 0 or abs(up(y) - level) > 12
        ),
        (across(0.0), BOTTOM + 16, "middle", "0"),
        (LEFT, BOTTOM + 16, "start", f"{drawn.low:.3g}"),
        (RIGHT, BOTTOM + 16, "end", f"{drawn.high:.3g}"),
        ((LEFT + RIGHT) / 2, BOTTOM + 34, "middle", "membrane − threshold"),
    ]
    texts = "".join(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{side}">{text}</text>' for x, y, side, text in marks)
    description = (
        f"The derivative from {drawn.low:.3g} to {drawn.high:.3g} lies between {drawn.bottom:.3g} and {drawn.top:.3g}."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{HEIGHT:g}"'
        f' viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{description}" style="max-width:100%"'
        ' fill="none" stroke="currentColor">'
        f'<path class="surroreg-area" d="{areas}" fill="currentColor" fill-opacity=".12" stroke="none"/>'
        f'<path class="surroreg-band" d="{bands}" fill="currentColor" fill-opacity=".3" stroke="none"/>'
        f'<path d="M{LEFT} {level:.2f}H{RIGHT}M{LEFT} {TOP}V{BOTTOM}" stroke-opacity=".6"/>'
        f'<path d="M{across(0.0):.2f} {TOP}V{BOTTOM}" stroke-opacity=".6" stroke-dasharray="1 3"/>'
        f'<path class="surroreg-derivative" d="{lines}" stroke-width="2" stroke-linejoin="round"/>'
        f'<g fill="currentColor" stroke="none" font-size="12" font-family="sans-serif">{texts}</g>'
        "</svg>"
    )
