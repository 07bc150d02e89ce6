"""The value of a parameter in a loaded surrogate: its check, its JSON, its Python source."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from surroreg.autograd import DTYPES
from surroreg.errors import NoPrimitiveError, ParameterError, ParameterTypeError, SpecError, in_one_line, shortened
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import loaded_object, reference_to
from surroreg.specs.parameters import Parameter


def checked(spec: SurrogateSpec, parameter: Parameter, value: Any) -> Any:
    """Return a value as a surrogate of the spec stores it.

    Raises:
        ParameterTypeError, ParameterError: the value, or an element of a tensor, is of another type or out of bounds.
        NoPrimitiveError: the value is to be learnt, and the spec has no primitive.
    """
    if isinstance(value, Tensor):
        _check_tensor(spec, parameter, value)
        return value
    try:
        return parameter.check(value)
    except ParameterError as error:
        raise type(error)(f"{spec.name!r}: {error}") from None


def _check_tensor(spec: SurrogateSpec, parameter: Parameter, value: Tensor) -> None:
    unfit = _unfit(parameter, value)
    if unfit:
        raise ParameterTypeError(f"{spec.name!r}: parameter {parameter.name!r} cannot be {unfit}.")
    if value.requires_grad and spec.primitive is None:
        raise NoPrimitiveError(
            f"{spec.name!r} cannot learn {parameter.name!r}: a parameter's gradient is the derivative of the "
            "primitive, and it has none. Give a number, or a tensor that requires no gradient."
        )
    if _has_values(value):
        for extreme in (value.detach().amin(), value.detach().amax()):
            checked(spec, parameter, extreme.item())


def _unfit(parameter: Parameter, value: Tensor) -> str:
    """Return why a tensor cannot be the parameter's value, or ``""``."""
    if is_lazy(value):
        return "uninitialised: initialise it first"
    if value.is_nested or value.layout is not torch.strided:
        return f"a tensor of layout {value.layout}: give a dense one"
    if parameter.type is not float or value.dtype not in DTYPES or value.numel() == 0:
        wanted = "a callable" if parameter.type is Callable else f"{parameter.type.__name__}"
        if parameter.type is float:
            wanted = "float16, bfloat16, float32 or float64, and at least one element"
        return f"a tensor of shape {tuple(value.shape)} and {value.dtype}: give {wanted}"
    return ""


def _has_values(tensor: Tensor) -> bool:
    """Whether the values of a tensor can be read. A DTensor has only a shard of them, a meta tensor none."""
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.is_meta:
        return False
    try:
        tensor.detach().flatten()[0].item()
    except RuntimeError:  # under FakeTensorMode or vmap
        return False
    return True


def to_plain(value: Any) -> Any:
    """Return a parameter's value as a JSON-safe object.

    Raises:
        SpecError: a callable has no importable name, or a tensor no values, as on the meta device.
    """
    if isinstance(value, Tensor):
        if not _has_values(value):
            raise SpecError(f"a {type(value).__name__} on {value.device} has no values that a description could hold.")
        dtype = str(value.dtype).removeprefix("torch.")
        return {"tensor": value.tolist(), "dtype": dtype, "learnable": isinstance(value, nn.Parameter)}
    if callable(value):
        reference = reference_to(value)
        with contextlib.suppress(SpecError):
            if loaded_object(reference) is value:
                return reference
        raise SpecError(f"{shortened(value)} has no name to find it by: define it at the top level of a module.")
    return value


def from_plain(value: Any) -> Any:
    """Return the value from its JSON-safe form: the inverse of ``to_plain``.

    Raises:
        SpecError: a mapping does not describe a tensor.
    """
    if not isinstance(value, Mapping):
        return value
    dtypes = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES}
    try:
        if value.keys() != {"tensor", "dtype", "learnable"} or not isinstance(value["learnable"], bool):
            raise ValueError("it has the keys 'tensor', 'dtype' and 'learnable'")
        tensor = torch.tensor(value["tensor"], dtype=dtypes[value["dtype"]])
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise SpecError(f"{shortened(value)} describes no tensor: {in_one_line(error)}.") from error
    return nn.Parameter(tensor) if value["learnable"] else tensor


def shown(value: Any) -> str:
    """Return a parameter's value as Python source."""
    if isinstance(value, Tensor):
        text = f"torch.empty({tuple(value.shape)}, dtype={value.dtype}, device={str(value.device)!r})"
        if _has_values(value):
            text = f"torch.tensor({value.tolist()}, dtype={value.dtype})"
        return f"torch.nn.Parameter({text})" if isinstance(value, nn.Parameter) else text
    return repr(reference_to(value)) if callable(value) else repr(value)
