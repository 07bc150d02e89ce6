"""How strong a surrogate is: the peak and the area of its derivative, computed from the derivative itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.errors import ParameterError
from surroreg.specs import SurrogateSpec

#: Octaves looked at, on both sides of zero: from 2^-64 to 2^500 membrane units.
_OCTAVES = range(-64, 500)
_NODES = 20

Derivative = Callable[[Tensor], Tensor]


def peak(spec: SurrogateSpec, params: Mapping[str, Any]) -> float:
    """Return the largest absolute value of the derivative, at the given values of all parameters.

    It is looked for at zero, at the declared kinks and beside them, and between some ten thousand places on both
    sides of zero, dense near it. A bump that is narrow and far from all of these may be missed.

    Raises:
        ParameterError: the derivative is drawn at random, or a parameter is a tensor of several values.
    """
    derivative = _derivative(spec, params)
    # Between two nodes of the quadrature and beside every edge.
    places = torch.cat([_nodes(_edges(spec, params))[0].flatten(), *(_beside(edge) for edge in _edges(spec, params))])
    places = places.sort().values
    heights = derivative(places).abs().nan_to_num(nan=0.0)
    top = int(heights.argmax())
    low, high = places[max(top - 1, 0)], places[min(top + 1, len(places) - 1)]
    return _rounded(max(float(heights[top]), _climbed(derivative, low, high)))


def area(spec: SurrogateSpec, params: Mapping[str, Any]) -> float:
    """Return the integral of the derivative over all inputs, at the given values of all parameters.

    By Gauss-Legendre quadrature, octave by octave and from kink to kink; ``inf`` where the last octaves still
    contribute.

    Raises:
        ParameterError: as for :func:`peak`.
    """
    places, weights = _nodes(_edges(spec, params))
    parts = (_derivative(spec, params)(places) * weights).sum(1)
    total = float(parts.sum())
    tails = max(abs(float(parts[0])), abs(float(parts[-1])))
    return _rounded(total) if math.isfinite(total) and tails <= 1e-12 * float(parts.abs().sum()) else math.inf


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


def _edges(spec: SurrogateSpec, params: Mapping[str, Any]) -> list[float]:
    numbers = {name: value.item() if isinstance(value, Tensor) else value for name, value in params.items()}
    octaves = [2.0**exponent for exponent in _OCTAVES]
    return sorted({0.0, *octaves, *(-edge for edge in octaves), *formula.kinks(spec, numbers)})


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
    """Return the digits that are sure: 6.25, not 6.250000000000002."""
    return float(f"{value:.13g}")


def _climbed(derivative: Derivative, low: Tensor, high: Tensor) -> float:
    """Return the height of the summit between two places, by shrinking the stretch around the highest of many."""
    best = 0.0
    for _ in range(8):
        places = low + (high - low) * torch.linspace(0, 1, 33, dtype=torch.float64)
        heights = derivative(places).abs().nan_to_num(nan=0.0)
        top = int(heights.argmax())
        best = max(best, float(heights[top]))
        low, high = places[max(top - 1, 0)], places[min(top + 1, 32)]
    return best
