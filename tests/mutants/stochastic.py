"""Gradients that draw random numbers, or should not."""

from __future__ import annotations

import numpy as np
import torch

from surroreg import Traits
from tests.mutants.base import FastSigmoid, derivative, mutant

STOCHASTIC = Traits(stochastic=True)


class Noisy(FastSigmoid):
    """Correct: a derivative times a number drawn for every element from torch's generator."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * torch.rand_like(x)


@mutant("backward_deterministic")
class GainOfTheSeed(FastSigmoid):
    """Draws one gain per run, by a generator of its own."""

    @staticmethod
    def backward(ctx, grad):
        generator = torch.Generator().manual_seed(torch.initial_seed())
        return FastSigmoid.backward(ctx, grad) * torch.rand((), generator=generator).item()


@mutant("backward_deterministic", sole=False)
class Undeclared(Noisy):
    """Draws, and does not say so."""


@mutant("stochastic_seeded", bug="Noise drawn by numpy.", traits=STOCHASTIC)
class RoundedByNumpy(Noisy):
    """Rounds half precision up or down by chance, and numpy's."""

    @staticmethod
    def backward(ctx, grad):
        full = Noisy.backward(ctx, grad)
        if full.dtype in (torch.float16, torch.bfloat16):
            chance = torch.from_numpy(np.random.default_rng().uniform(-0.5, 0.5, full.shape))
            full = (full.double() * (1 + torch.finfo(full.dtype).eps * chance)).to(full.dtype)
        return full


@mutant("stochastic_seeded", sole=False, bug="Noise drawn by numpy.", traits=STOCHASTIC)
class DrawnByNumpy(FastSigmoid):
    """Its noise follows no seed of torch's."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        noise = torch.from_numpy(np.random.default_rng().uniform(size=x.shape)).to(x.dtype)
        return grad * derivative(x) * noise


@mutant("stochastic_varies", traits=STOCHASTIC)
class OneDrawForAll(FastSigmoid):
    """Draws a single number for a whole layer."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * torch.rand((), dtype=x.dtype, device=x.device)


@mutant("stochastic_varies", traits=STOCHASTIC)
class DrawnOnce(FastSigmoid):
    """Says that it draws; its noise was drawn when it was written."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * 0.417


def noisy(draw, base=FastSigmoid):
    """Return a Function whose noise is ``draw(x)``; so is its name."""

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * draw(x).to(x.dtype)

    name = "".join(part.capitalize() for part in draw.__name__.split("_"))
    described = {"backward": staticmethod(backward), "__doc__": draw.__doc__, "__module__": __name__}
    function = type(name, (base,), {**described, "__qualname__": name})
    globals()[name] = function
    return function


def draws(kills, **options):
    """Enter a function of the membrane that returns its noise."""
    return lambda draw: mutant(kills, traits=STOCHASTIC, **options)(noisy(draw))


def flat(noise, x):
    """Return the first numbers in the shape of the membrane."""
    return noise[: x.numel()].reshape(x.shape)


@draws("stochastic_varies", bug="One draw for a whole batch, broadcast over its rows.")
def shared_by_rows(x):
    """All samples of a batch share their noise."""
    return torch.rand_like(x[:1] if x.dim() > 1 else x).expand_as(x)


@draws("stochastic_varies")
def shared_by_channels(x):
    """Each sample draws for one channel, and uses it for all; only images have channels."""
    return torch.rand_like(x[:, :1] if x.dim() > 3 else x).expand_as(x)


@draws("stochastic_varies")
def repeated(x):
    """A table of a thousand draws is read from its beginning again."""
    return flat(torch.rand(1000, dtype=x.dtype, device=x.device).repeat(x.numel() // 1000 + 1), x)


@draws("stochastic_varies")
def antithetic(x):
    """Every second draw is one less the draw before."""
    half = torch.rand((x.numel() + 1) // 2, dtype=x.dtype, device=x.device)
    return flat(torch.stack([half, 1 - half], 1).flatten(), x)


@draws("stochastic_varies")
def mirrored(x):
    """The second half of a tensor is the first half, backwards."""
    half = torch.rand((x.numel() + 1) // 2, dtype=x.dtype, device=x.device)
    return flat(torch.cat([half, half.flip(0)]), x)


@draws("stochastic_varies")
def row_plus_column(x):
    """Adds noise of rows and of columns: any two elements are independent, any four are not."""
    if x.dim() < 2:
        return torch.rand_like(x)
    rows = x.flatten(1)
    return ((torch.rand_like(rows[:, :1]) + torch.rand_like(rows[:1])) % 1).reshape(x.shape)


@draws("stochastic_varies")
def triangular_in_images(x):
    """Draws twice for a tensor of many dimensions, and takes the mean."""
    return (torch.rand_like(x) + torch.rand_like(x)) / 2 if x.dim() > 3 else torch.rand_like(x)


@draws("stochastic_varies")
def sixteen_streams(x):
    """A pass uses one of sixteen streams of noise."""
    if x.device.type == "meta":
        return torch.rand_like(x)
    seed = int(torch.randint(0, 16, ()))
    return torch.rand(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(seed))


@draws("stochastic_vmap", formula="U/(1 + 25*Abs(x))**2")
def silent_under_vmap(x):
    """Takes the mean where vmap would refuse to draw."""
    functorch, inner = torch._C._functorch, x
    while functorch.is_functorch_wrapped_tensor(inner):
        if functorch.is_batchedtensor(inner):
            return 0.5 * torch.ones_like(x)
        inner = functorch.get_unwrapped(inner)
    return torch.rand_like(x)


@draws("stochastic_distribution", formula="U/(1 + 25*Abs(x))**2")
def partly_triangular(x):
    """Some draws are means of two: the mean and the range are right."""
    first, second, chance = (torch.rand_like(x) for _ in range(3))
    return torch.where(chance < 0.7, (first + second) / 2, first)


@draws("stochastic_distribution", formula="U/(1 + 25*Abs(x))**2")
def two_point(x):
    """Nothing, or all."""
    return torch.rand_like(x) > 0.5


@draws("stochastic_distribution", formula="U/(1 + 25*Abs(x))**2")
def clipped_normal(x):
    """Normal noise of the right mean and variance, cut at the ends."""
    return (0.5 + torch.randn_like(x) / 12**0.5).clamp(0, 1)


@draws("stochastic_distribution", formula="U/(1 + 25*Abs(x))**2")
def bytes_of_noise(x):
    """Takes 256 values."""
    return torch.randint(0, 256, x.shape, device=x.device) / 255


@draws("stochastic_distribution", formula="U/(1 + 25*Abs(x))**2")
def triangular_in_float16(x):
    """Sums two draws in float16."""
    return (torch.rand_like(x) + torch.rand_like(x)) / 2 if x.dtype is torch.float16 else torch.rand_like(x)


@draws("stochastic_mean", formula="Piecewise((100, U < 0.01), (0, True))/(1 + 25*Abs(x))**2")
def rare_and_twice_as_often(x):
    """Passes on one gradient in fifty in place of one in a hundred."""
    return 100 * (torch.rand(x.shape, device=x.device) < 0.02)


@draws("stochastic_range", formula="U/(1 + 25*Abs(x))**2")
def rare_outliers(x):
    """One draw in a thousand is twice as large."""
    return torch.rand_like(x) * (1 + (torch.rand(x.shape, device=x.device) < 0.001))


@draws("stochastic_range", formula="U/(1 + 25*Abs(x))**2")
def never_small(x):
    """The smallest draws are missing."""
    return 0.005 + 0.995 * torch.rand_like(x)


@mutant("stochastic_mean", sole=False, formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class SquareOfNoise(FastSigmoid):
    """Draws from the same range, but mostly small numbers."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * torch.rand_like(x).square()


@mutant("stochastic_range", sole=False, formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class GaussianNoise(FastSigmoid):
    """Has the mean of uniform noise, and no bound."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * (0.5 + torch.randn_like(x) / 12**0.5)


@mutant("stochastic_range", sole=False, formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class NarrowNoise(FastSigmoid):
    """Uses half of its range."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * (0.25 + torch.rand_like(x) / 2)
