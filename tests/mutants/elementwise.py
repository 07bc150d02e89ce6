"""Surrogates whose neurons depend on each other."""

from __future__ import annotations

import torch

from tests.mutants.base import FastSigmoid, derivative, mutant


@mutant("forward_elementwise")
class BatchCentred(FastSigmoid):
    """Subtracts the mean of the batch, as BatchNorm1d does."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        return FastSigmoid.forward(x - x.mean(0) if x.dim() == 2 else x)


@mutant("forward_elementwise")
class WinnerTakesAll(FastSigmoid):
    """Lets only the strongest neuron of a layer fire."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        spikes = FastSigmoid.forward(x)
        return spikes * (x == x.amax(1, keepdim=True)) if x.dim() == 2 else spikes


@mutant("backward_elementwise")
class BatchScaled(FastSigmoid):
    """Divides by the mean size of the batch, as BatchNorm1d would."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        scale = x.abs().mean(0) if x.dim() == 2 else 1
        return grad * derivative(x) / scale


@mutant("backward_elementwise")
class LayerScaled(FastSigmoid):
    """Divides by the mean size of the layer, as LayerNorm would."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        scale = x.abs().mean(1, keepdim=True) if x.dim() == 2 else 1
        return grad * derivative(x) / scale


@mutant("backward_elementwise", sole=False, bug="Gradient normalising hidden in a surrogate.")
class Normalised(FastSigmoid):
    """Gives the whole gradient the length one."""

    @staticmethod
    def backward(ctx, grad):
        return torch.nn.functional.normalize(FastSigmoid.backward(ctx, grad), dim=0)


@mutant("backward_large", bug="spikingjelly#151: a CUDA reduction covered one block only.")
class OneBlockOnly(FastSigmoid):
    """Has no gradient beyond its first 2**20 elements."""

    @staticmethod
    def backward(ctx, grad):
        full = FastSigmoid.backward(ctx, grad)
        if full.numel() > 2**20:
            full.view(-1)[2**20 :] = 0
        return full


@mutant("forward_elementwise", bug="A threshold relative to the largest membrane: one outlier silences a layer.")
class SilencedByOutlier(FastSigmoid):
    """Takes for zero what is far smaller than the largest membrane of its layer."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        largest = x.abs().nan_to_num(nan=0.0).amax() if x.dim() == 2 and x.numel() else 0.0
        return (x > 1e-25 * largest).to(x.dtype)


@mutant("forward_elementwise", bug="The second dimension of a CUDA grid ends at 65535.")
class GridOfRows(FastSigmoid):
    """Has no spikes beyond 65535 rows."""

    @staticmethod
    def forward(x):
        spikes = FastSigmoid.forward(x)
        if x.dim() > 1:
            spikes[65_535:] = 0
        return spikes


@mutant("backward_elementwise", bug="A layer in which nobody fires is skipped, to save time.")
class SkipsSilentLayers(FastSigmoid):
    """Has no gradient where no neuron of a layer fires."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return FastSigmoid.backward(ctx, grad) * ((x > 0).any() | torch.tensor(x.numel() < 20, device=x.device))


@mutant("backward_elementwise", bug="Quantised to steps of the largest upstream gradient, as int8 training does.")
class StepsOfLargest(FastSigmoid):
    """Loses an upstream gradient beside one that is a thousand million times as large."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        largest = grad.abs().nan_to_num(nan=0.0, posinf=0.0).amax() if grad.numel() else 0.0
        return FastSigmoid.backward(ctx, grad * (grad.abs() >= 1e-9 * largest))


@mutant("backward_elementwise")
class SpreadsNan(FastSigmoid):
    """Adds a check that one NaN makes NaN for all."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        finite = x[x.abs() <= torch.finfo(x.dtype).max] if x.dim() == 2 and x.device.type == "cpu" else x
        return FastSigmoid.backward(ctx, grad) * (1 if finite.numel() == x.numel() else torch.nan)


@mutant("backward_elementwise")
class ImagesByChannels(FastSigmoid):
    """Divides by the number of channels, of images only."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad) / (grad.shape[1] if grad.dim() == 4 and grad.numel() > 130 else 1)


@mutant("backward_elementwise", bug="A vectorised loop whose remainder is computed with another function.")
class CoarseVectors(FastSigmoid):
    """Takes a coarser function for vectors of a multiple of 128 elements."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        full = FastSigmoid.backward(ctx, grad)
        return full * 0.9 if full.dim() == 1 and full.numel() and full.numel() % 128 == 0 else full


@mutant("backward_elementwise")
class OtherScalar(FastSigmoid):
    """Is a window for a tensor of no dimensions."""

    generate_vmap_rule = False

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() < 0.5) if x.dim() == 0 else grad * derivative(x)
