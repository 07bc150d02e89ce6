"""Derivatives that draw random numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from surroreg.conformance.case import Case, pull, shown
from surroreg.conformance.table import DETERMINISTIC, NOISE_FORMULA, STOCHASTIC, ConformanceError, check

#: Draws per input. With the chance of a false alarm at six standard deviations, one in a billion.
DRAWS = 20_000


def _inputs(case: Case) -> Tensor:
    return case.tensor([-3.0, -1.0, -0.25, 0.25, 1.0, 3.0])


def _draws(case: Case, x: Tensor) -> Tensor:
    """Return gradients drawn for each input, in columns."""
    many = x.repeat(DRAWS)
    return case.gradient(many).reshape(DRAWS, len(x))


@check(
    "A gradient that is not declared stochastic is deterministic",
    why="A result that no seed repeats cannot be debugged, and its paper cannot be reproduced.",
    gate=DETERMINISTIC,
)
def backward_deterministic(case: Case) -> None:
    """The same call, several times, from different random states."""
    x = case.points
    want = case.gradient(x)
    for seed in range(1, 4):
        torch.manual_seed(seed)
        case.compare("the gradient is deterministic (traits: stochastic)", x, case.gradient(x), want)


@check(
    "A declared stochastic gradient repeats with torch's seed",
    why="Noise from another generator is outside torch.manual_seed, checkpointing and every seed in a paper.",
    bug="Noise drawn by numpy or by Python's random module.",
    gate=STOCHASTIC,
)
def stochastic_seeded(case: Case) -> None:
    """Seed, draw, seed, draw."""
    x = case.random(256)
    case.compare("the same seed gives the same gradient", x, case.gradient(x), case.gradient(x))


@check(
    "A declared stochastic gradient is drawn anew in every backward pass",
    why="Noise that is drawn once is a fixed bias.",
    gate=STOCHASTIC,
)
def stochastic_varies(case: Case) -> None:
    """Two backward passes without a new seed differ; so do two elements."""
    if not case.is_default:  # a scale of zero makes no noise
        return
    x = case.tensor([-1.0, 1.0]).repeat(128)
    leaf, spikes = case.spikes_of(x)
    torch.manual_seed(case.seed)
    first, second = (pull(leaf, spikes, retain_graph=True) for _ in range(2))
    if torch.equal(first, second):
        raise ConformanceError("noise is drawn anew in every backward pass", got="the same gradient twice")
    if (first[0::2] == first[0]).all() and (first[1::2] == first[1]).all():
        raise ConformanceError("noise is drawn for every element", got="one number for all")


@check(
    "The mean of a stochastic gradient is the formula's",
    why="The mean is what training follows.",
    gate=NOISE_FORMULA,
    sweep="parameters",
)
def stochastic_mean(case: Case) -> None:
    """Over many draws, to within six standard errors."""
    x = _inputs(case)
    drawn = _draws(case, x)
    levels = [(step + 0.5) / 64 for step in range(64)]
    want = torch.stack([case.formula(x, noise=level) for level in levels]).mean(0)
    allowed = 6 * drawn.std(0) / DRAWS**0.5 + 1e-3 * want.abs() + 1e-12
    case.compare("the mean over many draws is the formula's, with U uniform on [0, 1)", x, drawn.mean(0), want, allowed)


@check(
    "A stochastic gradient stays within the formula's range, and fills it",
    why="Gaussian noise in place of uniform has the same mean, and now and then a gradient without bound.",
    gate=NOISE_FORMULA,
    sweep="parameters",
)
def stochastic_range(case: Case) -> None:
    """Compare the extremes of many draws with those over U."""
    x = _inputs(case)
    drawn = _draws(case, x)
    levels = torch.stack([case.formula(x, noise=level / 64) for level in range(65)])
    low, high = levels.amin(0), levels.amax(0)
    slack = 1e-9 * (1 + high.abs() + low.abs())
    width = high - low
    for place in range(len(x)):
        least, most = float(drawn[:, place].min()), float(drawn[:, place].max())
        if least < low[place] - slack[place] or most > high[place] + slack[place]:
            got = f"{shown(least)} to {shown(most)}"
        elif width[place] > 0 and most - least < 0.99 * float(width[place]):
            got = f"only {shown(least)} to {shown(most)}"
        else:
            continue
        promise = "the gradient fills the formula's range, and stays in it, with U uniform on [0, 1)"
        expected = f"{shown(low[place])} to {shown(high[place])}"
        raise ConformanceError(promise, at=f"x = {shown(x[place])}", got=got, expected=expected)
