"""Derivatives that draw random numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from surroreg.conformance import noise
from surroreg.conformance.case import Case, pull, shown
from surroreg.conformance.table import (
    DETERMINISTIC,
    NOISE_FORMULA,
    STOCHASTIC,
    ConformanceError,
    NotVerifiedError,
    check,
)

#: Draws per input. With the chance of a false alarm at six standard deviations, one in a billion.
DRAWS = 20_000
#: Where they are drawn. Every dtype holds these numbers.
INPUTS = (-3.0, -1.0, -0.25, -0.0625, 0.0625, 0.25, 1.0, 3.0)
#: Shapes of layers in which noise is drawn.
SHAPES = ((2**14,), (128, 128), (64, 16, 16), (8, 16, 8, 16))
#: Backward passes whose noise is compared, and the elements of each.
PASSES, WIDTH = 128, 64


def _draws(case: Case) -> Iterator[tuple[float, Tensor, Tensor]]:
    """Yield each input, its gradients, and equally probable values of the formula; both sorted."""
    drawn = case.gradient(case.tensor(INPUTS).repeat(DRAWS)).reshape(DRAWS, len(INPUTS))
    columns = drawn.detach().double().cpu().t().contiguous().sort().values
    for x, column in zip(INPUTS, columns, strict=True):
        yield x, column, noise.values(case, x, noise.levels(noise.LEVELS)).sort().values


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
    "A declared stochastic gradient is drawn anew for every element, in every backward pass, by every surrogate",
    why="Noise that is drawn once is a fixed bias, and noise that neurons share does not average out over a layer.",
    bug="One draw for a whole batch, broadcast over its rows.",
    gate=STOCHASTIC,
    sweep="dtypes",
)
def stochastic_varies(case: Case) -> None:
    """Compare passes through one graph, elements of layers of several shapes, and passes of two surrogates."""
    x = case.points
    leaf, spikes = case.spikes_of(x)
    torch.manual_seed(case.seed)
    passes = [pull(leaf, spikes, retain_graph=True) for _ in range(32)]
    if torch.equal(passes[0], passes[1]):
        raise ConformanceError("noise is drawn anew in every backward pass", got="the same gradient twice")
    place = x[noise.different(torch.stack(passes).sort(0).values).argmax()]  # where the gradient is noisiest
    first = case.gradient(place.repeat(256))
    if (first == first[0]).all():
        raise ConformanceError("noise is drawn for every element", got="one number for all")
    sample: Tensor | None = None
    for shape in SHAPES:
        drawn = case.gradient(place.expand(shape).contiguous())
        _require_independent(drawn)
        drawn = drawn.detach().double().cpu().flatten().sort().values
        sample = drawn if sample is None else sample
        _require_same(sample, drawn, f"shape {shape}")
    assert sample is not None
    _require_fresh(case, place, sample)


def _require_fresh(case: Case, place: Tensor, sample: Tensor) -> None:
    """Compare many passes of two surrogates in turn, of one layer each and of one neuron each."""
    surrogates = [case, case.with_params(case.params)]
    torch.manual_seed(case.seed)
    for shape in ((WIDTH,), ()):
        leaves = [place.expand(shape).contiguous() for _ in range(PASSES)]
        pairs = [surrogates[number % 2].spikes_of(leaf) for number, leaf in enumerate(leaves)]
        drawn = torch.stack([pull(leaf, spikes).detach() for leaf, spikes in pairs])
        _require_independent(drawn)
        _require_same(sample, drawn.double().cpu().flatten().sort().values, f"{PASSES} passes of shape {shape}")
        # A gradient of few values may repeat by chance.
        fresh = len({tuple(row) for row in drawn.reshape(PASSES, -1).tolist()})
        if fresh < PASSES and _repeats(sample) ** drawn[0].numel() * PASSES**2 < noise.CHANCE:
            raise ConformanceError("every backward pass draws noise of its own", got=f"{fresh} among {PASSES}")


def _repeats(sample: Tensor) -> float:
    """Return the probability that two draws are equal."""
    return float((torch.unique(sample, return_counts=True)[1] / len(sample)).square().sum())


def _require_independent(drawn: Tensor) -> None:
    result = noise.dependence(drawn)
    if result is not None:
        raise ConformanceError(
            "each element, and each backward pass, draws noise of its own",
            at=result.pairs,
            got=f"a correlation of {result.correlation:.3g}",
            expected=f"at most {result.allowed:.3g}",
        )


def _require_same(sample: Tensor, drawn: Tensor, where: str) -> None:
    worst, at = noise.distance(drawn, sample, torch.zeros_like(drawn))
    allowed = noise.allowed_distance(len(drawn), len(sample))
    if worst > allowed:
        raise ConformanceError(
            "noise has the same distribution in every shape",
            at=f"gradients up to {shown(at)}, {where}",
            got=f"shares that differ by {worst:.3g}",
            expected=f"by at most {allowed:.3g}",
        )


@check(
    "Under torch.func.vmap, randomness='different' draws for every row, and 'same' once",
    why="Ensembles and per-sample gradients are vectorised; noise that stops there trains another network.",
    gate=STOCHASTIC,
    sweep="once",
)
def stochastic_vmap(case: Case) -> None:
    """Map the gradient over the rows of a batch."""
    supports = case.spec.traits.supports
    x = case.points.expand(3, -1)

    def mapped(randomness: str) -> Tensor:
        case.reseed()
        gradient = torch.func.grad(lambda row: case(row).sum())
        rows: Tensor = torch.func.vmap(gradient, randomness=randomness)(x)
        return rows

    try:
        different, same = mapped("different"), mapped("same")
    except RuntimeError as refusal:
        if case.spec.derivative is None and (supports is None or "vmap" not in supports):
            raise NotVerifiedError(f"promises nothing for vmap, and refuses: {refusal}") from None
        promise = "a stochastic surrogate works with vmap, by its randomness"
        raise ConformanceError(promise, got=f"RuntimeError: {refusal}") from None
    if torch.equal(case.gradient(case.points), pull(*case.spikes_of(case.points))):
        return  # stochastic_varies reports it
    if any(torch.equal(different[0], row) for row in different[1:]):
        raise ConformanceError("vmap(randomness='different') draws for every row", got="the same noise in two rows")
    for row in same[1:]:
        case.compare("vmap(randomness='same') draws once for all rows", case.points, row, same[0])


@check(
    "The distribution of a stochastic gradient is the formula's",
    why="Noise of the right mean and range may still be another noise: all at its ends, or of a few values.",
    bug="The mean of two draws in place of one draw: a triangle in place of a uniform distribution.",
    gate=NOISE_FORMULA,
)
def stochastic_distribution(case: Case) -> None:
    """Kolmogorov and Smirnov's test at several inputs, and the number of different values."""
    if case.dtype is not torch.float64 and not case.is_default:  # the dtype changes nothing that the values change
        return
    allowed = noise.allowed_distance(DRAWS)
    coarse = (noise.levels(noise.LEVELS) / case.eps).floor() * case.eps  # a dtype has so many random numbers
    for x, drawn, want in _draws(case):
        if not want.isfinite().all() or not drawn.isfinite().all():  # backward_finite reports them
            continue
        size = drawn.abs() + want.abs().quantile(0.75)
        tiny = torch.finfo(case.dtype).smallest_normal * case.eps
        worst, at = noise.distance(drawn, want, 8 * (case.eps * size + tiny))
        bound = allowed + 4 / len(want)
        if worst > bound:
            raise ConformanceError(
                "the distribution of the gradient is the formula's, with U uniform on [0, 1)",
                at=f"x = {shown(x)}, gradients up to {shown(at)}",
                got=f"a share that differs by {worst:.3g}",
                expected=f"by at most {bound:.3g}",
            )
        possible = want if case.eps < 1 / len(want) else noise.values(case, x, coarse)
        number, most = (int(noise.different(v.to(case.dtype).double())) for v in (drawn, possible.sort().values))
        if 2 * number < most:
            raise ConformanceError(
                "the gradient takes all of the formula's values, with U uniform on [0, 1)",
                at=f"x = {shown(x)}, {DRAWS} draws",
                got=f"{number} values",
                expected=f"about {most}",
            )


@check(
    "The mean of a stochastic gradient is the formula's",
    why="The mean is what training follows.",
    gate=NOISE_FORMULA,
    sweep="parameters",
)
def stochastic_mean(case: Case) -> None:
    """Over many draws, to within six standard errors."""
    promise = "the mean over many draws is the formula's, with U uniform on [0, 1)"
    for x, drawn, want in _draws(case):
        squares = (want - want.mean()).square()
        if not squares.max() <= 0.05 * squares.sum() and squares.sum() > 0:
            continue  # so few of the draws make the mean that a sample does not show it
        deviation = max(float(want.std()), float(drawn.std()))
        allowed = 6 * deviation / DRAWS**0.5 + 1e-3 * want.mean().abs() + 4 * (want.max() - want.min()) / len(want)
        at, got, mean = (case.tensor([float(number)]) for number in (x, drawn.mean(), want.mean()))
        case.compare(promise, at, got, mean, float(allowed) + 1e-12)


@check(
    "A stochastic gradient stays within the formula's range, and fills it",
    why="Gaussian noise in place of uniform has the same mean, and now and then a gradient without bound.",
    gate=NOISE_FORMULA,
    sweep="parameters",
)
def stochastic_range(case: Case) -> None:
    """Compare the extremes of many draws with those over U."""
    promise = "the gradient fills the formula's range, and stays in it, with U uniform on [0, 1)"
    for x, drawn, want in _draws(case):
        ends = torch.stack([case.formula(torch.tensor([x]), noise=end)[0] for end in (0.0, 1.0)])
        low, high = float(torch.cat([ends, want]).min()), float(torch.cat([ends, want]).max())
        # So many draws all miss a part of this share with a probability of one in a billion.
        share = 21 / DRAWS + 2 / len(want)
        near, far = (float(want.quantile(part)) for part in (share, 1 - share))
        least, most = float(drawn.min()), float(drawn.max())
        slack = 1e-9 * (1 + abs(near) + abs(far)) + 1e-6 * abs(far - near)
        if least < low - slack or most > high + slack:
            got = f"{shown(least)} to {shown(most)}"
        elif least > near + slack or most < far - slack:
            got = f"only {shown(least)} to {shown(most)}"
        else:
            continue
        raise ConformanceError(promise, at=f"x = {shown(x)}", got=got, expected=f"{shown(low)} to {shown(high)}")
