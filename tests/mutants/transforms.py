"""Surrogates that PyTorch's transforms break, or that say so where it is not true."""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.autograd.function import Function

from surroreg import Traits
from tests.mutants.base import SLOPED, FastSigmoid, ForwardMode, Sloped, derivative, mutant


@mutant(
    "compile",
    bug="A Python branch on values inside forward.",
    traits=Traits(supports=("autocast", "compile", "func_grad", "second_order")),
)
class BranchesOnValues(FastSigmoid):
    """Looks for infinity before it begins."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        if not x.is_meta and not bool(x.isfinite().all()):
            x = x.nan_to_num()
        return FastSigmoid.forward(x)


@mutant(
    "vmap",
    bug="An autograd.Function without a vmap rule: all of snnTorch 1.0.0, SpikingJelly 2.0.0 and Norse 1.1.0.",
    traits=Traits(supports=("autocast", "compile", "export", "func_grad", "second_order", "vmap")),
)
class WithoutVmapRule(FastSigmoid):
    """Lists vmap, and has no rule for it."""

    generate_vmap_rule = False


@mutant("vmap")
class WrongVmapRule(FastSigmoid):
    """Its own rule for vmap takes the batch for the last dimension."""

    generate_vmap_rule = False

    @staticmethod
    def vmap(info, in_dims, x):
        return FastSigmoid.apply(x), x.dim() - 1


@mutant("vmap")
class VmapWithoutGradient(FastSigmoid):
    """Its own rule for vmap gives the spikes, and no gradient."""

    generate_vmap_rule = False

    @staticmethod
    def vmap(info, in_dims, x):
        return FastSigmoid.forward(x), in_dims[0]


@mutant("vmap", traits=Traits(supports=("autocast", "compile", "export", "func_grad", "second_order")))
class SecretlyVmaps(FastSigmoid):
    """Works with vmap, and does not list it."""


@mutant(
    "func_grad",
    bug="A Function without setup_context raises: all of snnTorch 1.0.0.",
    traits=Traits(supports=("autocast", "compile", "export", "func_grad", "second_order")),
)
class WithoutSetupContext(Function):
    """Written as PyTorch 1 had it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x)


@torch.library.custom_op("mutants::spike", mutates_args=())
def spike(x: Tensor) -> Tensor:
    return (x > 0).to(x.dtype)


def _save(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _backward(ctx, grad):
    (x,) = ctx.saved_tensors
    return grad * derivative(x)


spike.register_fake(torch.empty_like)
spike.register_autograd(_backward, setup_context=_save)


@mutant("jvp", bug="torch.library.custom_op: torch.func.jvp returns zero without an error.")
def custom_op():
    """An operator of its own, without forward mode."""
    return call_custom_op


def call_custom_op(x):
    return spike(x)


@mutant("jvp")
class WrongJvp(ForwardMode):
    """Has the slope of another surrogate in forward mode."""

    @staticmethod
    def jvp(ctx, tangent):
        (x,) = ctx.saved_tensors
        return tangent / (1 + x.square())


@mutant("export", traits=Traits(supports=("autocast", "compile", "export", "func_grad", "second_order", "vmap")))
def exact_type_only():
    """Refuses subclasses of Tensor, with which PyTorch exports."""
    return spike_of_exact_type


def spike_of_exact_type(x):
    if type(x) not in (torch.Tensor, torch.nn.Parameter):
        raise TypeError(f"a tensor, not a {type(x).__name__}")
    return FastSigmoid.apply(x)


@mutant("autocast")
class CastsInputs(Function):
    """Asks autocast for bfloat16, as if it were a matrix product."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return FastSigmoid.forward(x)

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad)


class VmapsDefault(Sloped):
    """Its rule for vmap has the default slope written into it."""

    generate_vmap_rule = False

    @staticmethod
    def vmap(info, in_dims, slope, x):
        return Sloped.apply(25.0, x), in_dims[1]


@mutant("vmap", **SLOPED)
def vmap_of_the_default(slope):
    """Under vmap, the default slope."""
    return functools.partial(VmapsDefault.apply, slope)


class DefaultInForwardMode(Sloped):
    """Its forward mode has the default slope written into it."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.slope, x = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def jvp(ctx, _, tangent):
        (x,) = ctx.saved_tensors
        return tangent * derivative(x)


@mutant("jvp", **SLOPED)
def forward_mode_of_the_default(slope):
    """In forward mode, the default slope."""
    return functools.partial(DefaultInForwardMode.apply, slope)


class DefaultWhenCompiled:
    """Takes the default slope under a compiler, which cannot trace the other way."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return Sloped.apply(25.0 if torch.compiler.is_compiling() else self.slope, x)


@mutant("compile", **SLOPED)
def compiled_at_the_default(slope):
    """Compiled, it has the default slope."""
    return DefaultWhenCompiled(slope)


class DefaultUnderGrad:
    """Takes the default slope where the input is wrapped for torch.func.grad."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        wrapped = not torch.compiler.is_compiling() and torch._C._functorch.is_gradtrackingtensor(x)
        return Sloped.apply(25.0 if wrapped else self.slope, x)


@mutant("func_grad", **SLOPED)
def functional_at_the_default(slope):
    """Under torch.func.grad, the default slope."""
    return DefaultUnderGrad(slope)


@mutant("upstream_differentiable", bug="grad_output.detach() in a backward pass.")
class DetachesUpstream(FastSigmoid):
    """Cuts the upstream gradient off its graph."""

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad.detach() * derivative(x)
