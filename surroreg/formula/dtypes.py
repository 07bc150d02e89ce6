"""A formula in the arithmetic of a dtype, operation by operation, as in compiled code."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.errors import SpecError
from surroreg.formula.cpp import FACTORS
from surroreg.formula.text import NOISE
from surroreg.specs import SurrogateSpec

_NAMES = {
    "Abs": "abs",
    "Add": "add",
    "And": "logical_and",
    "Max": "maximum",
    "Min": "minimum",
    "Mod": "remainder",
    "Mul": "mul",
    "Not": "logical_not",
    "Or": "logical_or",
    "Pow": "pow",
    "ceiling": "ceil",
}
_RELATIONS = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def computed(spec: SurrogateSpec, x: Tensor, params: Mapping[str, Any], *, noise: Tensor | None = None) -> Tensor:
    """Return the declared formula at ``x``, of one dimension, every operation rounded to the dtype of ``x``.

    ``noise`` has the values of U, as many as ``x``.

    Raises:
        SpecError: the spec has no formula, or the formula cannot be read, or uses a function that PyTorch does not
            have.
    """
    numbers = {name: torch.full_like(x[:1], float(value)) for name, value in params.items()}
    drawn = {} if noise is None else {NOISE: noise}
    try:
        return _compute(formula.expression(spec), {"x": x, **numbers, **drawn}).broadcast_to(x.shape)
    except NotImplementedError as error:
        raise SpecError(f"{spec.name}: the formula uses {error}, which PyTorch does not have.") from error


def _compute(node: Any, values: Mapping[str, Tensor]) -> Tensor:
    if node.is_Symbol:
        return values[node.name]
    if node.is_Boolean and not node.args:
        return torch.tensor(bool(node))
    if not node.args:
        return torch.full_like(values["x"][:1], float(node))
    if node.is_Piecewise:
        *others, last = node.args
        result = _compute(last[0], values)
        for value, condition in reversed(others):
            result = torch.where(_compute(condition, values), _compute(value, values), result)
        return result
    operands = [_compute(argument, values) for argument in node.args]
    if node.is_Pow and node.exp.is_Integer and abs(node.exp) <= FACTORS:
        product = functools.reduce(torch.mul, [operands[0]] * abs(int(node.exp)))
        return product if node.exp > 0 else product.reciprocal()
    function = _function(node)
    return function(operands[0]) if len(operands) == 1 else functools.reduce(function, operands)


def _function(node: Any) -> Callable[..., Tensor]:
    if node.is_Relational:
        return _RELATIONS[node.rel_op]
    name = node.func.__name__
    function = getattr(torch, _NAMES.get(name, name), None)
    if function is None:
        raise NotImplementedError(name)
    return function  # type: ignore[no-any-return]
