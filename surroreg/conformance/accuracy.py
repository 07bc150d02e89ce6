"""The strict measure of accuracy: last digits of the value, of its input and of its parameters."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance.case import Case, pull, shown
from surroreg.conformance.table import ConformanceError, NotVerifiedError
from surroreg.formula.numeric import compiled, context
from surroreg.formula.text import NOISE, declared, tree

#: The number that every draw of noise is replaced by. Any float holds it.
LEVEL = 0.25
#: Digits of the exact formula: 1 - tanh(x)**2 loses 308 of them before its value leaves float64's range.
DIGITS = 400
#: Roundings of the value that are allowed, in units of the last digit.
OWN = 4.0

#: A derivative, or a primitive, as a function of the input and the parameters' values, in float64.
Function = Callable[[Tensor, Mapping[str, Any]], Tensor]


@contextlib.contextmanager
def fixed_noise(case: Case) -> Iterator[None]:
    """Make a stochastic derivative repeat in every dtype.

    Raises:
        NotVerifiedError: it draws by another function than ``torch.rand_like``.
    """
    if not case.spec.traits.stochastic:
        yield
        return
    draw = torch.rand_like
    # Not a TorchFunctionMode: PyTorch turns that off in the backward pass.
    torch.rand_like = lambda x, **options: torch.full_like(x, LEVEL, **options)  # type: ignore[assignment]
    try:
        x = case.tensor([-1.0, 1.0]).repeat(16)
        first = case.gradient(x)
        torch.manual_seed(case.seed + 1)
        if not torch.equal(pull(*case.spikes_of(x)), first):
            raise NotVerifiedError("its noise is not drawn by torch.rand_like, so it differs between dtypes")
        yield
    finally:
        torch.rand_like = draw


def formula_of(case: Case) -> Function:
    """Return the formula, computed with many digits and rounded once."""
    mp, text = context(DIGITS), declared(case.spec)
    function = compiled(tree(case.spec, text), mp)
    numeric = [p.name for p in case.spec.parameters if p.type in (int, float)]

    @functools.cache  # as long as this function is used: several results are held to the same values
    def value(place: float, numbers: tuple[float, ...]) -> float:
        names = {name: mp.mpf(number) for name, number in zip(numeric, numbers, strict=True)}
        return float(function({**names, NOISE: mp.mpf(LEVEL), "x": mp.mpf(place)}))

    def values(x: Tensor, params: Mapping[str, Any]) -> Tensor:
        numbers = tuple(params[name] for name in numeric)
        return torch.tensor([value(place, numbers) for place in x.tolist()], dtype=torch.float64)

    return values


def derivative_of(case: Case) -> Function:
    """Return the declared derivative, computed in float64."""
    return lambda x, params: case.with_params(params).declared(x)


def primitive_of(case: Case) -> Function:
    """Return the declared primitive, computed in float64."""
    return lambda x, params: case.primitive(x.double(), params)


def hold(
    case: Case,
    promise: str,
    x: Tensor,
    got: Tensor,
    function: Function,
    *,
    upstream: Tensor | None = None,
    size: Tensor | None = None,
    slack: int = 1,
) -> None:
    """Raise unless ``got`` is ``function(x)``, times ``upstream``, to the last digits of the case's dtype.

    The error allowed is ``eps*(4*|f| + |x df/dx| + sum of |p df/dp|)``: to first order, what a few roundings of the
    value, and one of the input and of each parameter, are worth. What is below the smallest normal number may be taken
    for zero. Half precision is computed in float32, and rounded once more.

    Args:
        case: the surrogate, its parameters' values, and the dtype.
        promise: what is held.
        x: inputs.
        got: the values there.
        function: what gives the right values.
        upstream: a factor of the values.
        size: what the roundings of a value are relative to, if not to the value.
        slack: how many times as many roundings are allowed.

    Raises:
        ConformanceError: with the worst input, and both values there.
    """
    inside, outside = torch.finfo(torch.promote_types(case.dtype, torch.float32)), torch.finfo(case.dtype)
    x, got = x.double(), got.detach().double()
    factor = torch.ones_like(x) if upstream is None else upstream.double()
    values = function(x, case.params)
    want, size = values * factor, values.abs() if size is None else size
    height = max(1.0, float(size[size.isfinite()].max())) if size.isfinite().any() else 1.0
    allowed = slack * OWN * inside.eps * size + inside.smallest_normal * height

    def bound() -> Tensor:
        last = 0.0 * size if upstream is None else torch.full_like(size, inside.smallest_normal)
        if outside.eps > inside.eps:
            last = outside.eps / 2 * want.abs().clamp(min=outside.smallest_normal)
        return allowed * factor.abs() + last

    far = ~((got - want).abs() <= bound())
    if far.any():  # computed only where it is needed: the formula takes many digits
        allowed[far] += slack * _moved(case, x[far], values[far], function, inside.eps)
    # Where x/p overflows, no value can be asked for: the number of periods, for example, is infinite.
    numbers = [abs(case.params[p.name]) for p in case.spec.parameters if p.type is float]
    beyond = x.abs() >= inside.max * min([1.0, *(number for number in numbers if number)])
    if not got[beyond & (size < 0.99 * outside.max)].isfinite().all():
        raise ConformanceError(promise, at="the largest numbers", got="infinity, or NaN")
    # What nearly overflows may overflow.
    overflows = (size + allowed >= 0.99 * inside.max) | (want.abs() + bound() >= 0.99 * outside.max)
    known = ~beyond & ~overflows
    # Both may be NaN: a derivative in float64 is the measure of its own kernel.
    if (wrong := known & got.isnan()).any():
        raise ConformanceError(promise, at=f"x = {shown(x[wrong][0])}", got="nan")
    case.compare(promise, x[known], got[known], want[known], bound()[known])


def _moved(case: Case, x: Tensor, values: Tensor, function: Function, eps: float) -> Tensor:
    """Return what one rounding of the input and of each parameter is worth in the value."""
    params = case.params
    total = torch.zeros_like(values)
    for name in ("x", *(p.name for p in case.spec.parameters if p.type is float)):
        spread = torch.zeros_like(values)
        for factor in (1 + eps, 1 - eps):
            moved = (
                function(x * factor, params) if name == "x" else function(x, {**params, name: params[name] * factor})
            )
            spread = torch.maximum(spread, (moved - values).abs().nan_to_num(nan=0.0))
        total += spread
    return total


# -- inputs -----------------------------------------------------------------------------------------


@functools.cache
def magnitudes(dtype: torch.dtype) -> Tensor:
    """Return zero, both signs of every magnitude of a dtype, and many values around the threshold and around 1.

    Of half precision it is every finite number.
    """
    info = torch.finfo(dtype)
    if info.bits == 16:
        every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
        return every[every.isfinite()]
    near = torch.linspace(-8, 8, 4_001, dtype=torch.float64)
    smallest, largest = info.smallest_normal * info.eps, info.max
    exponents = torch.linspace(0, 1, 2_001, dtype=torch.float64)
    low, high = (torch.tensor(end, dtype=torch.float64).log2() for end in (smallest, largest))
    tails = torch.exp2(low + exponents * (high - low)).clamp(max=largest)
    return torch.unique(torch.cat([torch.zeros(1), near, 1 + near * 1e-3, tails, -tails]).to(dtype))  # type: ignore[no-any-return]


def places(case: Case) -> Tensor:
    """Return the magnitudes of the case's dtype, and every kink; at other values than the defaults every fourth."""
    kinks = torch.tensor(formula.kinks(case.spec, case.params), dtype=torch.float64)
    x = magnitudes(case.dtype)[:: 1 if case.is_default else 4]
    return torch.unique(torch.cat([x, kinks.to(case.dtype)]))  # type: ignore[no-any-return]
