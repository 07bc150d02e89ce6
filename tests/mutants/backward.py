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


@mutant("backward_pure")
class ClampsSavedInput(FastSigmoid):
    """Guards against overflow, in the memory of the membrane."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
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


@mutant("backward_layout", bug="view(-1) on the upstream gradient raises for whoever transposes.")
class FlatUpstream(FastSigmoid):
    """Looks at what comes from above as one row of numbers."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return (grad.view(-1) * derivative(x).reshape(-1)).view(x.shape)


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


@mutant("backward_large", bug="spikingjelly#151: a CUDA reduction covered one block only.")
class OneBlockOnly(FastSigmoid):
    """Has no gradient beyond its first 2**20 elements."""

    @staticmethod
    def backward(ctx, grad):
        full = FastSigmoid.backward(ctx, grad)
        if full.numel() > 2**20:
            full.view(-1)[2**20 :] = 0
        return full


@mutant("second_order", bug="x.detach() inside backward.")
class Detached(FastSigmoid):
    """Silently constant to whoever differentiates twice."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x.detach())
