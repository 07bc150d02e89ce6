"""The statistics of noise: its distribution, and whether its draws are independent.

Every bound holds for any number of draws, so a false alarm has a known probability: at most ``CHANCE`` a comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from surroreg.conformance.case import Case
from surroreg.errors import SpecError
from surroreg.formula.dtypes import computed

#: Probability of a false alarm, for each comparison. A full check makes less than a thousand of them.
CHANCE = 1e-10
#: Values of U at which a formula is computed, and fewer where each value takes many digits.
LEVELS, FEW_LEVELS = 2**12, 2**8


# -- distribution -----------------------------------------------------------------------------------


def levels(number: int) -> Tensor:
    """Return the midpoints of equal parts of [0, 1)."""
    return (torch.arange(number, dtype=torch.float64) + 0.5) / number


def values(case: Case, x: float, u: Tensor) -> Tensor:
    """Return the formula at ``x`` for each value of U in ``u``, or for fewer of them, in float64."""
    numeric = {p.name: case.params[p.name] for p in case.spec.parameters if p.type in (int, float)}
    probes = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    try:
        quick = computed(case.spec, torch.full_like(u, x), numeric, noise=u)
        # The formula as it is written may overflow, or cancel: then each value takes many digits.
        near = computed(case.spec, torch.full_like(probes, x), numeric, noise=probes)
        if quick.isfinite().all() and torch.allclose(near, _exact(case, x, probes), rtol=1e-9, atol=1e-15):
            return quick
    except SpecError:  # PyTorch lacks a function of the formula
        pass
    return _exact(case, x, u[:: max(1, len(u) // FEW_LEVELS)])


def _exact(case: Case, x: float, u: Tensor) -> Tensor:
    place = torch.tensor([x], dtype=torch.float64)
    return torch.cat([case.formula(place, noise=level) for level in u.tolist()])


def distance(draws: Tensor, want: Tensor, slack: Tensor) -> tuple[float, float]:
    """Return the largest difference of two distribution functions, and where it is: Kolmogorov and Smirnov's statistic.

    Args:
        draws: a sample, sorted.
        want: equally probable values, or another sample, sorted.
        slack: how far each draw may lie from its right value. Rounding moves a draw past a jump.
    """
    number = torch.arange(len(draws), dtype=torch.float64)
    share = torch.searchsorted(want, draws + slack, right=True).double() / len(want)
    above = (number + 1) / len(draws) - share
    share = torch.searchsorted(want, draws - slack).double() / len(want)
    worst = torch.maximum(above, share - number / len(draws))
    place = int(worst.argmax())
    return float(worst[place]), float(draws[place])


def allowed_distance(draws: int, others: float = math.inf) -> float:
    """Return the distance that samples of the right distribution stay within (Dvoretzky, Kiefer and Wolfowitz)."""
    return math.sqrt(math.log(2 / CHANCE) / 2) * math.sqrt(1 / draws + 1 / others)


def different(draws: Tensor) -> Tensor:
    """Return the number of different values in each column of sorted draws."""
    return 1 + (draws[1:] != draws[:-1]).sum(0)


# -- independence -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dependence:
    """Draws that depend on each other: which, how much, and how much chance allows."""

    pairs: str
    correlation: float
    allowed: float


def dependence(draws: Tensor) -> Dependence | None:
    """Return a dependence among the elements of a tensor, or ``None``.

    All pairs at every distance are correlated, those that mirror each other as well; and rows with columns. Ranks
    replace the draws, so no distribution has moments too large for that.
    """
    u = _ranks(draws.detach().double().cpu().flatten())
    for feature in (u, (2 * math.pi * u).cos()):  # the second knows neither sign nor turn
        spread = float(feature.std(correction=0))
        if spread < 1e-6:  # too few values
            continue
        z = (feature - feature.mean()) / spread
        result = _by_distance(z, draws.shape) or _by_rows(z.reshape(draws.shape))
        if result is not None:
            return result
    return None


def _ranks(draws: Tensor) -> Tensor:
    """Return the mean rank of each draw, in [0, 1]."""
    _, place, count = torch.unique(draws, return_inverse=True, return_counts=True)
    last = count.cumsum(0)
    ranks: Tensor = ((last - count / 2) / len(draws))[place]
    return ranks


def _by_distance(z: Tensor, shape: tuple[int, ...]) -> Dependence | None:
    n = len(z)
    # Bernstein's inequality. Two of the terms may be the same pair, therefore the factors of two.
    weight, largest = math.log(4 * n / CHANCE), 2 * float(z.square().max())
    allowed = (weight * largest / 3 + math.sqrt((weight * largest / 3) ** 2 + 4 * weight * n) + largest) / n
    spectrum = torch.fft.rfft(z)
    for kind, product in (("apart", spectrum.abs().square()), ("mirrored", spectrum.square())):
        correlation = torch.fft.irfft(product, n=n) / n
        if kind == "apart":
            correlation = correlation[1 : n // 2 + 1]
        place = int(correlation.abs().argmax())
        if abs(float(correlation[place])) > allowed:
            pairs = f"elements {place + 1} apart" if kind == "apart" else f"elements i and {place} - i"
            return Dependence(f"{pairs}, of shape {tuple(shape)}", float(correlation[place]), allowed)
    return None


def _by_rows(z: Tensor) -> Dependence | None:
    """Look for a sum of row and column noise: in a matrix of independent numbers no direction stands out."""
    for dim in range(1, z.dim()):
        matrix = z.flatten(dim).reshape(-1, math.prod(z.shape[dim:]))
        rows, columns = matrix.shape
        norm = float(torch.linalg.matrix_norm(matrix, 2))
        chance = 2 * (rows**0.5 + columns**0.5) + 4 * float(z.abs().max()) * math.log(rows + columns) ** 0.5
        if norm > chance:
            whole = math.sqrt(rows * columns)
            return Dependence(f"{rows} rows and {columns} columns", norm / whole, chance / whole)
    return None
