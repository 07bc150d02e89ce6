"""A parameter's value in a loaded surrogate: what it may be, how JSON can hold it, how Python writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from surroreg.errors import NoPrimitiveError, ParameterError, ParameterTypeError, SpecError
from surroreg.parameters import Parameter, import_object, reference_to
from surroreg.specs import SurrogateSpec


def checked(spec: SurrogateSpec, parameter: Parameter, value: Any) -> Any:
    """Return a value as a surrogate of the spec keeps it.

    Raises:
        ParameterTypeError, ParameterError: it is of another type, or out of bounds; a tensor, anywhere in it.
        NoPrimitiveError: it is a tensor to be learnt, and there is no primitive to learn it by.
    """
    if isinstance(value, Tensor):
        _check_tensor(spec, parameter, value)
        return value
    try:
        return parameter.check(value)
    except ParameterError as error:
        raise type(error)(f"{spec.name!r}: {error}") from None


def _check_tensor(spec: SurrogateSpec, parameter: Parameter, value: Tensor) -> None:
    if parameter.type is not float or not value.is_floating_point() or value.numel() == 0:
        raise ParameterTypeError(
            f"parameter {parameter.name!r} cannot be a tensor of shape {tuple(value.shape)} and {value.dtype}."
        )
    if value.requires_grad and spec.primitive is None:
        raise NoPrimitiveError(
            f"{spec.name!r} cannot learn {parameter.name!r}: a parameter's gradient is the derivative of the "
            "primitive, and it has none. Give a number, or a tensor that requires no gradient."
        )
    # A shard of a parameter, say, has no extremes of its own.
    if type(value) in (Tensor, nn.Parameter) and not value.is_meta:
        for extreme in (value.detach().amin(), value.detach().amax()):
            checked(spec, parameter, extreme.item())


def to_plain(value: Any) -> Any:
    """Return a parameter's value as JSON can hold it.

    Raises:
        SpecError: a callable has no name to find it by.
    """
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return {"tensor": value.tolist(), "dtype": dtype, "learnable": isinstance(value, nn.Parameter)}
    if callable(value):
        reference = reference_to(value)
        if import_object(reference) is not value:
            raise SpecError(f"{value!r} has no name to find it by: define it at the top level of a module.")
        return reference
    return value


def from_plain(value: Any) -> Any:
    """Return the value of which ``to_plain`` made what JSON can hold."""
    if not isinstance(value, Mapping):
        return value
    tensor = torch.tensor(value["tensor"], dtype=getattr(torch, value["dtype"]))
    return nn.Parameter(tensor) if value["learnable"] else tensor


def shown(value: Any) -> str:
    """Return a parameter's value as Python source."""
    if isinstance(value, Tensor):
        text = f"torch.tensor({value.tolist()}, dtype={value.dtype})"
        return f"torch.nn.Parameter({text})" if isinstance(value, nn.Parameter) else text
    return repr(reference_to(value)) if callable(value) else repr(value)
