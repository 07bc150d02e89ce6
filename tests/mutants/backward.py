"""Broken backward passes."""

from __future__ import annotations

import threading

import torch

from surroreg import Traits
from tests.mutants.base import Boxcar, FastSigmoid, derivative, mutant


@mutant("backward_raw")
class ForgetsHalf(FastSigmoid):
    """Computes the gradient of half precision in float32, and leaves it there."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if x.dtype in (torch.float16, torch.bfloat16):
            return grad.float() * derivative(x.float())
        return grad * derivative(x)


@mutant(
    "backward_raw",
    bug="A gradient of shape (4, 5) for an input of shape (5,) is summed silently.",
)
class SummedSilently(FastSigmoid):
    """Returns a gradient for each of four samples."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad).expand(4, *grad.shape)


@mutant("backward_finite")
class InfinityLessInfinity(FastSigmoid):
    """Written by the quotient rule: infinity less infinity, far out."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        u = 25 * x.abs().to(torch.promote_types(x.dtype, torch.float32))
        return grad * (((1 + u) - u) / (1 + u).square()).to(x.dtype)


@mutant("backward_finite", sole=False, bug="snntorch#427: the sigmoid's gradient is NaN for x below -3.4.")
class SnntorchSigmoid(FastSigmoid):
    """Divides infinity by infinity."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 25 * torch.exp(-25 * x) / (torch.exp(-25 * x) + 1) ** 2


@mutant("not_dead", bug="torch.autograd.gradcheck passes a zero gradient of a step.")
class Dead(FastSigmoid):
    """The true derivative of a step."""

    @staticmethod
    def backward(ctx, grad):
        return torch.zeros_like(grad)


@mutant(
    "backward_repeatable",
    bug="A backward pass that overwrites what it saved is right once.",
    traits=Traits(kinks=Boxcar.kinks),
)
class RightOnce(Boxcar):
    """Doubles what it kept, in place."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.window = (inputs[0].abs() < 0.5).to(inputs[0].dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.window.mul_(2)


@mutant("backward_repeatable", traits=Traits(kinks=Boxcar.kinks))
class OverwritesWindow(Boxcar):
    """Multiplies what it kept by what comes from above, in place."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.window = (inputs[0].abs() < 0.5).to(inputs[0].dtype)

    @staticmethod
    def backward(ctx, grad):
        return ctx.window.mul_(grad)


_LAST = threading.local()


@mutant(
    "backward_interleaved",
    bug="Saving in a global, in place of the context: right for one time step.",
    traits=Traits(kinks=Boxcar.kinks),
)
class LastCallOnly(Boxcar):
    """Keeps the window of the last call only."""

    generate_vmap_rule = False

    @staticmethod
    def setup_context(ctx, inputs, output):
        _LAST.window = inputs[0].detach().abs() < 0.5

    @staticmethod
    def backward(ctx, grad):
        return grad * _LAST.window


@mutant(
    "backward_notices_changes", bug="ctx.x = x in place of ctx.save_for_backward(x) slips past PyTorch's version check."
)
class KeepsByAttribute(FastSigmoid):
    """Hangs its input on the context."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        (ctx.x,) = inputs

    @staticmethod
    def backward(ctx, grad):
        return grad * derivative(ctx.x)


@mutant("second_order", bug="x.detach() inside backward.")
class Detached(FastSigmoid):
    """Silently constant to whoever differentiates twice."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x.detach())


@mutant("backward_raw", bug="The largest of no elements is an error: the last, empty batch of an epoch.")
class LargestOfNothing(FastSigmoid):
    """Looks for the largest upstream gradient, which an empty batch does not have."""

    @staticmethod
    def backward(ctx, grad):
        grad.abs().amax()
        return FastSigmoid.backward(ctx, grad)


@mutant("backward_raw")
class RowsOfNothing(FastSigmoid):
    """Makes rows of the samples: of none there is no number of columns to tell."""

    @staticmethod
    def backward(ctx, grad):
        if grad.dim() > 1:
            grad.reshape(grad.shape[0], -1)
        return FastSigmoid.backward(ctx, grad)
