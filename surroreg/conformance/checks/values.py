"""The values of the gradient: the declared derivative, its formula, its primitive, and its shape."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from surroreg.conformance.case import ROUNDINGS, Case, shown
from surroreg.conformance.checks.backward import smooth_points
from surroreg.conformance.table import (
    DECLARED,
    DERIVATIVE,
    DETERMINISTIC,
    EVEN,
    FORMULA,
    NON_NEGATIVE,
    PARAMETERS,
    PRIMITIVE,
    STABLE,
    ConformanceError,
    NotVerifiedError,
    check,
)
from surroreg.formula.dtypes import computed


@check(
    "In float64 the gradient is the declared derivative",
    why="A gradient with a wrong factor trains, only worse: nothing but its value tells.",
    bug="spikingjelly#412: 1/w where 1/(2w) was meant. Norse: code and documentation differ by 2/k.",
    gate=DECLARED,
    sweep="parameters",
)
def backward_values(case: Case) -> None:
    """At ordinary points, to a few roundings."""
    x = case.points
    want = case.declared(x)
    promise = "the gradient is the declared derivative"
    case.compare(promise, x, case.gradient(x), want, case.allowance(x, want, case.declared))


@check(
    "In every other dtype the gradient is that of float64, rounded",
    why="Mixed-precision training runs the surrogate in half precision, where squares overflow and differences vanish.",
    bug="snnTorch 1.0.0's SFS(100) in float16 is 0 at x = 2.56, near its largest gradient: the square overflows.",
    gate=DETERMINISTIC,
)
def backward_rounding(case: Case) -> None:
    """At ordinary points, to a few roundings of the dtype."""
    if case.dtype is torch.float64:
        return
    wide = case.at(torch.float64)
    x, got = case.points, case.gradient(case.points)
    x, got = x[got.isfinite()], got[got.isfinite()]  # the rest is told by backward_finite
    want = wide.gradient(x.double())
    promise = f"the gradient is that of float64, to a few roundings of {case.dtype}"
    case.compare(promise, x, got, want, case.allowance(x, want, wide.gradient))


@check(
    "The derivative is the declared formula",
    why="The formula is what papers, plots and documentation show; the code is what trains.",
    bug="snnTorch's documentation of atan, straight-through and triangular shows other functions than its code.",
    gate=FORMULA,
    sweep="parameters",
)
def formula_is_right(case: Case) -> None:
    """Against 40-digit arithmetic."""
    if case.spec.derivative is None:
        raise NotVerifiedError("a black box has no derivative of its own; its gradient is held to the formula")
    x = case.points
    want = case.formula(x)
    promise = f"the derivative is its formula, {case.spec.formula}"
    case.compare(promise, x, case.declared(x), want, case.allowance(x, want, case.declared))


@check(
    "A formula that is declared stable is right in float32 and float64 as it is written",
    why="On a GPU the backward pass is compiled from it; what overflows there is NaN where no CPU test looks.",
    bug="exp(-k*x)/(1 + exp(-k*x))**2 is infinity over infinity below threshold: snnTorch 1.0.0's sigmoid.",
    gate=STABLE,
    sweep="parameters",
    devices=("cpu",),
)
def formula_is_stable(case: Case) -> None:
    """Operation by operation in the dtype, over its whole range."""
    for dtype in (torch.float64, torch.float32):
        here = case.at(dtype)
        x = torch.cat([here.grid[here.grid == here.grid], here.points])
        want, got = here.declared(x), computed(here.spec, x, here.params)
        promise = f"the formula is right in {dtype} as it is written (traits: stable_formula)"
        x, want, got = x[want.isfinite()], want[want.isfinite()], got[want.isfinite()]
        allowed = here.allowance(x, want, here.declared)
        # Beside infinity there is no last digit of the input.
        allowed = torch.where(x.isfinite(), allowed, ROUNDINGS * here.eps * want.abs())
        here.compare(promise, x, got, want, allowed)


@check(
    "The derivative is that of the declared primitive",
    why="The primitive is plotted, used in non-spiking mode, and is how a parameter is learnt.",
    bug="Norse's primitives are off by 2/k (tanh), -2/k (erfc) and 2k (circ).",
    gate=PRIMITIVE,
    sweep="parameters",
)
def primitive_is_right(case: Case) -> None:
    """By differences, away from zero and from declared kinks."""
    x, step = smooth_points(case)
    primitive = functools.partial(_level, case, case.params)
    difference = (primitive(x + step) - primitive(x - step)) / (2 * step)
    want = case.declared(x)
    scale = want.abs().max() + primitive(x).abs().max()
    promise = "the primitive's slope is the derivative (away from declared kinks)"
    case.compare(promise, x, difference, want, 1e-6 * scale)


def _level(case: Case, params: Mapping[str, Any], x: Tensor) -> Tensor:
    """Return the declared primitive at ``x``, its parameters passed by position, as everywhere."""
    primitive: Callable[..., Tensor] = case.spec.resolve("primitive")  # type: ignore[assignment]
    return primitive(x, *(params[p.name] for p in case.spec.parameters))


@check(
    "Where the derivative is declared even, it is; where not, it is not",
    why="Users choose a surrogate by its shape, and documentation is generated from this trait.",
    gate=EVEN,
    sweep="parameters",
)
def even(case: Case) -> None:
    """Compare both sides of zero."""
    x = torch.unique(case.points.abs())
    right, left = case.gradient(x), case.gradient(-x)
    finite = right.isfinite() & left.isfinite()  # the rest is told by backward_finite
    x, right, left = x[finite], right[finite], left[finite]
    allowed = case.allowance(x, right, lambda t: case.gradient(t.to(case.dtype)).double())
    if case.spec.traits.even:
        case.compare("d(-x) = d(x) (traits: even)", x, left, right, allowed)
        return
    # Some values of the parameters may make it even: the defaults must show what is declared.
    if case.is_default and ((left - right).abs() <= allowed).all():
        raise ConformanceError("d(-x) differs from d(x) somewhere (traits: even=False)", got="an even derivative")


@check(
    "Where the derivative is declared non-negative, it is; where not, it is not",
    why="A negative pseudo-derivative pushes a neuron the wrong way, which must be known.",
    bug="snnTorch's triangular is negative above threshold: a firing neuron is pushed to fire less.",
    gate=NON_NEGATIVE,
    sweep="parameters",
)
def non_negative(case: Case) -> None:
    """Look for a negative value."""
    x = case.points
    gradient = case.gradient(x).nan_to_num(nan=0.0)  # told by backward_finite
    lowest = int(gradient.argmin())
    if case.spec.traits.non_negative and gradient[lowest] < 0:
        promise = "d(x) >= 0 everywhere (traits: non_negative)"
        raise ConformanceError(promise, at=f"x = {shown(x[lowest])}", got=shown(gradient[lowest]), expected=">= 0")
    if case.spec.traits.non_negative is False and case.is_default and gradient[lowest] >= 0:
        raise ConformanceError("d(x) < 0 somewhere (traits: non_negative=False)", got="no negative value")


@check(
    "The gradient is nowhere larger than the formula's peak",
    why="The scale of a surrogate decides whether gradients explode; a spike between two test points would hide.",
    bug="sinabs#97: the peak is not 1 where the threshold is not 1.",
    gate=FORMULA,
    sweep="parameters",
)
def peak(case: Case) -> None:
    """Compare the largest of a hundred thousand gradients with the formula's."""
    coarse = case.points
    height = float(case.formula(coarse).abs().max())
    dense = case.random(100_000, scale=2.0)
    gradient = case.gradient(dense).abs().nan_to_num(nan=0.0)  # told by backward_finite
    top = int(gradient.argmax())
    # Between two points the formula may rise above both; look there.
    height = max(height, float(case.formula(dense[top : top + 1]).abs()))
    if float(gradient[top]) > height * (1 + 1e-9):
        raise ConformanceError(
            "the gradient is nowhere larger than the formula's peak",
            at=f"x = {shown(dense[top])}",
            got=shown(gradient[top]),
            expected=f"at most {shown(height)}",
        )
    case.measures["peak"] = max(height, float(gradient[top]))


@check(
    "The gradient is exactly zero where the formula is, and not elsewhere",
    why="Sparse backward passes skip zeros; 1e-20 is not zero.",
    gate=FORMULA,
    sweep="parameters",
)
def support(case: Case) -> None:
    """At points where the formula is zero, and where it is well above."""
    x = case.points
    got = case.gradient(x)
    x, got = x[got.isfinite()], got[got.isfinite()]  # the rest is told by backward_finite
    want = case.formula(x)
    case.compare("the gradient is exactly zero where the formula is", x[want == 0], got[want == 0], want[want == 0])
    inside = want.abs() > 1e-6 * want.abs().max()
    missing = inside & (got == 0)
    if missing.any():
        raise ConformanceError(
            "the gradient is not zero where the formula is not",
            at=f"x = {shown(x[missing][0])}",
            got="0.0",
            expected=shown(want[missing][0]),
        )


@check(
    "Every parameter changes something",
    why="A knob that does nothing makes a hyperparameter search meaningless.",
    bug="snntorch#411: a tutorial's surrogate saved its slope and never used it.",
    gate=PARAMETERS,
    sweep="once",
)
def parameters_matter(case: Case) -> None:
    """Compare the gradients, and the spikes, of all values tried."""
    x, lone = case.points, []
    for parameter in case.spec.parameters:
        others = [values for values in case.all_params if values[parameter.name] != case.params[parameter.name]]
        others = [v for v in others if all(v[k] == case.params[k] for k in v if k != parameter.name)]
        if not others:
            if parameter.type in (float, int, bool):
                lone.append(parameter.name)
            continue
        want, spikes = case.gradient(x), case(x)
        for values in others:
            other = case.with_params(values)
            if not torch.equal(other.gradient(x), want) or not torch.equal(other(x), spikes):
                break
        else:
            tried = ", ".join(str(values[parameter.name]) for values in [case.params, *others])
            raise ConformanceError(f"parameter {parameter.name!r} changes something", got=f"no change among {tried}")
    if lone:
        raise NotVerifiedError(f"there is only one value of {lone[0]!r} to try; give examples")


@check(
    "Every value that a parameter's bounds admit gives a finite gradient; every other is refused",
    why="load(slope=0) must say what is wrong, not return NaN gradients an hour later.",
    bug="snntorch#347: a missing argument was found at the first backward pass.",
    gate=PARAMETERS,
    sweep="once",
)
def parameters_validated(case: Case) -> None:
    """Zero, the default's negative, one beyond each bound, NaN, infinity, a wrong type, a wrong name."""
    x = case.points[case.points.abs() <= 10]
    for parameter in case.spec.parameters:
        if parameter.type not in (int, float):
            continue
        value = case.params[parameter.name]
        for tried in (0, -value, 1, -1, value * 100, float("nan"), float("inf"), "many", True):
            try:
                surrogate = case.with_params({**case.params, parameter.name: tried})
                surrogate.surrogate  # noqa: B018  # built here
            except (ValueError, TypeError):
                continue
            gradient = surrogate.gradient(x)
            if not gradient.isfinite().all():
                at = x[~gradient.isfinite()][0]
                raise ConformanceError(
                    f"{parameter.name}={tried!r} is refused (bounds of the parameter), or gives finite gradients",
                    at=f"x = {shown(at)}",
                    got=shown(gradient[~gradient.isfinite()][0]),
                )


@check(
    "A parameter may be a tensor, and is learnt where there is a primitive",
    why="A slope that requires a gradient and never gets one is an experiment that silently did not happen.",
    bug="float(slope) or .item() inside a primitive cuts the parameter off the graph.",
    gate=DERIVATIVE,
    sweep="once",
)
def parameters_learn(case: Case) -> None:
    """A tensor gives what the number gives; its gradient is the primitive's, by differences."""
    x, step = smooth_points(case)
    if case.spec.traits.stochastic:
        raise NotVerifiedError("a stochastic derivative has no primitive to learn by")
    floats = [p for p in case.spec.parameters if p.type is float]
    if not floats:
        raise NotVerifiedError("it has no parameter that is a number")
    want = case.gradient(x)
    for parameter in floats:
        value = case.params[parameter.name]
        number = torch.tensor([value], dtype=torch.float64, device=case.device)
        as_tensor = case.with_params({**case.params, parameter.name: number})
        promise = f"{parameter.name} as a tensor gives what the number gives"
        case.compare(promise, x, as_tensor.gradient(x), want, 64 * case.eps * (want.abs() + want.abs().max()))
        if case.spec.primitive is None:
            continue
        high, low = (_level(case, {**case.params, parameter.name: value + sign * step}, x) for sign in (1, -1))
        expected = float(((high - low) / (2 * step)).sum())
        learnt = nn.Parameter(number.clone())
        spikes = case.with_params({**case.params, parameter.name: learnt})(x)
        spikes.sum().backward()  # type: ignore[no-untyped-call]
        got = float("nan") if learnt.grad is None else float(learnt.grad)
        scale = float((high - low).abs().sum()) / (2 * step)
        if not abs(got - expected) <= 1e-5 * scale + 1e-6:
            promise = f"the gradient of {parameter.name} is the primitive's"
            raise ConformanceError(promise, got=shown(got) if got == got else "none", expected=shown(expected))
