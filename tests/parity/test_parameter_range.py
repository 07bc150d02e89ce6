"""Every parameter over its whole range, jointly with the others: the formula's values, whatever the dtype."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import surroreg
from surroreg import Parameter, ParameterError, Surrogate, SurrogateSpec, formula
from surroreg.specs.parameters import LARGEST, SMALLEST
from tests.parity.many_digits import NOISE, Judge, derivative, errors, primitive
from tests.parity.side_by_side import gradient
from tests.zoo import zoo_specs

BUILTINS = [surroreg.spec(name) for name in surroreg.names(namespace="builtin") if name != "custom_surrogate"]
SPECS = [*BUILTINS, *zoo_specs()]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]

each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.fixture(autouse=True)
def _fixed_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.full_like(x, NOISE))


# -- which values ---------------------------------------------------------------------------------


def ends(parameter: Parameter) -> list[Any]:
    """The smallest and the largest value of a parameter, of both signs where both are allowed, and zero."""
    if parameter.type is int:
        return [1, 8]
    tried = [-LARGEST, -SMALLEST, 0.0, SMALLEST, LARGEST]
    tried += [] if parameter.gt is None else [parameter.gt * (1 + 2.0**-20)]
    return [value for value in tried if is_allowed(parameter, value)]


def is_allowed(parameter: Parameter, value: float) -> bool:
    try:
        parameter.check(value)
    except ParameterError:
        return False
    return True


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Any value of a parameter: as many very small and very large ones as ordinary ones."""
    if parameter.type is int:
        return st.integers(1, 8)
    sizes = st.floats(-18, 18).map(lambda exponent: min(max(10.0**exponent, SMALLEST), LARGEST))
    numbers = st.sampled_from([*ends(parameter), 1.0 + (parameter.gt or 0.0)]) | sizes | sizes.map(lambda size: -size)
    numbers |= st.sampled_from([1e-46, -1e-300])  # which float32 takes for zero
    return numbers.map(lambda value: allowed(parameter, value))


def allowed(parameter: Parameter, value: float) -> float:
    """The value, or one of about its size that the parameter takes."""
    tried = [value, abs(value), (parameter.gt or 0.0) + abs(value), *ends(parameter)]
    return next(value for value in tried if is_allowed(parameter, value))


def as_held(value: Any, dtype: torch.dtype) -> Any:
    """The nearest number that float32 holds, unless the dtype is float64: rounding a place is not what is tested."""
    is_narrow = isinstance(value, float) and dtype is not torch.float64 and abs(value) > 1e-37
    return float(np.float32(value)) if is_narrow else value


# -- which inputs ---------------------------------------------------------------------------------


def inputs(spec: SurrogateSpec, params: dict[str, Any], shift: float, dtype: torch.dtype, drawn: list[float]) -> Tensor:
    """Both ends of the dtype, zero, the kinks, and places that the parameters suggest."""
    info = torch.finfo(dtype)
    sizes = [0.0, info.tiny * info.eps, info.tiny, 1.0, math.sqrt(info.max), info.max, *drawn]
    sizes += [x for value in params.values() if value for x in (value, 1 / value)]
    kinks = formula.kinks(spec, params)
    sizes += [kink * (1 + side * info.eps) for kink in kinks for side in (-1, 0, 1)]
    x = torch.tensor([*sizes, *(-size for size in sizes)], dtype=torch.float64)
    return torch.cat([x, x + shift]).clamp(info.min, info.max).to(dtype).unique()


def moved(x: Tensor, shift: float) -> list[float]:
    """The places at which the functions are asked: x - shift, rounded once, as it is computed."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return [float(place) for place in wide - shift]


# -- the three functions --------------------------------------------------------------------------


def kernel_alone(s: Surrogate, x: Tensor) -> Tensor:
    """What the kernel gives, also where it is not used."""
    kernel, wide = s.spec.resolve("kernel"), x.to(torch.promote_types(x.dtype, torch.float32))
    assert kernel is not None
    given = (x > 0).to(wide.dtype) if s.spec.traits.reads == "sign" else wide
    return kernel(given, torch.ones_like(wide), *s.params.values()).to(x.dtype)  # type: ignore[no-any-return]


def as_tensor(value: Any, dtype: torch.dtype) -> Any:
    """A float as a compiled program has it."""
    wide = torch.promote_types(dtype, torch.float32)
    return torch.tensor(value, dtype=wide) if isinstance(value, float) else value


def assert_right(spec: SurrogateSpec, params: dict[str, Any], drawn: list[float], dtype: torch.dtype) -> None:
    """Hold all functions of a surrogate to more digits."""
    params = {name: as_held(value, dtype) for name, value in params.items()}
    s = spec(**params)
    scale, shift = params.pop("scale", 1.0), params.pop("shift", 0.0)
    x = inputs(spec, params, shift, dtype, drawn)
    places = moved(x, shift)
    if "period" in params:  # where the number of periods overflows the gradient is zero
        largest = torch.finfo(torch.promote_types(dtype, torch.float32)).max
        places = [place if abs(place) / params["period"] < largest else math.nan for place in places]
    judge = Judge(derivative, spec, params, scale, dtype)
    tensors = spec(**{name: as_tensor(value, dtype) for name, value in s.params.items()})
    found_by_kernel = [kernel_alone(s, x)] if s.spec.kernel else []
    for found in (s.derivative(x), gradient(s, x), tensors.derivative(x), *found_by_kernel):
        assert not errors(judge, found, places), s
    if spec.primitive:
        assert not errors(Judge(primitive, spec, params, scale, dtype), s.primitive(x), places), s


@each_dtype
@each_spec
def test_parameters_at_their_limits_give_the_formula(spec: SurrogateSpec, dtype: torch.dtype) -> None:
    names = [parameter.name for parameter in spec.parameters]
    for values in itertools.product(*map(ends, spec.parameters)):
        for extra in ({}, {"scale": SMALLEST}, {"scale": LARGEST}):
            assert_right(spec, dict(zip(names, values, strict=True)) | extra, [], dtype)


@each_spec
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_parameters_drawn_jointly_give_the_formula(
    spec: SurrogateSpec, data: st.DataObject, dtype: torch.dtype
) -> None:
    extra = data.draw(st.sampled_from([(), (surroreg.specs.parameters.SCALE,), (surroreg.specs.parameters.SHIFT,)]))
    params = {p.name: data.draw(values_of(p), label=p.name) for p in (*spec.parameters, *extra)}
    width = {torch.float16: 16, torch.float64: 64}.get(dtype, 32)
    drawn = data.draw(st.lists(st.floats(width=width, allow_nan=False, allow_infinity=False), max_size=5))
    assert_right(spec, params, drawn, dtype)


# -- which values are refused ---------------------------------------------------------------------

NUMBERS = [
    (spec, parameter)
    for spec in SPECS
    for parameter in (*spec.parameters, surroreg.specs.parameters.SCALE, surroreg.specs.parameters.SHIFT)
    if parameter.type is float
]
each_number = pytest.mark.parametrize(
    ("spec", "parameter"), NUMBERS, ids=[f"{spec.name}-{parameter.name}" for spec, parameter in NUMBERS]
)


def refusal(parameter: Parameter, value: float) -> str:
    """The message that names the value and the range."""
    return rf"parameter '{parameter.name}' must be .*, not {re.escape(str(value))}"


@each_number
def test_values_beyond_the_limits_are_refused(spec: SurrogateSpec, parameter: Parameter) -> None:
    s = spec(**{parameter.name: ends(parameter)[-1]})
    for value in (1e300, 1e19, -1e19, 1.001e18, math.nextafter(LARGEST, math.inf)):
        with pytest.raises(ParameterError, match=refusal(parameter, value)):
            spec(**{parameter.name: value})
        with pytest.raises(ParameterError, match=refusal(parameter, value)):
            setattr(s, parameter.name, value)
        with pytest.raises(ParameterError, match=f"parameter '{parameter.name}' must be "):
            spec(**{parameter.name: torch.tensor([1.0, value], dtype=torch.float64)})
    assert s.params[parameter.name] == ends(parameter)[-1]


@each_number
def test_tiny_values_are_refused_just_where_zero_is(spec: SurrogateSpec, parameter: Parameter) -> None:
    for value in (5e-324, 1e-300, 1e-46, 1e-19, math.nextafter(SMALLEST, 0)):
        if is_allowed(parameter, 0.0):
            assert spec(**{parameter.name: value}).params[parameter.name] == value
        else:
            with pytest.raises(ParameterError, match=refusal(parameter, value)):
                spec(**{parameter.name: value})


def test_limits_are_the_widest_that_float32_allows() -> None:
    info = torch.finfo(torch.float32)
    assert info.smallest_normal < SMALLEST / LARGEST
    assert info.max > LARGEST / SMALLEST
    assert info.smallest_normal > SMALLEST / LARGEST / 100


# -- at the ends of a dtype -----------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.kernel], ids=lambda spec: spec.name)
def test_kernel_at_the_ends_of_the_dtype_is_the_derivative(spec: SurrogateSpec, dtype: torch.dtype) -> None:
    info = torch.finfo(dtype)
    for factor in (1.0, 0.5, 3.0, 0.1):
        tried = {p.name: p.default * (factor if p.type is float else 1) for p in spec.parameters}
        params = {p.name: as_held(allowed(p, tried[p.name]), dtype) for p in spec.parameters}
        ends_ = torch.tensor([info.max, info.tiny, info.tiny * info.eps, 0.0], dtype=torch.float64).to(dtype)
        near = torch.nextafter(ends_, torch.full_like(ends_, 1.0)) if info.bits > 16 else ends_ * (1 - info.eps)
        # Where the number of periods begins to overflow.
        period = torch.tensor([info.max * params.get("period", 0.5)], dtype=torch.float64).clamp(max=info.max).to(dtype)
        periods = torch.cat([period * (1 + step * info.eps) for step in (-2, -1, 0, 1, 2)])
        x = torch.cat([ends_, near, periods, torch.tensor(formula.kinks(spec, params)).to(dtype)])
        x = torch.cat([x, -x])
        s = spec(**params)
        want = s.derivative(x)
        # Powers of two and of e, and squares of roots, differ by a few digits; a smallest normal number may vanish.
        close = {"rtol": 64 * info.eps, "atol": 64 * info.smallest_normal}
        torch.testing.assert_close(kernel_alone(s, x), want, **close)
        torch.testing.assert_close(gradient(s, x), want, **close)
