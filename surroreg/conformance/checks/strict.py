"""The strict checks: what surroreg asks of its own surrogates, and recommends to others.

To the last digits, over the whole range of every dtype and of every parameter. They run on the CPU, with which
``cuda_parity`` compares a GPU.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance.accuracy import (
    derivative_of,
    fixed_noise,
    formula_of,
    hold,
    magnitudes,
    places,
    primitive_of,
)
from surroreg.conformance.case import DTYPES, Case, pull, shown
from surroreg.conformance.table import (
    DERIVATIVE,
    DERIVATIVE_PARAMETERS,
    EVEN_DERIVATIVE,
    EXACT,
    ConformanceError,
    check,
)
from surroreg.errors import ParameterError
from surroreg.specs import Parameter
from surroreg.specs.parameters import LARGEST, SMALLEST

strict = functools.partial(check, severity="strict", devices=("cpu",))

#: Combinations of parameters' limits that are tried at most.
COMBINATIONS = 64


@strict(
    "In float64 the derivative is its formula to the last digits, however far out",
    why="A tail that is zero, or has lost its digits, is a gradient that no plot shows to be wrong.",
    bug="1 - tanh(x)**2 has lost all its digits from x = 19 on.",
    gate=EXACT,
    sweep="parameters",
)
def formula_everywhere(case: Case) -> None:
    """Compare with 400-digit arithmetic from 1e-30 to 1e30."""
    tails = torch.logspace(-30, 30, 61, dtype=torch.float64)
    kinks = torch.tensor(formula.kinks(case.spec, case.params), dtype=torch.float64)
    x = torch.unique(torch.cat([torch.linspace(-4, 4, 161, dtype=torch.float64), tails, -tails, kinks, torch.zeros(1)]))
    promise = f"the derivative is its formula to the last digits, {case.spec.formula}"
    with fixed_noise(case):
        hold(case, promise, x, case.declared(x), formula_of(case))


@strict(
    "In every dtype derivative and gradient are those of float64 to the last digits, over its whole range",
    why="The kernel and the derivative train the same network, in whatever precision: they must agree.",
    bug="snnTorch 1.0.0 rounds a float16 gradient at every operation: it is off by 7e-3.",
    gate=DERIVATIVE,
)
def rounding_everywhere(case: Case) -> None:
    """At every magnitude of the dtype; in half precision at every number."""
    x = places(case)
    upstream = case.random(len(x), seed=11)
    last = f"to the last digits of {case.dtype}"
    with fixed_noise(case):
        function = derivative_of(case)
        slope = case.derivative(x)
        hold(case, f"the derivative is that of float64 {last}", x, slope, function)
        hold(case, f"the gradient is the derivative {last}", x, case.gradient(x), function)
        got = case.gradient(x, upstream)
        hold(case, f"the gradient is the derivative times upstream {last}", x, got, function, upstream=upstream)
        wide = case.derivative(x.to(torch.promote_types(case.dtype, torch.float32)))
        case.compare("the derivative is computed in float32 or wider, and rounded once", x, slope, wide.to(case.dtype))


@strict(
    "A derivative that is declared even is so to the last bit",
    why="A neuron just above threshold and one just below must learn alike, however long the training.",
    gate=EVEN_DERIVATIVE,
    dtypes=(torch.float64, torch.float32),
    sweep="parameters",
)
def even_exactly(case: Case) -> None:
    """Compare both sides of zero at every magnitude."""
    x = magnitudes(case.dtype)
    x = x[x > 0]
    case.compare("d(-x) = d(x) to the last bit (traits: even)", x, case.derivative(-x), case.derivative(x))


@strict(
    "With any upstream gradient the gradient is finite exactly where the product is",
    why="What overflows unnoticed, or is made finite, hides from the loss scaler that training diverges.",
    bug="A zero out of an infinite upstream gradient: the scaler of mixed precision looks for infinity, and steps.",
    gate=DERIVATIVE,
)
def backward_overflow(case: Case) -> None:
    """With upstream gradients from the smallest number to infinity, by the kernel and by plain operations."""
    info = torch.finfo(case.dtype)
    x = torch.cat([case.grid[case.grid.isfinite()], case.points])
    close = max(1e-3, info.eps)  # beside the largest number the last rounding decides
    with fixed_noise(case):
        # Not in float64, where an input may lie on the other side of a kink.
        slope = case.derivative(x.to(torch.promote_types(case.dtype, torch.float32))).double()
        for size, plain in itertools.product((info.tiny, -1e3, info.max / 64, -info.max), (False, True)):
            got, product = _pulled(case, x, size, plain), (slope * size).abs()
            wrong = got.isfinite() & (product > (1 + close) * info.max)
            wrong |= ~got.isfinite() & (product < (1 - close) * info.max)
            _refuse(x, got, wrong, size)
        for size, plain in itertools.product((math.inf, math.nan), (False, True)):
            got = _pulled(case, x, size, plain)
            _refuse(x, got, got.isfinite(), size)


def _pulled(case: Case, x: Tensor, size: float, plain: bool) -> Tensor:
    """Return the gradient by the kernel, or as a second derivative has it."""
    leaf, spikes = case.spikes_of(x)
    return pull(leaf, spikes, torch.full_like(x, size), create_graph=plain).detach()


def _refuse(x: Tensor, got: Tensor, wrong: Tensor, size: float) -> None:
    if wrong.any():
        promise = "the gradient is finite exactly where derivative and upstream gradient have a finite product"
        at = f"x = {shown(x[wrong][0])}, upstream gradient {shown(size)}"
        raise ConformanceError(promise, at=at, got=shown(got[wrong][0]))


@strict(
    "At the limits of its parameters a surrogate is its formula",
    why="What a parameter's bounds admit is what a schedule, a search or an optimiser will try.",
    bug="A slope of 1e18 that is squared overflows in float32, though the gradient does not.",
    gate=DERIVATIVE_PARAMETERS,
    sweep="once",
)
def parameters_everywhere(case: Case) -> None:
    """At the smallest and the largest value of every parameter, jointly, in every dtype."""
    choices = [_limits(p, case.params[p.name]) for p in case.spec.parameters]
    for values in itertools.islice(itertools.product(*choices), COMBINATIONS):
        for dtype in DTYPES:
            pairs = zip(case.spec.parameters, values, strict=True)
            params = {p.name: _as_held(p, value, dtype) for p, value in pairs}
            _hold_at_limits(case.with_params(params).at(dtype))


def _hold_at_limits(case: Case) -> None:
    x = _inputs(case)
    function = derivative_of(case) if case.spec.formula is None else formula_of(case)
    limits = ", ".join(f"{name}={value!r}" for name, value in case.params.items())
    with fixed_noise(case):
        values = {
            "derivative": case.derivative(x),
            "gradient": case.gradient(x),
            "derivative at tensors for parameters": case.with_params(_as_tensors(case)).derivative(x),
        }
        for name, got in values.items():
            hold(case, f"the {name} is right in {case.dtype} at {limits}", x, got, function, slack=4)
    if case.spec.primitive is not None:
        level = primitive_of(case)
        # A primitive is a step: often a half, plus or minus nearly a half.
        size = level(x, case.params).abs() + level(-x, case.params).abs()
        got = case.surrogate.primitive(x)  # type: ignore[attr-defined]
        hold(case, f"the primitive is right in {case.dtype} at {limits}", x, got, level, size=size, slack=4)


def _as_held(parameter: Parameter, value: Any, dtype: torch.dtype) -> Any:
    """Return the nearest number that the dtype computes with: else kinks would lie on another side of the inputs."""
    if parameter.type is not float or dtype is torch.float64:
        return value
    return next(_admitted(parameter, [float(torch.tensor(value, dtype=torch.float32)), value]))


def _as_tensors(case: Case) -> dict[str, Any]:
    """Return the values of the parameters as a compiled program has them."""
    dtype = torch.promote_types(case.dtype, torch.float32)
    return {k: torch.tensor(v, dtype=dtype) if isinstance(v, float) else v for k, v in case.params.items()}


def _limits(parameter: Parameter, value: Any) -> list[Any]:
    """Return the smallest and the largest values that a parameter takes, and zero."""
    if parameter.type not in (int, float):
        return [value]
    tried: list[Any] = [1, 8]
    if parameter.type is float:
        tried = [-LARGEST, -SMALLEST, 0.0, SMALLEST, LARGEST]
        tried += [] if parameter.gt is None else [parameter.gt * (1 + 2.0**-20)]
    return list(_admitted(parameter, tried)) or [value]


def _admitted(parameter: Parameter, tried: list[Any]) -> Iterator[Any]:
    for value in tried:
        try:
            yield parameter.check(value)
        except ParameterError:
            continue


def _inputs(case: Case) -> Tensor:
    """Return both ends of the dtype, zero, the kinks, and places that the parameters suggest."""
    info = torch.finfo(case.dtype)
    sizes = [0.0, info.tiny * info.eps, info.tiny, 1.0, math.sqrt(info.max), info.max]
    numbers = [value for value in case.params.values() if isinstance(value, (int, float)) and value]
    sizes += [size for value in numbers for size in (value, 1 / value)]
    sizes += [kink * (1 + side * info.eps) for kink in formula.kinks(case.spec, case.params) for side in (-1, 0, 1)]
    both = torch.tensor([sign * size for size in sizes for sign in (1, -1)], dtype=torch.float64)
    return torch.unique(both.clamp(info.min, info.max).to(case.dtype))  # type: ignore[no-any-return]
