"""Where values are compared, and how near they must be: a few roundings of the value, the input and the parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance import points
from surroreg.conformance.case import ROUNDINGS, Case
from surroreg.errors import ParameterError, SpecError
from surroreg.formula.dtypes import computed

#: The right values as a function of a case, which has the values of the parameters, and of inputs in float64.
Right = Callable[[Case, Tensor], Tensor]

#: Exact values of the formula that are computed at most, of the many inputs between the others.
MOST = 100
#: Steps of the input, in roundings. They are irrational: in half precision whole steps may all be whole
#: periods of a periodic derivative.
STEPS = tuple(0.618033988749895 * step for step in range(1, 26))


def probes(case: Case) -> Tensor:
    """Return inputs on which values are compared: from subnormals to 1e6, both signs, and beside every kink."""
    kinks = tuple(formula.kinks(case.spec, case.params))
    return _probes(case.dtype, kinks).to(case.device, copy=True)  # a copy: a surrogate may write to its input


@functools.lru_cache(maxsize=64)
def _probes(dtype: torch.dtype, kinks: tuple[float, ...]) -> Tensor:
    wide = torch.tensor([*points.ordinary(kinks), *points.far(dtype)], dtype=torch.float64)
    x: Tensor = torch.unique(wide.to(dtype))
    return x[x.isfinite() & (x != 0)]


def few(case: Case) -> Tensor:
    """Return some dozens of inputs: of every magnitude, and of the lengths that the parameters suggest."""
    sizes = [1.3 * 10.0 ** (power / 2) for power in range(-8, 8)]
    numbers = [abs(value) for value in case.params.values() if isinstance(value, (int, float)) and value]
    sizes += [factor * size for value in numbers for size in (value, 1 / value) for factor in (0.3, 0.9, 1.7)]
    sizes += [abs(kink) * factor for kink in formula.kinks(case.spec, case.params) for factor in (0.99, 1.01)]
    x = torch.unique(torch.tensor(sizes, dtype=torch.float64).clamp(max=1e6))
    x = x[x > 0]
    return torch.cat([-x.flip(0), x]).to(case.device)


@functools.cache
def dense() -> Tensor:
    """Return many values in float64: even steps of 0.0007 to 6, and ratios of 1.01 from 1e-8 to 1e6."""
    even = torch.linspace(-6.0003, 6.0007, 16_001, dtype=torch.float64)
    ratios = torch.logspace(-8, 6, 3_001, dtype=torch.float64)
    return torch.cat([even, ratios, -ratios])


def compare(
    case: Case, promise: str, x: Tensor, got: Tensor, want: Tensor, right: Right, of: Case | None = None
) -> None:
    """Raise unless ``got`` is ``want`` to within a few roundings in the dtype of ``case``.

    Args:
        case: the surrogate, and the dtype.
        promise: the words of the failure.
        x: inputs.
        got: the values there.
        want: the right values.
        right: the function of which ``want`` are the values. It is computed anew only where ``got`` is not near.
        of: the case that ``right`` is given, if it is another.
    """
    x, got, want = x.double(), got.detach().double(), want.detach().double()
    largest = torch.finfo(case.dtype).max
    known = ~want.isnan() & ~((want.abs() > largest * (1 - case.eps)) & (got.isinf() | (got.abs() >= largest / 2)))
    x, got, want = x[known], got[known], want[known]
    if not len(x):
        return
    allowed = _rounded(case, x, want)
    doubtful = ~((got - want).abs() <= allowed)
    if doubtful.any():
        # Noise is drawn by position, so a stochastic derivative is given all inputs.
        places = torch.ones_like(doubtful) if case.spec.traits.stochastic else doubtful
        allowed[places] += _moved(of or case, x[places], right, case.eps)
    case.compare(promise, x, got, want, allowed)


def _rounded(case: Case, x: Tensor, want: Tensor) -> Tensor:
    """Return a few roundings of the value, and of the largest value that is not far out."""
    usual = want[want.isfinite() & ((x.abs() <= 1e3) | (want.abs() <= 1))]
    height = usual.abs().max() if len(usual) else torch.zeros((), dtype=torch.float64)
    tiny = torch.finfo(case.dtype).smallest_normal * case.eps
    # At unusual values a formula amplifies its own roundings, a power by its exponent. In coarser dtypes that is no
    # excuse: they may compute with more digits than they keep.
    amplified = 16 if case.dtype is torch.float64 and not case.is_default else 1
    # In half precision a few roundings of the largest value are as large as a tail.
    height = height if case.eps < 1e-4 else height / 8
    return amplified * ROUNDINGS * (case.eps * (want.abs() + height) + tiny)


def _moved(of: Case, x: Tensor, right: Right, eps: float) -> Tensor:
    """Return the largest change of the value within a few roundings of the input, and of each parameter."""
    level = right(of, x)
    spread = torch.zeros_like(level)
    for step in STEPS:
        for sign in (1, -1):
            change = (right(of, x * (1 + sign * step * eps)) - level).abs()
            # A quarter more: between these steps a jump of many periods may have had other values.
            spread = torch.maximum(spread, 1.25 * change.nan_to_num(nan=0.0))
    if eps > 1e-4:  # half precision computes with parameters in float32
        return spread
    for parameter in of.spec.parameters:
        value = of.params[parameter.name]
        if parameter.type is not float or not value:
            continue
        for factor in (1 + ROUNDINGS * eps, 1 - ROUNDINGS * eps):
            try:
                near = of.with_params({**of.params, parameter.name: parameter.check(value * factor)})
            except ParameterError:
                continue
            spread = spread + (right(near, x) - level).abs().nan_to_num(nan=0.0)
    return spread


def hold_at_kinks(case: Case, promise: str, values: Callable[[Tensor], Tensor], right: Right) -> None:
    """Raise unless the values at both zeros and at every kink are right there, or on either side, in float64.

    Raises:
        ConformanceError: the value is of neither side, or differs between the two zeros.
    """
    kinks = formula.kinks(case.spec, case.params)
    x = torch.tensor([0.0, -0.0, *(kink for kink in kinks if kink)], dtype=torch.float64, device=case.device)
    got = values(x).detach().double()
    if not case.spec.traits.stochastic:
        case.compare("both zeros have one gradient", x[:2], got[:2], got[:1].expand(2), 0.0)
    unit = torch.finfo(torch.float64).eps * x.abs().clamp(min=1e-290)
    centre, *sides = (right(case, x + part * unit) for part in (0, -2, 2, -ROUNDINGS, ROUNDINGS))
    candidates = torch.stack([centre, *sides[:2]])
    slack = (sides[2] - sides[0]).abs() + (sides[3] - sides[1]).abs()
    errors = (candidates - got).abs().masked_fill(candidates == got, 0.0).nan_to_num(nan=torch.inf)
    want = candidates.gather(0, errors.argmin(0, keepdim=True))[0]
    want = torch.where(candidates.isfinite().any(0), want, got)  # at a pole the formula has no value
    level = right(case, few(case)).abs()
    height = level[level.isfinite()].max() if level.isfinite().any() else 0.0
    allowed = ROUNDINGS * case.eps * (want.abs() + height) + slack.nan_to_num(nan=0.0, posinf=0.0)
    case.compare(promise, x, got, want, allowed)


def hold_densely(case: Case, promise: str, values: Callable[[Tensor], Tensor]) -> None:
    """Raise unless the values are those of the formula between all other inputs, too.

    The formula is computed in float64. Only where the values are not near it, its exact value is computed.
    """
    x = dense().to(case.device)
    got = values(x).detach().double()
    try:
        screen = computed(case.spec, x, case.params)
    except SpecError:  # PyTorch lacks a function of the formula
        suspicious = torch.arange(7, len(x), 101)
    else:
        usual = screen[screen.isfinite()].abs()
        near = (got - screen).abs() <= 1e-7 * screen.abs() + 1e-9 * (usual.max() if len(usual) else 0.0)
        suspicious = (~near).nonzero().flatten()
        suspicious = suspicious[:: 1 + len(suspicious) // MOST]
    if len(suspicious):
        # Among the others some from everywhere: an error counts in roundings of the largest value, too.
        places = torch.cat([suspicious, torch.arange(0, len(x), len(x) // 20, device=x.device)])
        x, got = x[places], got[places]
        compare(case, promise, x, got, case.formula(x), Case.formula)
