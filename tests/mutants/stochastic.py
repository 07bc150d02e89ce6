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


@mutant("stochastic_mean", formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class SquareOfNoise(FastSigmoid):
    """Draws from the same range, but mostly small numbers."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * torch.rand_like(x).square()


@mutant("stochastic_range", formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class GaussianNoise(FastSigmoid):
    """Has the mean of uniform noise, and no bound."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * (0.5 + torch.randn_like(x) / 12**0.5)


@mutant("stochastic_range", formula="U/(1 + 25*Abs(x))**2", traits=STOCHASTIC)
class NarrowNoise(FastSigmoid):
    """Uses half of its range."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x) * (0.25 + torch.rand_like(x) / 2)
