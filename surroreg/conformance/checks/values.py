"""The values of the gradient: the declared derivative, its formula, its primitive, and its shape."""

from __future__ import annotations

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance import near
from surroreg.conformance.accuracy import magnitudes
from surroreg.conformance.case import ROUNDINGS, Case, shown
from surroreg.conformance.draws import drawn
from surroreg.conformance.integrals import hold_increments
from surroreg.conformance.table import (
    DECLARED,
    DETERMINISTIC,
    EVEN,
    FORMULA,
    NON_NEGATIVE,
    PRIMITIVE,
    STABLE,
    ConformanceError,
    NotVerifiedError,
    check,
)
from surroreg.errors import SpecError
from surroreg.formula.dtypes import computed


@check(
    "In float64 the gradient is the declared derivative",
    why="A gradient with a wrong factor trains, only worse: nothing but its value tells.",
    bug="spikingjelly#412: 1/w where 1/(2w) was meant. Norse: code and documentation differ by 2/k.",
    gate=DECLARED,
    sweep="parameters",
)
def backward_values(case: Case) -> None:
    """From subnormals to 1e6, at both zeros, on either side of a kink, and at parameters drawn together."""
    promise = "the gradient is the declared derivative"
    for values, each in drawn(case):  # all of the case itself before another is built, which may disturb it
        x = near.probes(each) if each is case else near.few(each)
        near.compare(each, promise + values, x, each.gradient(x), each.declared(x), Case.declared)
        near.hold_at_kinks(each, promise + values, each.gradient, Case.declared)
        if each is case and case.is_default and not case.spec.traits.stochastic:
            _hold_densely(case, promise)


def _hold_densely(case: Case, promise: str) -> None:
    if case.spec.derivative is None:
        near.hold_densely(case, promise, case.gradient)
    else:
        x = near.dense().to(case.device, copy=True)
        near.compare(case, promise, x, case.gradient(x), case.declared(x), Case.declared)


@check(
    "In every other dtype the gradient is that of float64, rounded",
    why="Mixed-precision training runs the surrogate in half precision, where squares overflow and differences vanish.",
    bug="snnTorch 1.0.0's SFS(100) in float16 is 0 at x = 2.56, near its largest gradient: the square overflows.",
    gate=DETERMINISTIC,
)
def backward_rounding(case: Case) -> None:
    """From subnormals to 1e6, and at zero, to a few roundings of the dtype."""
    if case.dtype is torch.float64:
        return
    wide = case.at(torch.float64)
    x = torch.cat([torch.zeros(1, dtype=case.dtype, device=case.device), near.probes(case)])
    got = case.gradient(x)
    x, got = x[got.isfinite()], got[got.isfinite()]  # backward_finite reports the rest
    promise = f"the gradient is that of float64, to a few roundings of {case.dtype}"
    near.compare(case, promise, x, got, wide.gradient(x.double()), Case.gradient, wide)


@check(
    "The derivative is the declared formula",
    why="The formula is what papers, plots and documentation show; the code is what trains.",
    bug="snnTorch's documentation of atan, straight-through and triangular shows other functions than its code.",
    gate=FORMULA,
    sweep="parameters",
)
def formula_is_right(case: Case) -> None:
    """Against 40-digit arithmetic: at the inputs and parameters of backward_values."""
    if case.spec.derivative is None:
        raise NotVerifiedError("a black box has no derivative of its own; its gradient is held to the formula")
    promise = f"the derivative is its formula, {case.spec.formula}"
    for values, each in drawn(case):
        x = near.probes(each) if each is case else near.few(each)
        near.compare(each, promise + values, x, each.declared(x), each.formula(x), Case.declared)
        near.hold_at_kinks(each, promise + values, each.declared, Case.formula)
    if case.is_default:
        near.hold_densely(case, promise, case.declared)


@check(
    "A formula that is declared stable is right in float32 and float64 as it is written",
    why="On a GPU the backward pass is compiled from it; what overflows there is NaN where no CPU test looks.",
    bug="exp(-k*x)/(1 + exp(-k*x))**2 is infinity over infinity below threshold: snnTorch 1.0.0's sigmoid.",
    gate=STABLE,
    sweep="parameters",
    devices=("cpu",),
    dtypes=(torch.float64, torch.float32),
)
def formula_is_stable(case: Case) -> None:
    """Operation by operation in the dtype, over its whole range."""
    x = torch.cat([case.grid[case.grid == case.grid], case.points])
    want, got = case.declared(x), computed(case.spec, x, case.params)
    promise = f"the formula is right in {case.dtype} as it is written (traits: stable_formula)"
    x, want, got = x[want.isfinite()], want[want.isfinite()], got[want.isfinite()]
    allowed = case.allowance(x, want, case.declared)
    # Infinity has no neighbours, so only the value's own roundings are allowed at an infinite input.
    allowed = torch.where(x.isfinite(), allowed, ROUNDINGS * case.eps * want.abs())
    case.compare(promise, x, got, want, allowed)


@check(
    "The derivative is that of the declared primitive",
    why="The primitive is plotted, used in non-spiking mode, and is how a parameter is learnt.",
    bug="Norse's primitives are off by 2/k (tanh), -2/k (erfc) and 2k (circ).",
    gate=PRIMITIVE,
    sweep="parameters",
)
def primitive_is_right(case: Case) -> None:
    """By differences, away from zero and from declared kinks; by integrals to 1e6, at drawn parameters too."""
    step = 2.0**-18  # a power of two: x + step and x - step are exact
    x = case.smooth_points(end=5.0, count=4_001, step=step)
    difference = (case.primitive(x + step) - case.primitive(x - step)) / (2 * step)
    want = case.declared(x)
    rounding = 4 * case.eps * case.primitive(x).abs() / step
    promise = "the primitive's slope is the derivative (away from declared kinks)"
    # A steep derivative near the threshold bends within a step: the integrals hold it there.
    bent = 16 * (step / x).square()
    case.compare(promise, x, difference, want, (1e-6 + bent) * want.abs() + 1e-7 * want.abs().max() + rounding)
    if case.spec.derivative is not None:
        for values, each in drawn(case):
            hold_increments(each, f"the primitive grows by the integral of the derivative{values}")


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
    finite = right.isfinite() & left.isfinite()  # backward_finite reports the others
    x, right, left = x[finite], right[finite], left[finite]
    allowed = case.allowance(x, right, lambda t: case.gradient(t.to(case.dtype)).double())
    if case.spec.traits.even:
        case.compare("d(-x) = d(x) (traits: even)", x, left, right, allowed)
        for values, each in drawn(case):
            x = near.few(each).abs()
            right, left = each.gradient(x), each.gradient(-x)
            finite = right.isfinite() & left.isfinite()
            promise = f"d(-x) = d(x) (traits: even){values}"
            near.compare(each, promise, x[finite], left[finite], right[finite], Case.gradient)
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
    """Look for a negative value, over the whole range of the dtype."""
    x = torch.cat([case.points, magnitudes(case.dtype).to(case.device)])
    gradient = case.gradient(x).nan_to_num(nan=0.0)  # backward_finite reports NaN
    lowest = int(gradient.argmin())
    if case.spec.traits.non_negative and gradient[lowest] < 0:
        promise = "d(x) >= 0 everywhere (traits: non_negative)"
        raise ConformanceError(promise, at=f"x = {shown(x[lowest])}", got=shown(gradient[lowest]), expected=">= 0")
    if case.spec.traits.non_negative:
        for values, each in drawn(case):
            x = near.few(each)
            gradient = each.gradient(x).nan_to_num(nan=0.0)
            each.compare(f"d(x) >= 0 everywhere (traits: non_negative){values}", x, gradient, gradient.clamp(min=0.0))
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
    gradient = case.gradient(dense).abs().nan_to_num(nan=0.0)  # backward_finite reports NaN
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
    x, got = x[got.isfinite()], got[got.isfinite()]  # backward_finite reports the others
    want = case.formula(x)
    x, got, want = (values[~_on_rounded_kink(case, x, got, want)] for values in (x, got, want))
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


def _on_rounded_kink(case: Case, x: Tensor, got: Tensor, want: Tensor) -> Tensor:
    """Return where the formula is zero on one side of a kink only because the kink, such as 3*width, is rounded."""
    far = (got == 0) != (want == 0)
    if not far.any():
        return far
    kinks = torch.tensor([*formula.kinks(case.spec, case.params), torch.inf], dtype=x.dtype, device=x.device)
    far &= ((x[:, None] - kinks).abs() <= 4 * case.eps * kinks.abs().clamp(max=1e300)).any(1)
    try:
        rounded = computed(case.spec, x, case.params)
    except SpecError:
        return torch.zeros_like(far)
    return far & ((rounded == 0) == (got == 0))
