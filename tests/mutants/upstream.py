"""Backward passes that are not linear in the upstream gradient."""

from __future__ import annotations

import torch

from tests.mutants.base import FastSigmoid, derivative, mutant


@mutant("backward_linear", bug="Gradients that pass on the size of what comes from above.")
class ClipsUpstream(FastSigmoid):
    """Clips what comes from above."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad.clamp(-1, 1))


@mutant("backward_linear", bug="Gradients that pass on the sign of what comes from above.")
class SignOfUpstream(FastSigmoid):
    """Passes on a sign."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad.sign())


@mutant("backward_linear")
class IgnoresUpstream(FastSigmoid):
    """Returns its derivative, whatever comes from above."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return derivative(x)


@mutant("backward_linear", bug="A mean loss over a large batch sends down gradients of 1e-12.")
class FlushesTiny(FastSigmoid):
    """Takes upstream gradients below 1e-11 for noise."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad * (grad.abs() >= 1e-11))


@mutant("backward_linear", bug="GradScaler multiplies the loss by 65536 and more.")
class ClampsLarge(FastSigmoid):
    """Clamps upstream gradients at a hundred thousand, but passes on infinity."""

    @staticmethod
    def backward(ctx, grad):
        large = grad.abs().isfinite() & (grad.abs() > 1e5)
        return FastSigmoid.backward(ctx, torch.where(large, grad.sign() * 1e5, grad))


@mutant("backward_linear", bug="A gradient that is cleaned of infinity hides an overflow from GradScaler.")
class CleansResult(FastSigmoid):
    """Replaces infinity and NaN in its result."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad).nan_to_num(nan=0.0)


@mutant("backward_linear", bug="A product in the wrong order overflows in float16, where the result would not.")
class OverflowsHalfway(FastSigmoid):
    """Multiplies by 64 first, and divides last."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 64 * (derivative(x) / 64) if grad.dtype is torch.float16 else grad * derivative(x)
