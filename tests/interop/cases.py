"""What the tests of this folder share: the surrogates, the points, and what a gradient has to be.

No formula is repeated here. A gradient is held against ``s.derivative``, which is the contract; that
``s.derivative`` is itself right is held against the primitive, in ``test_gradient.py``.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import surroreg

NAMES = surroreg.names(namespace="builtin")
STOCHASTIC = [name for name in NAMES if surroreg.spec(name).traits.stochastic]
DETERMINISTIC = [name for name in NAMES if name not in STOCHASTIC]
WITH_PRIMITIVE = [name for name in NAMES if surroreg.spec(name).primitive is not None]
LEARNABLE = [(name, p.name) for name in WITH_PRIMITIVE for p in surroreg.spec(name).parameters]

# What torch itself says while it compiles or traces: nothing a surrogate could avoid.
FUNCTION_WARNS = pytest.mark.filterwarnings(
    "ignore:<class 'torch.autograd.function.Function'> should not be instantiated:DeprecationWarning"
)
BUFFER_WARNS = pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning")  # torch 2.9 loads so
TRACE_WARNS = pytest.mark.filterwarnings("ignore:`torch.jit.trace:Warning")
SCRIPT_WARNS = pytest.mark.filterwarnings("ignore:`torch.jit.script:Warning")


def bell(x, grad, spikes):
    """Return a smooth gradient, for ``custom_surrogate``; it reads all three arguments."""
    return grad * (torch.exp(-x.square()) + 0.5 * spikes)


def build(name, **params):
    if name == "custom_surrogate":
        params.setdefault("custom_surrogate_function", bell)
    return surroreg.load(name, **params)


def points(dtype=torch.float64):
    """Return points on both sides of the threshold, none of them at a kink of any built-in."""
    return torch.tensor([-3.2, -1.7, -0.6, -0.13, 0.08, 0.4, 0.9, 1.3, 2.1], dtype=dtype)


def weights(x):
    """Return an upstream gradient that no error can hide behind: distinct, both signs."""
    return torch.linspace(-1.5, 2.0, x.numel(), dtype=x.dtype).reshape(x.shape)


def gradient(f, x, upstream=None):
    """Return the vector-Jacobian product of ``f`` at ``x``."""
    x = x.detach().clone().requires_grad_()
    out = f(x)
    return torch.autograd.grad(out, x, torch.ones_like(out) if upstream is None else upstream)[0]


def assert_gradient(s, x, found, upstream=1.0, **tolerance):
    """Assert that ``found`` is ``upstream`` times the derivative at ``x``; where that is noise, its range."""
    expected = upstream * s.derivative(x.detach())
    assert expected.any(), "a test that zero would pass"
    assert found.shape == x.shape
    assert found.dtype == x.dtype
    noisy = (x <= 0) & s.spec.traits.stochastic
    torch.testing.assert_close(found.where(~noisy, 0), expected.where(~noisy, 0), **tolerance)
    if noisy.any():
        widest = s.variance * (0.5 + abs(s.mean)) * torch.as_tensor(upstream).abs()
        assert (found.abs() <= widest).logical_or(~noisy).all()
        assert found[noisy].any()


def second_derivative(s, x):
    """Return the derivative of ``s.derivative`` at ``x``."""
    x = x.detach().clone().requires_grad_()
    one = torch.ones_like(x).requires_grad_()  # so that a constant derivative has a graph too
    return torch.autograd.grad((one * s.derivative(x)).sum(), x, materialize_grads=True)[0]


def model(s, dtype=torch.float32):
    """Return a small network round ``s``, the same every time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), s, nn.Linear(8, 3)).to(dtype)


def batch(dtype=torch.float32, size=6):
    return torch.randn(size, 4, generator=torch.Generator().manual_seed(1)).to(dtype)


def gradients(network, x):
    """Return the gradient of every parameter of ``network`` for one loss."""
    return torch.autograd.grad(network(x).square().sum(), list(network.parameters()))


def assert_same_training(found, expected, x, **tolerance):
    """Assert that two networks have equal outputs and gradients, none of the gradients all zero."""
    torch.testing.assert_close(found(x), expected(x), **tolerance)
    # By name: torch.export of torch 2.9 orders the parameters anew.
    ours, theirs = (
        [grad for _, grad in sorted(zip(dict(network.named_parameters()), gradients(network, x), strict=True))]
        for network in (found, expected)
    )
    assert all(grad.any() for grad in theirs)
    torch.testing.assert_close(ours, theirs, **tolerance)
