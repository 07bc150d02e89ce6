"""Backward passes of the built-ins in as few passes over memory, and as few new tensors, as ATen allows.

Every kernel gives ``grad * derivative(x)`` to a few roundings, and writes to its own temporaries only. The first
operation of a kernel allocates its one new tensor, which the others overwrite. Fresh memory for a million elements
costs more than an operation on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from surroreg.autograd.constants import constant

_leaky_relu_backward = torch.ops.aten.leaky_relu_backward.default
_leaky_relu_backward_out = torch.ops.aten.leaky_relu_backward.grad_input


def spikes_of(x: Tensor) -> Tensor:
    """Return 1 above zero, 0 elsewhere, of the dtype of x: a mask of booleans takes many times longer."""
    # On a GPU the constant would be filled by a kernel of its own.
    return torch.gt(x, constant(0.0, x) if x.is_cpu else 0, out=torch.empty_like(x))


def straight_through(x: Tensor, grad: Tensor) -> Tensor:
    """Return the upstream gradient."""
    return grad


def custom_surrogate(x: Tensor, grad: Tensor, custom_surrogate_function: Callable[..., Tensor]) -> Tensor:
    """The user's function."""
    return custom_surrogate_function(x, grad, spikes_of(x))


def triangular(x: Tensor, grad: Tensor, threshold: float) -> Tensor:
    """Zero counts as above threshold here, so the kernel computes ``x >= 0`` and does not take the spikes."""
    above = torch.ge(x, constant(0.0, x), out=torch.empty_like(x))
    result: Tensor = _leaky_relu_backward_out(grad, above, -1.0, False, grad_input=above)
    return result.mul_(constant(-threshold, x))


def heaviside(spikes: Tensor, grad: Tensor) -> Tensor:
    """One product."""
    return torch.mul(grad, spikes)


def leaky_spike_operator(spikes: Tensor, grad: Tensor, slope: float) -> Tensor:
    """ATen has the gradient of a leaky rectifier."""
    return _leaky_relu_backward(grad, spikes, slope, False)  # type: ignore[no-any-return]


def piecewise_linear(x: Tensor, grad: Tensor, slope: float, dampening: float) -> Tensor:
    """The dampening comes last. Multiplied in earlier, it would make the zero beyond 1/slope inexact."""
    result = x.abs()
    torch.add(constant(1.0, x), result, alpha=-slope, out=result)
    result.relu_().mul_(grad)
    return result if dampening == 1 else result.mul_(dampening)


def fast_sigmoid(x: Tensor, grad: Tensor, slope: float) -> Tensor:
    """The upstream gradient over (1 + slope*|x|)²."""
    result = x.abs()
    torch.add(constant(1.0, x), result, alpha=slope, out=result)
    return torch.div(grad, result.square_(), out=result)


def sparse_fast_sigmoid(x: Tensor, grad: Tensor, slope: float, B: float) -> Tensor:
    """As ``fast_sigmoid`` above B. Elsewhere it divides by infinity, so an infinite upstream gradient becomes NaN."""
    result = torch.threshold(x, B, math.inf).abs_()
    torch.add(constant(1.0, x), result, alpha=slope, out=result)
    return torch.div(grad, result.square_(), out=result)


def atan(x: Tensor, grad: Tensor, alpha: float) -> Tensor:
    """Both factors go into the denominator, which is then one operation."""
    result = torch.addcmul(constant(2 / alpha, x), x, x, value=math.pi**2 / 2 * alpha)
    return torch.div(grad, result, out=result)


def sigmoid(x: Tensor, grad: Tensor, slope: float) -> Tensor:
    """``slope*s(1 - s)`` at -|x|, where s is small, so 1 - s keeps its digits."""
    return _bump(x, grad, slope, slope)


def tanh(x: Tensor, grad: Tensor, slope: float) -> Tensor:
    """As ``sigmoid``, at twice the slope."""
    return _bump(x, grad, 2 * slope, 4.0)


def _bump(x: Tensor, grad: Tensor, slope: float, height: float) -> Tensor:
    """Return ``grad * height*s(1 - s)`` with the logistic ``s(slope*x)``."""
    result = x.abs().mul_(constant(-slope, x)).sigmoid_()
    result.addcmul_(result, result, value=-1)
    return torch.addcmul(constant(0.0, x), result, grad, value=height, out=result)


def spike_rate_escape(x: Tensor, grad: Tensor, beta: float, slope: float) -> Tensor:
    """ATen computes a power of two several times faster than a power of e."""
    result = torch.sub(x, constant(1.0, x)).abs_().mul_(constant(-beta * math.log2(math.e), x)).exp2_()
    return torch.addcmul(constant(0.0, x), result, grad, value=slope, out=result)


def noise_in_place(x: Tensor, mean: float, variance: float) -> Tensor:
    """Return the numbers of ``stochastic.noise_like`` in one new tensor; ``vmap`` over a parameter refuses this."""
    noise = torch.rand_like(x).sub_(0.5)
    return (noise.add_(mean) if mean else noise).mul_(variance)


def stochastic_spike_operator(spikes: Tensor, grad: Tensor, mean: float, variance: float) -> Tensor:
    """Noise where there is no spike. ``lerp`` with the weights 0 and 1 is exact, and needs no mask."""
    return noise_in_place(spikes, mean, variance).lerp_(spikes, spikes).mul_(grad)


def inverse_spike_operator(x: Tensor, grad: Tensor, threshold: float) -> Tensor:
    """Below threshold, where the sum may be zero, it divides by infinity. An infinite upstream gradient becomes NaN."""
    result = torch.threshold(x, 0.0, math.inf).add_(constant(threshold, x))
    return torch.div(grad, result, out=result)


def inverse_stochastic_spike_operator(
    x: Tensor, grad: Tensor, threshold: float, mean: float, variance: float
) -> Tensor:
    """The inverse where there is a spike, noise elsewhere. The clamp keeps both finite."""
    inverse = x.clamp(min=0).add_(threshold).reciprocal_()
    return noise_in_place(x, mean, variance).lerp_(inverse, spikes_of(x)).mul_(grad)
