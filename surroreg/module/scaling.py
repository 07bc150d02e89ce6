"""Strength and place of a surrogate's derivative: the parameters ``scale`` and ``shift``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from torch import Tensor

from surroreg import shape
from surroreg.errors import ParameterError, ParameterTypeError
from surroreg.module.values import checked
from surroreg.specs import SurrogateSpec
from surroreg.specs.parameters import SCALE, SHIFT, Parameter
from surroreg.specs.validation import require_derivative

if TYPE_CHECKING:
    from surroreg.module.surrogate import Surrogate


def scaled(surrogate: Surrogate, **given: float | None) -> Surrogate:
    """Return a surrogate with another strength; see :meth:`surroreg.Surrogate.scaled`."""
    wanted = [(how, value) for how, value in given.items() if value is not None]
    if len(wanted) != 1:
        raise TypeError(f"scaled takes one of factor, peak and area; got {len(wanted)} of them.")
    ((how, value),) = wanted
    base, own = _base(surrogate)
    factor = _number(base, SCALE, value)
    if how == "factor":
        factor *= surrogate.params.get(SCALE.name, 1.0)
    else:
        present = {"peak": shape.peak, "area": shape.area}[how](base, own)
        if not 0 < present < math.inf:
            raise ParameterError(f"{base.name!r} has the {how} {present}; give scaled(factor=...) instead.")
        factor /= present
    return _rebuilt(surrogate, base, {SCALE.name: factor})


def shifted(surrogate: Surrogate, by: float) -> Surrogate:
    """Return a surrogate at another place; see :meth:`surroreg.Surrogate.shifted`."""
    base, _ = _base(surrogate)
    offset = surrogate.params.get(SHIFT.name, 0.0) + _number(base, SHIFT, by)
    return _rebuilt(surrogate, base, {SHIFT.name: offset})


def _rebuilt(surrogate: Surrogate, base: SurrogateSpec, params: dict[str, float]) -> Surrogate:
    return type(surrogate)(base, {**surrogate.params, **params}, **surrogate._options)


def _base(surrogate: Surrogate) -> tuple[SurrogateSpec, dict[str, Any]]:
    """Return the spec and the parameters without scale and shift."""
    spec, params = surrogate.spec, surrogate.params
    require_derivative(spec)
    for name in (SCALE.name, SHIFT.name):
        if isinstance(params.get(name), Tensor):
            raise ParameterTypeError(f"{spec.name!r} has a tensor as its {name}; assign to that instead.")
    base = spec.base or spec
    return base, {parameter.name: params[parameter.name] for parameter in base.parameters}


def _number(spec: SurrogateSpec, parameter: Parameter, value: Any) -> float:
    if isinstance(value, Tensor):
        raise ParameterTypeError(
            f"{spec.name!r}: {parameter.name} is a number here, not a tensor; "
            f"to have it learnt, load the surrogate with {parameter.name}=... instead."
        )
    return float(checked(spec, parameter, value))
