"""The primitive, held to integrals of the derivative: it may jump nowhere, and must be right far out."""

from __future__ import annotations

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance.case import ROUNDINGS, Case, shown
from surroreg.conformance.table import ConformanceError
from surroreg.shape import gauss_legendre

#: How often an interval is halved in which the quadrature has not converged. What has not then is not compared.
HALVINGS = 8
#: Pieces of an interval in which the primitive seems wrong: between wide nodes a needle of the derivative may hide.
PIECES = 2_048


def hold_increments(case: Case, promise: str) -> None:
    """Raise unless the primitive grows by the integral of the derivative, on intervals from 1e-7 to 1e6 wide.

    Raises:
        ConformanceError: with the interval, and both numbers.
    """
    edges = _edges(case)
    low, high = edges[:-1], edges[1:]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        whole, size = _integral(case, low, high)
        halves = _integral(case, low, middle)[0] + _integral(case, middle, high)[0]
        settled = (whole - halves).abs() <= 1e-9 * size
        _hold(case, promise, low[settled], high[settled], halves[settled], size[settled])
        low, high = (torch.cat([start[~settled], end[~settled]]) for start, end in ((low, middle), (middle, high)))
        if not len(low):
            return


def _edges(case: Case) -> Tensor:
    sizes = 2.0 ** torch.arange(-24, 21, dtype=torch.float64)
    centres = torch.tensor([0.0, *formula.kinks(case.spec, case.params)], dtype=torch.float64)
    around: Tensor = (centres[:, None] + torch.cat([-sizes, torch.zeros(1), sizes])).flatten()
    edges: Tensor = torch.unique(around.clamp(-(2.0**20), 2.0**20))
    return edges.to(case.device)


def _integral(case: Case, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return the integral of the derivative from low to high, and that of its absolute value."""
    nodes, weights = (tensor.to(low.device) for tensor in gauss_legendre())
    half = ((high - low) / 2)[:, None]
    values = case.declared((high + low)[:, None] / 2 + half * nodes) * half * weights
    return values.sum(1), values.abs().sum(1)


def _hold(case: Case, promise: str, low: Tensor, high: Tensor, want: Tensor, size: Tensor) -> None:
    start, end = (case.primitive(x).broadcast_to(low.shape) for x in (low, high))
    got = end - start
    level = _level(case, torch.maximum(low.abs(), high.abs()).clamp(min=8.0))
    steepness = (low * case.declared(low)).abs() + (high * case.declared(high)).abs()
    allowed = 1e-7 * size + ROUNDINGS * case.eps * (level + steepness) + torch.finfo(torch.float64).tiny
    wrong = ~((got - want).abs() <= allowed) & want.isfinite()
    for place in wrong.nonzero().flatten().tolist():
        pieces = torch.linspace(float(low[place]), float(high[place]), PIECES + 1, dtype=torch.float64).to(low.device)
        finer = _integral(case, pieces[:-1], pieces[1:])[0].sum()
        if (finer - want[place]).abs() > allowed[place]:
            continue
        at = f"from x = {shown(low[place])} to {shown(high[place])}"
        raise ConformanceError(promise, at=at, got=shown(got[place]), expected=shown(want[place]))


def _level(case: Case, size: Tensor) -> Tensor:
    """Return the largest value of the primitive at inputs up to a size, either side of the threshold.

    A primitive is a step: often a half, plus or minus nearly a half. So it has the rounding of its other side.
    """
    edges = torch.cat([_edges(case), size, -size])
    order = edges.abs().argsort()
    largest = case.primitive(edges).broadcast_to(edges.shape)[order].abs().nan_to_num(nan=0.0).cummax(0).values
    return largest[torch.searchsorted(edges.abs()[order], size, right=True) - 1]
