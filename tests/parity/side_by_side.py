"""snnTorch and surroreg side by side: what the tests of this folder share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from hypothesis import strategies as st
from snntorch import surrogate as snntorch_surrogate
from torch import Tensor

import surroreg
from surroreg import Surrogate

Spike = Callable[[Tensor], Tensor]

SMALLEST_NORMAL = torch.finfo(torch.float32).smallest_normal
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0**-149, -(2.0**-149), 2.0**-126, 1e30, -1e30, 3.4e38, -3.4e38]
EDGES += [math.inf, -math.inf, math.nan]

WIDE = st.floats(width=32)
NEAR = st.floats(-4, 4, width=32)
MEMBRANES = NEAR | st.sampled_from(EDGES) | WIDE
UPSTREAM = NEAR | st.sampled_from(EDGES) | WIDE
FINITE = NEAR | st.floats(width=32, allow_nan=False, allow_infinity=False)

POSITIVE = st.integers(1, 100) | st.floats(2.0**-10, 2.0**10) | st.floats(1e-18, 1e18)
ANY = st.integers(-3, 3) | st.floats(-4, 4) | st.floats(-1e18, 1e18)
# Where something begins: such as float32 can hold, or rounding it would move it past an input.
PLACE = st.integers(-3, 3) | st.floats(-4, 4, width=32) | st.floats(-(2.0**59), 2.0**59, width=32)


def rectified(input_: Tensor, grad_input: Tensor, spikes: Tensor) -> Tensor:
    """A custom surrogate that tells its three arguments apart."""
    return grad_input * (input_.abs() + 3 * spikes)


def damped(input_: Tensor, grad_input: Tensor, spikes: Tensor) -> Tensor:
    """Another, which divides."""
    return grad_input / (1 + input_ * input_) - spikes * grad_input


class Pair(NamedTuple):
    """A factory of snnTorch, and where its parameters lie: ours refuses a slope below 0."""

    name: str
    params: dict[str, st.SearchStrategy[object]]

    @property
    def ours(self) -> Callable[..., Surrogate]:
        return lambda **params: surroreg.load(self.name, **params)

    @property
    def theirs(self) -> Callable[..., Spike]:
        return getattr(snntorch_surrogate, self.name)

    def keywords(self) -> st.SearchStrategy[dict[str, object]]:
        """Any number of the parameters; those left out take each library's own default."""
        required = {key: self.params[key] for key in self.params if key == "custom_surrogate_function"}
        optional = {key: self.params[key] for key in self.params if key not in required}
        return st.fixed_dictionaries(required, optional=optional)

    def __repr__(self) -> str:
        return self.name


CUSTOM = st.sampled_from([rectified, damped])

# Every factory of snnTorch 1.0.0 that runs.
PAIRS = [
    Pair("straight_through_estimator", {}),
    Pair("triangular", {"threshold": POSITIVE}),
    Pair("fast_sigmoid", {"slope": POSITIVE}),
    Pair("atan", {"alpha": POSITIVE}),
    Pair("heaviside", {}),
    Pair("sigmoid", {"slope": POSITIVE}),
    Pair("spike_rate_escape", {"beta": POSITIVE, "slope": POSITIVE}),
    Pair("SSO", {"mean": ANY, "variance": st.just(0) | POSITIVE}),
    Pair("SFS", {"slope": POSITIVE, "B": PLACE}),
    Pair("custom_surrogate", {"custom_surrogate_function": CUSTOM}),
]
PAIR = {pair.name: pair for pair in PAIRS}

# These fuse operations that snnTorch rounds one by one: the last bits differ. Of the rest every bit is the same.
FUSED = {"fast_sigmoid", "atan", "sigmoid", "spike_rate_escape", "SFS"}
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=repr)


def default_keywords(name: str) -> dict[str, object]:
    """The keywords without which a factory cannot be called."""
    return {"custom_surrogate_function": damped} if name == "custom_surrogate" else {}


@st.composite
def tensors(draw: st.DrawFn, *elements: st.SearchStrategy[float], max_dims: int = 4) -> list[Tensor]:
    """One float64 tensor for each strategy of elements, of one shape: 0-d to 4-d, sides of 0 to 3."""
    shape = draw(st.lists(st.integers(0, 3), max_size=max_dims))
    count = math.prod(shape)
    drawn = [draw(st.lists(values, min_size=count, max_size=count)) for values in elements]
    return [torch.tensor(values, dtype=torch.float64).reshape(shape) for values in drawn]


def spikes(spike: Spike, x: Tensor) -> Tensor:
    """The forward pass, as a training step runs it."""
    return spike(x.detach().requires_grad_()).detach()


def gradient(spike: Spike, x: Tensor, upstream: Tensor | None = None, seed: int | None = None) -> Tensor:
    """The gradient of the input. snnTorch's spikes are float32 whatever the input is, and so is what flows back."""
    x = x.detach().requires_grad_()
    out = spike(x)
    upstream = torch.ones_like(out) if upstream is None else upstream.to(out.dtype)
    if seed is not None:
        torch.manual_seed(seed)
    return torch.autograd.grad(out, x, upstream)[0]


def sigmoid_reference(x: Tensor, upstream: Tensor, slope: float) -> Tensor:
    """The gradient of snnTorch's sigmoid in float64, computed by snnTorch.

    In float32 snnTorch's own result is itself rounded eight times, is zero once (exp(-kx) + 1)² overflows and
    NaN once exp(-kx) does, so it is no measure. In float64 its numbers are good to 16 digits if it is asked for
    slope 1 (it multiplies the slope in float32 even then) and for the side on which nothing overflows; the
    function is even. The product slope*x is rounded as float32 rounds it, which both libraries have in common.
    """
    product = (slope * x).double().abs()
    return upstream.double() * float(slope) * gradient(snntorch_surrogate.sigmoid(slope=1), product)


def assert_same_bits(ours: Tensor, theirs: Tensor) -> None:
    """Fail unless the values are the same to the last bit, the sign of zero included; any NaN equals any NaN."""
    assert ours.shape == theirs.shape
    assert ours.dtype is theirs.dtype
    same = (ours == theirs) & (ours.signbit() == theirs.signbit()) | ours.isnan() & theirs.isnan()
    assert same.all(), f"{ours[~same].tolist()} instead of {theirs[~same].tolist()}"


def assert_within(found: Tensor, expected: Tensor, bound: Tensor) -> None:
    """Fail unless ``found`` lies within the absolute ``bound`` of the float64 ``expected``; NaN equals NaN."""
    assert found.shape == expected.shape
    near = (found.double() - expected).abs() <= bound
    near |= (found.double() == expected) | found.isnan() & expected.isnan()
    assert near.all(), f"{found[~near].tolist()} instead of {expected[~near].tolist()} ± {bound[~near].tolist()}"


def exact_gradient(ours: Surrogate, theirs: Spike, x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """snnTorch's gradient in float64, and the error that one in float32 may have: 4 ulp, and those of its argument."""
    params, size = ours.params, upstream.double().abs()
    if ours.spec.name == "sigmoid":
        exact = sigmoid_reference(x, upstream, params["slope"])
        # Where the derivative is no normal number there are no 24 bits to be right in.
        return exact, 4 * 2.0**-23 * exact.abs() + SMALLEST_NORMAL * (1 + size * (1 + params["slope"]))
    exact = gradient(theirs, x.double(), upstream)
    argument, gain = torch.zeros(()), 1.0
    if ours.spec.name == "spike_rate_escape":  # which is a gain times an exponential: that may be no normal number
        argument, gain = params["beta"] * (x.double() - 1).abs(), params["slope"]
    relative = 2.0**-23 * (4 + 1.5 * argument)
    return exact, (relative * exact.abs()).nan_to_num(nan=0.0) + SMALLEST_NORMAL * (1 + size * (1 + gain))


def assert_same_gradient(ours: Surrogate, theirs: Spike, x: Tensor, upstream: Tensor, seed: int = 0) -> None:
    """Compare float32 gradients to the last digit that can be asked for."""
    ours_found, theirs_found = gradient(ours, x, upstream, seed), gradient(theirs, x, upstream, seed)
    if ours.spec.name == "stochastic_spike_operator":
        # snnTorch sums two terms of which one is a zero: infinity there becomes NaN, and -0 becomes +0.
        known = theirs_found.isfinite()
        torch.testing.assert_close(ours_found[known], theirs_found[known], rtol=0, atol=0)
    elif not FUSED & {ours.spec.name, *ours.spec.aliases}:
        assert_same_bits(ours_found, theirs_found)
    else:
        exact, bound = exact_gradient(ours, theirs, x, upstream)
        # An infinite upstream gradient meets zeros that are none in float64.
        representable = (exact.abs() < 3.4e38) & upstream.isfinite()
        assert_within(ours_found[representable], exact[representable], bound[representable])
        assert ours_found[x.isnan()].isnan().all()
        if ours.spec.name == "sigmoid":
            # snnTorch's own is as near only where its denominator does not overflow.
            sound = representable & theirs_found.isfinite() & (ours.params["slope"] * x > -44.3)
            assert_within(theirs_found[sound], exact[sound], bound[sound])
