"""Which gradients are finite: what the README, the guides and the zoo's README promise."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

import surroreg
from surroreg import Parameter, ParameterError, Surrogate, SurrogateSpec
from tests.parity.side_by_side import damped
from tests.zoo import zoo_specs

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
SPECS = [*map(surroreg.spec, surroreg.names(namespace="builtin")), *zoo_specs()]
#: Factors of the defaults, and scales; the last scale is of what overflows half precision.
STRENGTHS = [(1.0, None), (1.0, 0.3), (0.1, 1e-3), (10.0, 3.0), (1.0, 1e6)]

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


@pytest.fixture(autouse=True)
def _fixed_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.full_like(x, 0.25))


def loaded(spec: SurrogateSpec, factor: float, scale: float | None) -> Surrogate:
    params: dict[str, Any] = {} if scale is None else {"scale": scale}
    for parameter in spec.parameters:
        if parameter.required:
            params[parameter.name] = damped
        elif parameter.type is float:
            params[parameter.name] = fitting(parameter, parameter.default * factor)
    return spec(**params)


def fitting(parameter: Parameter, value: float) -> float:
    try:
        return float(parameter.check(value))
    except ParameterError:
        return float(parameter.default)


def inputs(dtype: torch.dtype) -> Tensor:
    """Numbers of every size, both zeros, and both ends."""
    info = torch.finfo(dtype)
    sizes = torch.logspace(math.log2(info.tiny), math.log2(info.max), 201, 2, dtype=torch.float64).clamp(max=info.max)
    sizes = torch.cat([sizes, torch.tensor([0.0, info.tiny * info.eps, 0.5, 1.0, info.max], dtype=torch.float64)])
    return torch.cat([sizes, -sizes]).to(dtype)


def pulled(s: Surrogate, x: Tensor, upstream: Tensor, *, plainly: bool) -> Tensor:
    """The gradient: by the kernel, or as a second derivative would have it."""
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(s(leaf), leaf, upstream, create_graph=plainly)
    return found.detach()


each_way = pytest.mark.parametrize("plainly", [False, True], ids=["kernel", "plain"])


@each_way
@each_dtype
@each_spec
def test_gradient_is_finite_where_the_product_is(spec: SurrogateSpec, dtype: torch.dtype, plainly: bool) -> None:
    info, x = torch.finfo(dtype), inputs(dtype)
    for factor, scale in STRENGTHS:
        s = loaded(spec, factor, scale)
        slopes = s.derivative(x.double())
        for size, sign in itertools.product((info.tiny, 1.0, 1e3, info.max / 64, info.max), (1, -1)):
            upstream = torch.full_like(x, sign * size)
            product = slopes * upstream.double()
            found = pulled(s, x, upstream, plainly=plainly)
            near = max(1e-3, info.eps)  # to the largest number, where the last rounding decides
            fits = product.abs() < (1 - near) * info.max
            assert found[fits].isfinite().all(), (s, x[fits & ~found.isfinite()], size)
            assert not found[product.abs() > (1 + near) * info.max].isfinite().any()


@each_way
@each_dtype
@each_spec
def test_gradient_is_nowhere_finite_where_upstream_is_not(
    spec: SurrogateSpec, dtype: torch.dtype, plainly: bool
) -> None:
    x = inputs(dtype)
    for factor, scale in STRENGTHS:
        s = loaded(spec, factor, scale)
        wide = x.double()
        # Nothing, and not a number that is too small for the dtype.
        zero = (s.derivative(wide) == 0) & (pulled(s, wide, torch.full_like(wide, 1e300), plainly=plainly) == 0)
        for value in (math.inf, -math.inf, math.nan):
            found = pulled(s, x, torch.full_like(x, value), plainly=plainly)
            assert not found.isfinite().any()
            assert found[zero].isnan().all()
