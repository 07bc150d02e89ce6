"""Parameters: every one has an effect, is validated, and is learnt."""

from __future__ import annotations

import torch

from surroreg.conformance.case import Case, shown
from surroreg.conformance.draws import drawn
from surroreg.conformance.learnt import hold_changed, hold_learnt, hold_tensors
from surroreg.conformance.table import DERIVATIVE, PARAMETERS, ConformanceError, NotVerifiedError, check


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
    """A tensor gives what its numbers give; its gradient is the primitive's, by differences, in every dtype."""
    if case.spec.traits.stochastic:
        raise NotVerifiedError("a stochastic derivative has no primitive to learn by")
    if not any(p.type is float for p in case.spec.parameters):
        raise NotVerifiedError("it has no parameter that is a number")
    cases = list(drawn(case))
    for values, each in (cases[0], *cases[1:][-2:]):
        hold_tensors(each, values)
        if case.spec.primitive is not None:
            hold_learnt(each, values)
            hold_changed(each, values)
