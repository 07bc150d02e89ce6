"""The derivative of a surrogate as lines to draw.

Curves are found by evaluation alone, so that a formula, a derivative and a black box are all drawn alike. A jump is
where halving the distance between two points does not bring their values together: there one line ends and the next
begins. The formula of a spec is enough for its curve; only a surrogate, or a spec that tells no formula, needs torch.
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

#: Larger values are left out, as infinite ones are: an axis that held them would overflow.
_LARGEST = 1e300
#: Points across the window, before those that jumps and steep places add.
_POINTS = 289
#: The part of a curve's height that counts as a jump.
_JUMP = 0.02
#: Draws of which a random derivative shows the mean and the extremes.
_DRAWS = 4000
#: How far from where the derivative is shifted to look for its peak, in membrane units, besides at the kinks.
_NEAR = [2.0 ** (exponent / 6) for exponent in range(-24 * 6, 12 * 6)]


class Point(NamedTuple):
    """A place, the derivative there, and its extremes, which differ from it only where it is random."""

    x: float
    y: float
    least: float
    most: float


@dataclass(frozen=True)
class Curve:
    """A derivative between two places, as lines that are broken where it jumps or is not finite.

    Args:
        low, high: the ends of what is drawn, in membrane units.
        lines: points from left to right, line by line.
        random: whether the derivative is drawn at random; ``y`` is then its mean.
    """

    low: float
    high: float
    lines: tuple[tuple[Point, ...], ...]
    random: bool

    @property
    def least(self) -> float:
        """The lower end of the vertical axis, which holds zero."""
        return min([0.0, *(point.least for line in self.lines for point in line)])

    @property
    def most(self) -> float:
        """The upper end of the vertical axis, which holds zero."""
        return max([0.0, *(point.most for line in self.lines for point in line)])


_Function = Callable[[Sequence[float]], list[Point]]


def of(what: Drawable | SurrogateSpec, window: tuple[float, float] | None = None) -> Curve:
    """Return the derivative of a surrogate, or of a spec at its defaults, as lines.

    Args:
        what: a surrogate is evaluated as it is, a black box by the gradient that reaches its input. The formula is
            taken, where there is one, of a spec, which needs no torch, and of what is random, which needs no draws.
        window: the ends of what is drawn; if ``None``, chosen so that threshold, peak and kinks are well visible.

    Raises:
        ParameterError: a parameter of the spec is required, or one of the surrogate is a tensor of several values.
    """
    function, kinks, centre = _source(what)
    own = _window(function, kinks, centre)
    low, high = window or own
    places = {0.0, centre, *kinks}
    for start, end in {(low, high), own}:
        places |= {start + (end - start) * step / (_POINTS - 1) for step in range(_POINTS)}
    lines = _lines(function, sorted(place for place in places if low <= place <= high))
    return Curve(low, high, lines, (what if isinstance(what, SurrogateSpec) else what.spec).traits.stochastic)


# -- where values come from -----------------------------------------------------------------------


def _source(what: Drawable | SurrogateSpec) -> tuple[_Function, list[float], float]:
    """Return the derivative, its kinks, and the place it is shifted to."""
    if isinstance(what, SurrogateSpec):
        if what.formula is None or any(parameter.required for parameter in what.parameters):
            return _source(what())
        params = {parameter.name: parameter.default for parameter in what.parameters}
        return _by_formula(what, params), formula.kinks(what, params), 0.0
    spec, params = what.spec, {}
    for name, value in what.params.items():
        if hasattr(value, "numel") and value.numel() != 1:
            raise ParameterError(
                f"{spec.name!r}: {name!r} holds {value.numel()} values, so there is no single curve to draw."
            )
        params[name] = value.item() if hasattr(value, "item") else value
    # The mean and the extremes of what is random are exact only in a formula.
    exact = spec.traits.stochastic and spec.formula is not None
    function = _by_formula(spec, params) if exact else _by_calling(what)
    return function, formula.kinks(spec, params), params.get(SHIFT.name, 0.0)


def _by_formula(spec: SurrogateSpec, params: dict[str, Any]) -> _Function:
    noises = (0.5, 0.0, 1.0) if spec.traits.stochastic else (0.5,)

    def value(x: float, noise: float) -> float:
        try:
            return formula.values(spec, [x], params, noise=noise)[0]
        except (ArithmeticError, TypeError):  # a pole, or a root of what is negative
            return math.nan

    def function(xs: Sequence[float]) -> list[Point]:
        values = [[value(x, noise) for noise in noises] for x in xs]
        return [Point(x, found[0], min(found), max(found)) for x, found in zip(xs, values, strict=True)]

    return function


def _by_calling(surrogate: Drawable) -> _Function:
    import torch

    black_box = surrogate.spec.factory is not None
    # A derivative is computed in double precision; a black box may know no other than the usual one.
    dtype = torch.get_default_dtype() if black_box else torch.float64
    device = device_of(surrogate)
    draws = _DRAWS if surrogate.spec.traits.stochastic else 1

    def function(xs: Sequence[float]) -> list[Point]:
        # Whatever mode the caller is in, and without a number taken from the generator.
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.set_grad_enabled(black_box):
            torch.default_generator.manual_seed(0)
            x = torch.tensor([list(xs)] * draws, dtype=dtype, device=device, requires_grad=black_box)
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
    """Return where a surrogate takes its inputs: beside the first of its tensors, or on the CPU."""
    return next((tensor.device for tensor in itertools.chain(surrogate.parameters(), surrogate.buffers())), "cpu")


# -- what to draw ---------------------------------------------------------------------------------


def _window(function: _Function, kinks: Sequence[float], centre: float) -> tuple[float, float]:
    """Return between which places to draw."""
    places = {0.0, centre, *(centre + side * near for near in _NEAR for side in (1, -1))}
    for kink in kinks:
        places |= {math.nextafter(kink, -math.inf), kink, math.nextafter(kink, math.inf)}
    found = [(point.x, abs(point.y)) for point in function(sorted(places)) if abs(point.y) < _LARGEST]
    peak = max((height for _, height in found), default=0.0)
    top = min((x for x, height in found if height >= peak * (1 - 1e-9)), key=abs, default=0.0)
    top = top if abs(top) > 1e-300 else 0.0  # right beside zero is at zero
    # A side without an end of its own, a constant, is drawn as far as what is there to be seen asks for.
    usual = 2 * max((abs(place - top) for place in (0.0, *kinks)), default=0.0) or 1.0
    ends = []
    for side in (-1, 1):
        beyond = sorted((side * (x - top), height) for x, height in found if side * (x - top) > 0)
        half = next((distance for distance, height in beyond if height < peak / 2), math.inf)
        last = max((distance for distance, height in beyond if height > peak / 50), default=0.0)
        reach = min(6 * half, last) if (beyond and last < beyond[-1][0]) or math.isfinite(half) else usual
        ends.append(top + side * reach)
    low, high = min(ends[0], 0.0, *kinks), max(ends[1], 0.0, *kinks)
    span = (high - low) or 2.0
    # Air on both sides, and enough of either side of the threshold.
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
    for _ in range(80):  # halvings, after which the two are neighbours in any precision
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
    """Yield the points line by line, a new one from each start and after each value that is not finite."""
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
