"""A parameter's value as JSON can hold it, and as Python source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from surroreg.errors import SpecError
from surroreg.parameters import import_object, reference_to


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
