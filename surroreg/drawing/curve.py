"""The derivative of a surrogate as lines to draw.

A curve needs nothing but values at points, so a formula, a derivative and a black box are drawn alike. A line ends at a
jump: a place where halving the distance between two points does not bring their values closer. The curve of a spec
with a formula does not need torch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from surroreg import formula
from surroreg.drawing.drawable import Drawable
from surroreg.errors import ParameterError
from surroreg.specs import SurrogateSpec
from surroreg.specs.parameters import SHIFT

#: Larger values are left out, like infinite values: the axis would overflow.
_LARGEST = 1e300
#: Points across the window. Jumps and steep places add more.
_POINTS = 289
#: The part of a curve's height that counts as a jump.
_JUMP = 0.02
#: A random derivative is drawn as the mean and the extremes of so many draws.
_DRAWS = 4000
#: Distances from the shifted threshold at which to search for the peak, in membrane units. Kinks are searched, too.
_NEAR = [2.0 ** (exponent / 6) for exponent in range(-24 * 6, 12 * 6)]


class Point(NamedTuple):
    """An input, the derivative there, and its extremes, which differ from it only if the derivative is random."""

    x: float
    y: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Curve:
    """A derivative within a window, as lines. A line ends where the derivative jumps or is not finite.

    Args:
        low, high: the ends of the window, in membrane units.
        lines: points from left to right, line by line.
        random: whether the derivative is random. ``y`` is then its mean.
    """

    low: float
    high: float
    lines: tuple[tuple[Point, ...], ...]
    random: bool

    @property
    def bottom(self) -> float:
        """Lower y limit; never above 0."""
        return min([0.0, *(point.lowest for line in self.lines for point in line)])

    @property
    def top(self) -> float:
        """Upper y limit; never below 0."""
        return max([0.0, *(point.highest for line in self.lines for point in line)])


_Function = Callable[[Sequence[float]], list[Point]]


def of(surrogate: Drawable | SurrogateSpec, window: tuple[float, float] | None = None) -> Curve:
    """Return the derivative of a surrogate, or of a spec at its defaults, as lines.

    Args:
        surrogate: a surrogate, or a spec. A surrogate is called, and a black box is drawn by the gradient of its input.
            A formula is evaluated instead for a spec, which avoids torch, and for a random derivative, which avoids
            draws.
        window: the lowest and the highest input. If ``None``, a window that shows threshold, peak and kinks.

    Raises:
        ParameterError: a parameter of the spec is required, or a parameter of the surrogate holds several values.
    """
    function, kinks, centre = _source(surrogate)
    own = _window(function, kinks, centre)
    low, high = window or own
    places = {0.0, centre, *kinks}
    for start, end in {(low, high), own}:
        places |= {start + (end - start) * step / (_POINTS - 1) for step in range(_POINTS)}
    lines = _lines(function, sorted(place for place in places if low <= place <= high))
    spec = surrogate if isinstance(surrogate, SurrogateSpec) else surrogate.spec
    return Curve(low, high, lines, spec.traits.stochastic)


# -- where values come from -----------------------------------------------------------------------


def _source(surrogate: Drawable | SurrogateSpec) -> tuple[_Function, list[float], float]:
    """Return the derivative, its kinks, and its shift."""
    if isinstance(surrogate, SurrogateSpec):
        if surrogate.formula is None or any(parameter.required for parameter in surrogate.parameters):
            return _source(surrogate())
        params = {parameter.name: parameter.default for parameter in surrogate.parameters}
        return _by_formula(surrogate, params), formula.kinks(surrogate, params), 0.0
    spec, params = surrogate.spec, {}
    for name, value in surrogate.params.items():
        if hasattr(value, "numel") and value.numel() != 1:
            raise ParameterError(
                f"{spec.name!r}: {name!r} holds {value.numel()} values, so there is no single curve to draw."
            )
        params[name] = value.item() if hasattr(value, "item") else value
    # Only the formula of a random derivative gives its exact mean and extremes.
    exact = spec.traits.stochastic and spec.formula is not None
    function = _by_formula(spec, params) if exact else _by_calling(surrogate)
    return function, formula.kinks(spec, params), params.get(SHIFT.name, 0.0)


def _by_formula(spec: SurrogateSpec, params: dict[str, Any]) -> _Function:
    noises = (0.5, 0.0, 1.0) if spec.traits.stochastic else (0.5,)

    def value(x: float, noise: float) -> float:
        try:
            return formula.values(spec, [x], params, noise=noise)[0]
        except (ArithmeticError, TypeError):  # a pole, or the root of a negative number
            return math.nan

    def function(xs: Sequence[float]) -> list[Point]:
        points = []
        for x in xs:
            ys = [value(x, noise) for noise in noises]
            points.append(Point(x, ys[0], min(ys), max(ys)))
        return points

    return function


def _by_calling(surrogate: Drawable) -> _Function:
    import torch

    black_box = surrogate.spec.factory is not None
    # A derivative is computed in double precision. A black box may support only the default dtype.
    dtype = torch.get_default_dtype() if black_box else torch.float64
    device = device_of(surrogate)
    draws = _DRAWS if surrogate.spec.traits.stochastic else 1

    def function(xs: Sequence[float]) -> list[Point]:
        # The caller may be in inference mode. The generator of random numbers is restored afterwards.
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.set_grad_enabled(black_box):
            torch.default_generator.manual_seed(0)
            x = torch.tensor(list(xs), dtype=dtype, device=device).repeat(draws, 1).requires_grad_(black_box)
            if black_box:
                spikes = surrogate(x)
                (values,) = torch.autograd.grad(spikes, x, torch.ones_like(spikes))
            else:
                values = surrogate.derivative(x)
            values = values.double()
            columns = [column.tolist() for column in (values.mean(0), values.amin(0), values.amax(0))]
        return [Point(*row) for row in zip(xs, *columns, strict=True)]

    return function


def device_of(surrogate: Drawable) -> Any:
    """Return the device for the inputs of a surrogate: that of its first tensor, or the CPU."""
    return next((tensor.device for tensor in itertools.chain(surrogate.parameters(), surrogate.buffers())), "cpu")


# -- window and lines ------------------------------------------------------------------------------


def _window(function: _Function, kinks: Sequence[float], centre: float) -> tuple[float, float]:
    """Return a window that shows threshold, peak, kinks and most of both tails."""
    places = {0.0, centre, *(centre + side * near for near in _NEAR for side in (1, -1))}
    for kink in kinks:
        places |= {math.nextafter(kink, -math.inf), kink, math.nextafter(kink, math.inf)}
    heights = [(point.x, abs(point.y)) for point in function(sorted(places)) if abs(point.y) < _LARGEST]
    peak = max((height for _, height in heights), default=0.0)
    top = min((x for x, height in heights if height >= peak * (1 - 1e-9)), key=abs, default=0.0)
    top = top if abs(top) > 1e-300 else 0.0  # the neighbours of zero count as zero
    # A side that never decays, such as a constant, is drawn to twice the distance of the outermost kink.
    usual = 2 * max((abs(place - top) for place in (0.0, *kinks)), default=0.0) or 1.0
    ends = []
    for side in (-1, 1):
        beyond = sorted((side * (x - top), height) for x, height in heights if side * (x - top) > 0)
        half = next((distance for distance, height in beyond if height < peak / 2), math.inf)
        last = max((distance for distance, height in beyond if height > peak / 50), default=0.0)
        reach = min(6 * half, last) if (beyond and last < beyond[-1][0]) or math.isfinite(half) else usual
        ends.append(top + side * reach)
    low, high = min(ends[0], 0.0, *kinks), max(ends[1], 0.0, *kinks)
    span = (high - low) or 2.0
    # A margin on both sides, and at least a third of the span on either side of the threshold.
    return _outward(min(low - span / 8, -span / 3)), _outward(max(high + span / 8, span / 3))


def _outward(end: float) -> float:
    """Return the next number of two digits further from zero."""
    power = 10.0 ** (math.floor(math.log10(abs(end))) - 1)
    return float(f"{math.copysign(math.ceil(abs(end) / power - 1e-9) * power, end):.2g}")


def _lines(function: _Function, places: Sequence[float]) -> tuple[tuple[Point, ...], ...]:
    """Return the points at the given places and beside jumps, as lines."""
    points = function(places)
    finite = [point.y for point in points if abs(point.y) < _LARGEST]
    jump = _JUMP * (max(finite, default=0.0) - min(finite, default=0.0))
    steep = [pair for pair in itertools.pairwise(points) if abs(pair[1].y - pair[0].y) > jump]
    for _ in range(80):  # after 80 halvings two float64 points are neighbours
        middles = function([(left.x + right.x) / 2 for left, right in steep])
        points += middles
        halves = [
            max((left, middle), (middle, right), key=lambda pair: abs(pair[1].y - pair[0].y))
            for (left, right), middle in zip(steep, middles, strict=True)
        ]
        steep = [(left, right) for left, right in halves if abs(right.y - left.y) > jump]
        if not steep:
            break
    return tuple(_broken(sorted(set(points)), {right.x for _, right in steep}))


def _broken(points: Sequence[Point], starts: set[float]) -> Iterator[tuple[Point, ...]]:
    """Yield the points line by line. A new line begins at each start, and after each value that is not finite."""
    line: list[Point] = []
    for point in points:
        drawable = abs(point.y) < _LARGEST
        if point.x in starts or not drawable:
            if len(line) > 1:
                yield tuple(line)
            line = []
        if drawable:
            line.append(point)
    if len(line) > 1:
        yield tuple(line)
