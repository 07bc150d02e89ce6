"""The shape of a derivative in numbers, computed from the derivative itself and never typed by hand."""

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

#: Octaves that are evaluated on both sides of zero: from 2^-64 to 2^500 membrane units.
_OCTAVES = range(-64, 500)
#: Places in each octave.
_NODES = 20

Derivative = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """The shape of a derivative in numbers. Lengths are in membrane units.

    Args:
        peak: the largest absolute value of the derivative.
        peak_at: the input of the peak; the input nearest to zero, if there are several.
        area: the integral of the derivative over all inputs; may be ``inf``.
        support: the interval outside which the derivative is exactly zero.
        half_width: half the length of the interval around the peak where the derivative is at least half of the peak.
        tail: the power by which the heavier tail falls: 2 for 1/x², 0 for a constant, ``inf`` if faster than any power.
        lipschitz: the largest slope, which bounds the curvature of the loss; ``inf`` if the derivative jumps.
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

    The numbers come from values of the derivative in float64, at some twenty thousand places on both sides of zero and
    of every declared kink, dense near these. A narrow bump far from zero and from every kink may be missed.

    Raises:
        ParameterError: the derivative is random, or a parameter is a tensor of several values.
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
    """Return the integral of the derivative over all inputs, ``inf`` if it diverges; as :func:`shape`."""
    return _Curve(spec, params).area


class _Curve:
    """A derivative, evaluated between neighbouring edges: octaves on both sides of zero and of every kink."""

    def __init__(self, spec: SurrogateSpec, params: Mapping[str, Any]) -> None:
        self.derivative = _derivative(spec, params)
        self.kinks = formula.kinks(spec, {k: v.item() if isinstance(v, Tensor) else v for k, v in params.items()})
        # A narrow bump may lie at a kink, or at the shifted threshold.
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
        # The factor allows for rounding. A smaller factor would admit places far from the peak of a wide bump.
        level = self.places[self.heights >= best * (1 - 1e-14)]
        centred = [at for at in level.tolist() if at in self.centres]
        nearest = min(centred or level.tolist(), key=abs)
        place = int((self.places - nearest).abs().argmin())
        low, high = self.places[max(place - 1, 0)], self.places[min(place + 1, len(self.places) - 1)]
        top, at = _climbed(self.height, low, high)
        # A summit between the places counts only if it is higher by more than rounding.
        best, at = (top, at) if top > best * (1 + 1e-12) else (best, float(self.places[place]))
        return _rounded(best), _rounded(at)

    @functools.cached_property
    def area(self) -> float:
        """The integral by Gauss-Legendre quadrature between edges; infinite if the outermost octaves contribute."""
        parts = (self.derivative(self.nodes) * self.weights).sum(1)
        total = float(parts.sum())
        tails = max(abs(float(parts[0])), abs(float(parts[-1])))
        finite = math.isfinite(total) and tails <= 1e-12 * float(parts.abs().sum())
        return _rounded(total) if finite else math.inf

    def end(self, side: int) -> float:
        """Return the input from which the derivative is exactly zero on one side of its peak, or infinity."""
        inside = self.places[self.heights > 0]
        last = float(inside.max() if side > 0 else inside.min())
        if abs(last) >= 2.0 ** (_OCTAVES[-1] - 1) or float(self.heights[self.places == last].max()) < 1e-290:
            return side * math.inf  # below 1e-290 the derivative has not ended: the dtype has no smaller numbers
        beyond = self.places[self.places > last] if side > 0 else self.places[self.places < last]
        outside = float(beyond.min() if side > 0 else beyond.max())
        return _crossing(lambda x: self.height(x) > 0, last, outside)

    def fall(self, side: int) -> float:
        """Return the distance from the peak, on one side, at which the derivative falls below half of the peak."""
        top, at = self.summit
        below = self.heights < top / 2
        low_places = self.places[below & (self.places > at if side > 0 else self.places < at)]
        if len(low_places) == 0:
            return math.inf
        first = float(low_places.min() if side > 0 else low_places.max())
        return abs(_crossing(lambda x: self.height(x) >= top / 2, at, first) - at)

    @functools.cached_property
    def tail(self) -> float:
        """The power by which the derivative falls, measured over the ten outermost octaves."""
        powers = []
        for side in (1, -1):
            largest = self.height(self.nodes if side > 0 else self.nodes.flip(0)).amax(1)
            last = int((largest > 1e-250).nonzero().max())
            power = float((largest[last - 10] / largest[last]).log2()) / 10
            powers.append(math.inf if math.isfinite(self.end(side)) or power > 20 else power)
        return round(min(powers), 6) + 0.0

    @functools.cached_property
    def lipschitz(self) -> float:
        """The largest slope, by autograd between the kinks; infinite if the derivative jumps at a kink."""
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
        if not values.requires_grad:  # the derivative is constant
            return torch.zeros_like(x)
        return torch.autograd.grad(values, leaf, allow_unused=True, materialize_grads=True)[0].abs().nan_to_num(nan=0.0)


def _crossing(inside: Derivative, near: float, far: float) -> float:
    """Return the place between ``near``, where a property holds, and ``far``, where it fails, at which it ends."""
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
    """Return the nodes and weights of the quadrature, a row for each pair of neighbouring edges."""
    ends = torch.tensor(edges, dtype=torch.float64)
    half, middle = (ends[1:] - ends[:-1])[:, None] / 2, (ends[1:] + ends[:-1])[:, None] / 2
    nodes, weights = gauss_legendre()
    return middle + half * nodes, half * weights


@functools.cache
def gauss_legendre() -> tuple[Tensor, Tensor]:
    """Return the nodes and weights of Gauss and Legendre on [-1, 1] (Golub & Welsch 1969, doi:10.2307/2004418)."""
    order = torch.arange(1, _NODES, dtype=torch.float64)
    beside = order / (4 * order.square() - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return nodes, 2 * vectors[0].square()


def _rounded(value: float) -> float:
    """Return 13 digits: 6.25, not 6.250000000000002. The neighbours of zero become zero."""
    return float(f"{value:.13g}") if abs(value) > 1e-300 else 0.0


def _climbed(height: Derivative, low: Tensor, high: Tensor) -> tuple[float, float]:
    """Return the summit between two places and its place: eight times, narrow the interval around the highest value."""
    best, at = 0.0, float(low)
    for _ in range(8):
        places = low + (high - low) * torch.linspace(0, 1, 33, dtype=torch.float64)
        heights = height(places)
        top = int(heights.argmax())
        if float(heights[top]) > best:
            best, at = float(heights[top]), float(places[top])
        low, high = places[max(top - 1, 0)], places[min(top + 1, 32)]
    return best, at
