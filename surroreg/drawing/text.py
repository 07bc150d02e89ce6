"""A curve in the characters of a terminal: dots of Braille, or ASCII."""

from __future__ import annotations

import itertools
import math

from surroreg.drawing.curve import Curve
from surroreg.drawing.curve import of as curve_of
from surroreg.drawing.drawable import Drawable
from surroreg.specs import SurrogateSpec


def as_text(surrogate: Drawable | SurrogateSpec, width: int = 72, height: int = 12, encoding: str = "utf-8") -> str:
    """Return the derivative drawn in characters, with numbers on both axes.

    Args:
        surrogate: as for :func:`surroreg.drawing.curve.of`.
        width: characters in a line with the numbers, at least 40.
        height: lines of the curve, at least 3. Two more lines hold the axis below.
        encoding: the encoding of the terminal. The curve is in ASCII if the encoding has no dots of Braille.

    Raises:
        ParameterError: as :func:`surroreg.drawing.curve.of`.
    """
    curve = curve_of(surrogate)
    fine = _can_encode("⠿│┤└┴─", encoding)
    rows = max(height, 3)
    bottom, top = (curve.bottom, curve.top) if curve.top > curve.bottom else (0.0, 1.0)
    numbers = {0: f"{top:.3g}", rows - 1: f"{bottom:.3g}", round((rows - 1) * top / (top - bottom)): "0"}
    margin = max(map(len, numbers.values())) + 1
    columns = max(width, 40) - margin - 1
    dots = _dots(curve, (bottom, top), (2 * columns, 4 * rows) if fine else (columns, rows))
    side, tick, corner, below, dash = "│┤└┴─" if fine else "|++|-"
    drawn = []
    for row in range(rows):
        cells = (_braille(dots, column, row) if fine else " *"[(column, row) in dots] for column in range(columns))
        line = numbers.get(row, "").rjust(margin) + (tick if row in numbers else side) + "".join(cells)
        drawn.append(line.rstrip())
    zero = round(-curve.low / (curve.high - curve.low) * (columns - 1))
    drawn.append(" " * margin + corner + dash * zero + below + dash * (columns - 1 - zero))
    low, high = f"{curve.low:.3g}", f"{curve.high:.3g}"
    under = f"{low:<{zero}}0{high:>{columns - 1 - zero}}" if zero > len(low) else f"{low}{high:>{columns - len(low)}}"
    return "\n".join([*drawn, " " * (margin + 1) + under])


def _can_encode(characters: str, encoding: str) -> bool:
    try:
        characters.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _dots(curve: Curve, ends: tuple[float, float], size: tuple[int, int]) -> set[tuple[int, int]]:
    """Return the dots to set on a grid of that size, as column and row from the top left."""
    columns, rows = size

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - curve.low) / (curve.high - curve.low) * (columns - 1)
        return across, (ends[1] - y) / (ends[1] - ends[0]) * (rows - 1)

    dots = set()
    for line in curve.lines:
        for left, right in itertools.pairwise(line):
            (x, y), (to_x, to_y) = place(left.x, left.y), place(right.x, right.y)
            steps = math.ceil(max(abs(to_x - x), abs(to_y - y))) or 1
            dots |= {(round(x + (to_x - x) * i / steps), round(y + (to_y - y) * i / steps)) for i in range(steps + 1)}
        for point in line if curve.random else ():
            column, top, bottom = *map(round, place(point.x, point.highest)), round(place(point.x, point.lowest)[1])
            dots |= {(column, row) for row in range(top, bottom + 1) if (column + row) % 2 == 0}
    return dots


def _braille(dots: set[tuple[int, int]], column: int, row: int) -> str:
    """Return the Braille character of two columns and four rows of dots."""
    bits = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    set_bits = sum(bits[y][x] for y in range(4) for x in range(2) if (2 * column + x, 4 * row + y) in dots)
    return chr(0x2800 + set_bits) if set_bits else " "
