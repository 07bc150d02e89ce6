"""Surrogates that need one layout."""

from __future__ import annotations

import torch

from tests.mutants.base import FastSigmoid, derivative, mutant


@mutant("forward_layout", bug="view(-1), which is right for contiguous tensors only.")
class FlatView(FastSigmoid):
    """Looks at its input as one row of numbers."""

    @staticmethod
    def forward(x):
        return FastSigmoid.forward(x.view(-1)).view(x.shape)


@mutant("forward_layout")
class MadeContiguous(FastSigmoid):
    """Lays channels-last spikes out anew."""

    @staticmethod
    def forward(x):
        return FastSigmoid.forward(x).contiguous()


@mutant("backward_layout", bug="view(-1) on the upstream gradient raises for whoever transposes.")
class FlatUpstream(FastSigmoid):
    """Looks at what comes from above as one row of numbers."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return (grad.view(-1) * derivative(x).reshape(-1)).view(x.shape)


def _in_memory_order(x):
    strides = torch.empty(x.shape, device="meta").stride()
    return x.as_strided(x.shape, strides)


@mutant("forward_layout", bug="A kernel for half precision that reads channels-last images as if they were contiguous.")
class HalfImagesInMemoryOrder(FastSigmoid):
    """Reads a channels-last membrane of float16 in the order of its memory."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        images = x.dtype is torch.float16 and x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
        return FastSigmoid.forward(_in_memory_order(x) if images else x)


@mutant("backward_layout", bug="The saved membrane keeps its layout, and a kernel that reads memory forgets it.")
class MembraneInMemoryOrder(FastSigmoid):
    """Reads a saved channels-last membrane in the order of its memory."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        images = x.dim() == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
        return grad * derivative(_in_memory_order(x) if images else x)


@mutant("backward_layout")
class VolumesInMemoryOrder(FastSigmoid):
    """Reads a permuted upstream gradient of five dimensions in the order of its memory, in float32."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        dense = grad.dim() == 5 and 0 not in grad.stride() and grad.untyped_storage().nbytes() == 4 * grad.numel()
        return (_in_memory_order(grad) if dense and grad.dtype is torch.float32 else grad) * derivative(x)
