"""What a surrogate's derivative looks like, in numbers: computed from the derivative itself, never typed by hand."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.errors import ParameterError
from surroreg.specs import SurrogateSpec
from surroreg.specs.parameters import SHIFT

#: Octaves looked at, on both sides of zero: from 2^-64 to 2^500 membrane units.
_OCTAVES = range(-64, 500)
_NODES = 20

Derivative = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """What a derivative looks like, in numbers; lengths are in membrane units.

    Args:
        peak: its largest absolute value, and ``peak_at``, where that is (the place nearest zero, if there are several).
        area: its integral over all inputs; ``inf`` where the tails make it so.
        support: the interval outside which it is exactly zero.
        half_width: half the length of the stretch around the peak on which it is at least half of the peak.
        tail: the power by which its heavier tail falls: 2 if as 1/x², 0 if not at all, ``inf`` if faster than any.
        lipschitz: its largest slope, which bounds the curvature of the loss; ``inf`` if it jumps.
    """

    peak: float
    peak_at: float
    area: float
    support: tuple[float, float]
    half_width: float
    tail: float
    lipschitz: float


def shape(spec: SurrogateSpec, params: Mapping[str, Any]) -> Shape:
    """Return the shape of the derivative, at the given values of all parameters.

    All of it is computed from the derivative in float64, at some twenty thousand places on both sides of zero and of
    every declared kink, dense near these. What is narrow and far from all of them may be missed.

    Raises:
        ParameterError: the derivative is drawn at random, or a parameter is a tensor of several values.
    """
    curve = _Curve(spec, params)
    height, place = curve.summit
    return Shape(
        peak=height,
        peak_at=place,
        area=curve.area,
        support=(curve.end(-1), curve.end(1)),
        half_width=_rounded((curve.fall(1) + curve.fall(-1)) / 2),
        tail=curve.tail,
        lipschitz=curve.lipschitz,
    )


def peak(spec: SurrogateSpec, params: Mapping[str, Any]) -> float:
    """Return the largest absolute value of the derivative; as :func:`shape`."""
    return _Curve(spec, params).summit[0]


def area(spec: SurrogateSpec, params: Mapping[str, Any]) -> float:
    """Return the integral of the derivative over all inputs, ``inf`` where it has none; as :func:`shape`."""
    return _Curve(spec, params).area


class _Curve:
    """A derivative, evaluated between neighbouring edges: octaves on both sides of zero and of every kink."""

    def __init__(self, spec: SurrogateSpec, params: Mapping[str, Any]) -> None:
        self.derivative = _derivative(spec, params)
        self.kinks = formula.kinks(spec, {k: v.item() if isinstance(v, Tensor) else v for k, v in params.items()})
        # A narrow bump may lie at a kink, or where a shift has moved it.
        shift = params.get(SHIFT.name, 0.0) if spec.base else 0.0
        self.centres = {0.0, *self.kinks, float(shift)}
        octaves = [side * 2.0**exponent for exponent in _OCTAVES for side in (1, -1)]
        self.edges = sorted({centre + octave for centre in self.centres for octave in (0.0, *octaves)})
        self.nodes, self.weights = _nodes(self.edges)
        beside = [_beside(edge) for edge in self.edges]
        self.places = torch.cat([self.nodes.flatten(), *beside]).sort().values
        self.heights = self.height(self.places)

    def height(self, x: Tensor) -> Tensor:
        """Return the absolute value of the derivative."""
        return self.derivative(x).abs().nan_to_num(nan=0.0)

    @functools.cached_property
    def summit(self) -> tuple[float, float]:
        """The peak and its place."""
        best = float(self.heights.max())
        level = self.places[self.heights >= best * (1 - 1e-14)]  # rounding; more reaches far down a wide slope
        centred = [at for at in level.tolist() if at in self.centres]
        nearest = min(centred or level.tolist(), key=abs)
        place = int((self.places - nearest).abs().argmin())
        low, high = self.places[max(place - 1, 0)], self.places[min(place + 1, len(self.places) - 1)]
        top, at = _climbed(self.height, low, high)
        # Between the places, or only rounded up there.
        best, at = (top, at) if top > best * (1 + 1e-12) else (best, float(self.places[place]))
        return _rounded(best), _rounded(at)

    @functools.cached_property
    def area(self) -> float:
        """By Gauss-Legendre quadrature, by octaves and kinks; infinite if the last ones still count."""
        parts = (self.derivative(self.nodes) * self.weights).sum(1)
        total = float(parts.sum())
        tails = max(abs(float(parts[0])), abs(float(parts[-1])))
        finite = math.isfinite(total) and tails <= 1e-12 * float(parts.abs().sum())
        return _rounded(total) if finite else math.inf

    def end(self, side: int) -> float:
        """Return where the derivative ends on one side of its peak: infinity, unless it is exactly zero from there."""
        inside = self.places[self.heights > 0]
        last = float(inside.max() if side > 0 else inside.min())
        if abs(last) >= 2.0 ** (_OCTAVES[-1] - 1) or float(self.heights[self.places == last].max()) < 1e-290:
            return side * math.inf  # the latter: it only became too small for the dtype
        beyond = self.places[self.places > last] if side > 0 else self.places[self.places < last]
        outside = float(beyond.min() if side > 0 else beyond.max())
        return _crossing(lambda x: self.height(x) > 0, last, outside)

    def fall(self, side: int) -> float:
        """Return how far from the peak, on one side, the derivative has fallen below half of it."""
        top, at = self.summit
        below = self.heights < top / 2
        there = self.places[below & (self.places > at if side > 0 else self.places < at)]
        if len(there) == 0:
            return math.inf
        first = float(there.min() if side > 0 else there.max())
        return abs(_crossing(lambda x: self.height(x) >= top / 2, at, first) - at)

    @functools.cached_property
    def tail(self) -> float:
        """By how much the largest value of an octave falls to that of another, far out."""
        powers = []
        for side in (1, -1):
            largest = self.height(self.nodes if side > 0 else self.nodes.flip(0)).amax(1)
            last = int((largest > 1e-250).nonzero().max())
            power = float((largest[last - 10] / largest[last]).log2()) / 10
            powers.append(math.inf if math.isfinite(self.end(side)) or power > 20 else power)
        return round(min(powers), 6) + 0.0

    @functools.cached_property
    def lipschitz(self) -> float:
        """The largest slope, by autograd between the kinks; infinite if the derivative jumps at one."""
        for kink in self.kinks:
            left, _, right = self.derivative(_beside(kink)).tolist()
            if abs(right - left) > 1e-9 * self.summit[0]:
                return math.inf
        slopes = self._slope(self.places)
        top = int(slopes.argmax())
        low, high = self.places[max(top - 1, 0)], self.places[min(top + 1, len(self.places) - 1)]
        return float(f"{max(float(slopes[top]), _climbed(self._slope, low, high)[0]):.6g}")

    def _slope(self, x: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_()
        values = self.derivative(leaf).sum()
        if not values.requires_grad:  # of a constant
            return torch.zeros_like(x)
        return torch.autograd.grad(values, leaf, allow_unused=True, materialize_grads=True)[0].abs().nan_to_num(nan=0.0)


def _crossing(inside: Derivative, near: float, far: float) -> float:
    """Return where a property that holds near and not far ends, by halving."""
    for _ in range(200):
        middle = (near + far) / 2
        if middle in (near, far):
            break
        holds = bool(inside(torch.tensor([middle], dtype=torch.float64)).all())
        near, far = (middle, far) if holds else (near, middle)
    return _rounded(near)


def _derivative(spec: SurrogateSpec, params: Mapping[str, Any]) -> Derivative:
    """Return the derivative as a function of float64 tensors on the CPU."""
    if spec.traits.stochastic:
        raise ParameterError(f"{spec.name!r} draws its derivative at random, so its peak and area are not defined.")
    values = []
    for parameter in spec.parameters:
        value = params[parameter.name]
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise ParameterError(f"{spec.name!r}: {parameter.name!r} holds {value.numel()} values, not one.")
            value = value.item()
        values.append(value)
    function = spec.resolve("derivative")
    assert function is not None
    return lambda x: function(x, *values).broadcast_to(x.shape)


def _beside(edge: float) -> Tensor:
    return torch.tensor([math.nextafter(edge, -math.inf), edge, math.nextafter(edge, math.inf)], dtype=torch.float64)


def _nodes(edges: list[float]) -> tuple[Tensor, Tensor]:
    """Return where to evaluate between neighbouring edges, a row each, and the weights."""
    ends = torch.tensor(edges, dtype=torch.float64)
    half, middle = (ends[1:] - ends[:-1])[:, None] / 2, (ends[1:] + ends[:-1])[:, None] / 2
    nodes, weights = _rule()
    return middle + half * nodes, half * weights


@functools.cache
def _rule() -> tuple[Tensor, Tensor]:
    """Return the nodes and weights of Gauss and Legendre on [-1, 1] (Golub & Welsch 1969, doi:10.2307/2004418)."""
    order = torch.arange(1, _NODES, dtype=torch.float64)
    beside = order / (4 * order.square() - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return nodes, 2 * vectors[0].square()


def _rounded(value: float) -> float:
    """Return the digits that are sure: 6.25, not 6.250000000000002; the number right above zero is zero."""
    return float(f"{value:.13g}") if abs(value) > 1e-300 else 0.0


def _climbed(height: Derivative, low: Tensor, high: Tensor) -> tuple[float, float]:
    """Return the summit between two places and where it is, by shrinking the stretch around the highest of many."""
    best, at = 0.0, float(low)
    for _ in range(8):
        places = low + (high - low) * torch.linspace(0, 1, 33, dtype=torch.float64)
        heights = height(places)
        top = int(heights.argmax())
        if float(heights[top]) > best:
            best, at = float(heights[top]), float(places[top])
        low, high = places[max(top - 1, 0)], places[min(top + 1, 32)]
    return best, at
