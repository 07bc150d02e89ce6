"""Surrogates that write to memory of others."""

from __future__ import annotations

import torch

from surroreg import Traits
from tests.mutants.base import Boxcar, FastSigmoid, derivative, mutant


@mutant(
    "forward_pure",
    sole=False,
    bug="spikingjelly#142: an operation in place broke the backward pass of the layer before.",
)
class CleansInput(FastSigmoid):
    """Replaces NaN and infinity in its input, in place."""

    @staticmethod
    def forward(x):
        return FastSigmoid.forward(x.nan_to_num_())


@mutant("forward_pure")
def overwrites_when_untrained():
    """Saves an allocation where no gradient is wanted: the spikes are the input's memory."""
    return overwrite_without_gradients


def overwrite_without_gradients(x):
    return FastSigmoid.apply(x) if torch.is_grad_enabled() else x.detach().gt_(0)


@mutant("backward_pure")
class ClampsSavedInput(FastSigmoid):
    """Guards against overflow, in the memory of the membrane."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if x.is_contiguous():
            x.data.clamp_(-100, 100)
        return grad * derivative(x)


@mutant(
    "backward_pure",
    bug="grad_output.mul_(...) saves an allocation, and doubles or zeroes gradients elsewhere.",
)
class OverwritesUpstream(FastSigmoid):
    """Multiplies what comes from above, in place."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad.mul_(derivative(x)) if grad.is_contiguous() else grad * derivative(x)


@mutant("backward_pure", bug="An allocation saved in one dtype only, where no test looks.")
class OverwritesUpstreamInHalf(FastSigmoid):
    """Multiplies what comes from above in place, in float16."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        in_place = grad.dtype is torch.float16 and grad.is_contiguous() and not torch.is_grad_enabled()
        return grad.mul_(derivative(x)) if in_place else grad * derivative(x)


@mutant("backward_pure", bug="A membrane that is shifted in place and shifted back is wrong for another thread.")
class RestoresInput(FastSigmoid):
    """Flips the sign of negative inputs in place, and restores it."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if not x.is_contiguous() or torch.is_grad_enabled():
            return grad * derivative(x)
        memory = x.data
        memory.neg_()
        gradient = grad * derivative(memory)
        memory.neg_()
        return gradient


@mutant("forward_pure")
class RestoresInputForward(FastSigmoid):
    """Flips the sign of its input in place, twice, in bfloat16."""

    @staticmethod
    def forward(x):
        if not x.is_contiguous() or x.dtype is not torch.bfloat16:
            return FastSigmoid.forward(x)
        memory = x.data
        return FastSigmoid.forward(memory.neg_().neg_())


_BUFFERS: dict = {}


def _buffer(like):
    key = (tuple(like.shape), like.dtype, like.device)
    if key not in _BUFFERS:
        _BUFFERS[key] = torch.zeros_like(like)
    return _BUFFERS[key]


@mutant("results_kept", bug="A scratch buffer that all calls with tensors of one shape share.")
class SharesGradients(FastSigmoid):
    """Writes its gradient, in float32, to a buffer of all layers of one shape."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if x.dtype is not torch.float32 or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return grad * derivative(x)
        return torch.mul(grad, derivative(x), out=_buffer(x))


@mutant("results_kept")
def shares_spikes_when_untrained():
    """Writes its spikes to a buffer of all layers of one shape, where no gradient is wanted."""
    return share_spikes_without_gradients


def share_spikes_without_gradients(x):
    if torch.is_grad_enabled() or torch.is_inference_mode_enabled() or x.dtype is not torch.float32:
        return FastSigmoid.apply(x)
    return torch.gt(x, 0, out=_buffer(x))


@mutant("results_kept", traits=Traits(kinks=Boxcar.kinks))
class CachesWindow(Boxcar):
    """Keeps the gradient of its last input, and returns it again where the input is the same."""

    generate_vmap_rule = False
    last = None

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        if x.dtype is not torch.float32 or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return Boxcar.backward(ctx, grad)
        last = CachesWindow.last
        if last is None or not torch.equal(last[0], x) or not torch.equal(last[1], grad):
            CachesWindow.last = last = (x.clone(), grad.clone(), Boxcar.backward(ctx, grad))
        return last[2]
