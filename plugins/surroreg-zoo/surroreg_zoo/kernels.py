"""Backward passes of the zoo in few passes over memory and few new tensors.

Every kernel gives ``grad * derivative(x)`` to a few roundings, and writes to its own temporaries only. NaN stays NaN.
On a million elements each is 2 to 20 times as fast as the derivative, mostly because it allocates fewer tensors.
"""

from __future__ import annotations

import math

import torch
from surroreg.autograd.constants import constant
from torch import Tensor

_leaky_relu_backward_out = torch.ops.aten.leaky_relu_backward.grad_input

LOG2_E = math.log2(math.e)


def _times(result: Tensor, grad: Tensor, factor: float) -> Tensor:
    """Return ``result*grad*factor``, written to ``result``, in one pass."""
    return torch.addcmul(constant(0.0, result), result, grad, value=factor, out=result)


def _bell(x: Tensor, centre: float, sigma: float) -> Tensor:
    """Return ``exp(-((x - centre)/sigma)²/2)`` as a power of two, which ATen computes several times faster."""
    slope = math.sqrt(LOG2_E / 2) / sigma
    result = torch.add(constant(-centre * slope, x), x, alpha=slope)
    return torch.addcmul(constant(0.0, x), result, result, value=-1, out=result).exp2_()


def gaussian(x: Tensor, grad: Tensor, sigma: float) -> Tensor:
    """One bell."""
    return _times(_bell(x, 0.0, sigma), grad, 1 / (sigma * math.sqrt(2 * math.pi)))


def multi_gaussian(x: Tensor, grad: Tensor, sigma: float, h: float, s: float) -> Tensor:
    """Three bells, with two tensors at a time."""
    result = _bell(x, 0.0, sigma).mul_(1 + h)
    for centre in (sigma, -sigma):
        result.sub_(_bell(x, centre, s * sigma), alpha=h / s)
    return _times(result, grad, 1 / (sigma * math.sqrt(2 * math.pi)))


def exponential(x: Tensor, grad: Tensor, width: float) -> Tensor:
    """A power of two is faster than a power of e."""
    result = x.abs().mul_(constant(-LOG2_E / width, x)).exp2_()
    return _times(result, grad, 1 / (2 * width))


def soft_sign(x: Tensor, grad: Tensor, slope: float) -> Tensor:
    """The factor slope/2 goes into the square."""
    result = x.abs()
    torch.add(constant(math.sqrt(2 / slope), x), result, alpha=math.sqrt(2 * slope), out=result)
    return torch.div(grad, result.square_(), out=result)


def q_pseudo_spike(x: Tensor, grad: Tensor, q: float, width: float) -> Tensor:
    """By a logarithm, like the derivative."""
    result = x.abs().mul_(constant(2 / ((q - 1) * width), x)).log1p_()
    return result.mul_(constant(-q * LOG2_E, x)).exp2_().mul_(grad)


def circular(x: Tensor, grad: Tensor, width: float) -> Tensor:
    """The factor 2*width goes into the power of 3/2, which is the cube of a root."""
    factor = (2 * width) ** (2 / 3)
    result = torch.addcmul(constant(factor, x), x, x, value=factor / width**2)
    return result.rsqrt_().pow_(3).mul_(grad)


def _above_zero(x: Tensor) -> Tensor:
    """Return 1 above zero, 0 elsewhere, NaN for NaN, written to ``x``."""
    return x.clamp_(0, 1).ceil_()


def _inside(x: Tensor, distance: float) -> Tensor:
    """Return 1 within the distance of zero, 0 elsewhere, NaN for NaN."""
    result = x.abs()
    return _above_zero(torch.sub(constant(distance, x), result, out=result))


def box(x: Tensor, grad: Tensor, width: float) -> Tensor:
    """It avoids a mask of booleans, which takes many times longer."""
    return _times(_inside(x, width / 2), grad, 1 / width)


def piecewise_leaky_relu(x: Tensor, grad: Tensor, half_width: float, leak: float) -> Tensor:
    """The leak replaces zeros, so both values are exact."""
    result = _inside(x, half_width).mul_(constant(1 / (2 * half_width), x))
    return torch.threshold_(result, 0.0, leak).mul_(grad)


def windowed_heaviside(x: Tensor, grad: Tensor, window: float) -> Tensor:
    """The new tensor is -1 below the window, else 0. Its product with the upstream gradient is added to that."""
    result = torch.add(x, window).clamp_(-1, 0).floor_()
    return torch.addcmul(grad, result, grad, out=result)


def windowed_fast_sigmoid(x: Tensor, grad: Tensor, slope: float, B: float) -> Tensor:
    """The window, of zeros and ones, is the numerator of the quotient. ATen's own windows lose NaN."""
    result = x.abs()
    window = _above_zero(torch.sub(constant(B, x), result))
    torch.add(constant(1.0, x), result, alpha=slope, out=result)
    return torch.div(window, result.square_(), out=result).mul_(grad)


def signed_log(x: Tensor, grad: Tensor, slope: float) -> Tensor:
    """One quotient."""
    result = x.abs()
    torch.add(constant(1.0, x), result, alpha=slope, out=result)
    return torch.div(grad, result, out=result)


def s2nn(x: Tensor, grad: Tensor, alpha: float, beta: float) -> Tensor:
    """The product of both sides: each is constant on the other side. Then alpha/4 and beta replace the constants."""
    result = x.clamp(max=0).mul_(constant(alpha, x)).sigmoid_()
    result.addcmul_(result, result, value=-1)
    other = x.clamp(min=0).add_(constant(1.0, x))
    result.div_(other)
    torch.ge(x, constant(0.0, x), out=other)
    _leaky_relu_backward_out(result, other, alpha / (4 * beta), False, grad_input=result)
    return _times(result, grad, 4 * beta)


def log_tailed_relu(x: Tensor, grad: Tensor, alpha: float) -> Tensor:
    """At and below zero the quotient is the upstream gradient, which the leaky rectifier multiplies by alpha."""
    result = x.clamp(min=1)
    torch.div(grad, result, out=result)
    return _leaky_relu_backward_out(result, x, alpha, False, grad_input=result)  # type: ignore[no-any-return]


def fake_numerical_gradient(x: Tensor, grad: Tensor, alpha: float) -> Tensor:
    """One quotient."""
    result = x.abs().clamp_(min=1 / alpha)
    return torch.div(grad, result, out=result)


def _near(x: Tensor, period: float) -> Tensor:
    """Return 1 where the number of periods is finite, 0 where it is not, NaN for NaN."""
    # Half the number of periods, against a limit one step above half the largest number: the largest itself is finite.
    result = x.abs().div_(constant(2 * period, x))
    info = torch.finfo(x.dtype)
    return _above_zero(torch.sub(constant(info.max / (2 - info.eps), x), result, out=result))


def square_wave_fourier(x: Tensor, grad: Tensor, terms: int, period: float) -> Tensor:
    """A NaN remainder becomes zero: ``_near`` makes the result 0, or NaN for a NaN input."""
    angle = x.fmod(period).nan_to_num_(nan=0.0).mul_(constant(2 * math.pi / period, x))
    result = _near(x, period)
    waves = angle.cos() if terms > 1 else angle.cos_()
    for odd in range(3, 2 * terms, 2):
        waves.add_((angle * odd).cos_())
    return _times(result.mul_(waves), grad, 4 / period)


def periodic_exponential(x: Tensor, grad: Tensor, width: float, width_above: float, period: float) -> Tensor:
    """One exponential of the sum of both exponents, because one of them is always zero."""
    phase = x.clamp(min=0).fmod_(period).nan_to_num_(nan=0.0)
    other = torch.sub(constant(period, x), phase)
    torch.minimum(phase, other, out=phase)
    torch.clamp(x, max=0, out=other).mul_(constant(LOG2_E / width, x))
    phase.mul_(constant(-LOG2_E / width_above, x)).add_(other).exp2_()
    return phase.mul_(_near(x, period)).mul_(grad)
