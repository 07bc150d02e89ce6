"""Objects of one spec: at other values, on another device, and what they are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from surroreg.conformance.sweep import variations

if TYPE_CHECKING:
    from surroreg.conformance.case import Case


def moved(surrogate: Callable[[Tensor], Tensor], device: torch.device, *, bare: bool) -> Callable[[Tensor], Tensor]:
    """Return a surrogate on a device: a module is moved there, as the network is that contains it.

    Of a ``bare`` callable there is only one object, and the meta device keeps no values: a copy is moved.
    """
    if not isinstance(surrogate, nn.Module) or all(tensor.device == device for tensor in _registered(surrogate)):
        return surrogate
    if not bare:
        return surrogate.to(device)
    twin = copy.deepcopy(surrogate)
    return surrogate if twin is surrogate else twin.to(device)


def at_other_values(case: Case) -> dict[str, Any] | None:
    """Return values of the parameters that all differ from the first ones if possible; ``None`` if there are none."""
    first = case.all_params[0]
    together = {
        p.name: next((value for value in variations(p, first[p.name]) if value != first[p.name]), first[p.name])
        for p in case.spec.parameters
    }
    for params in (together, *case.all_params[1:]):
        if params != first:
            try:
                case.spec(**params)
            except Exception:  # values that the spec refuses together
                continue
            return params
    return None


def learns(surrogate: object) -> bool:
    """Whether a surrogate is a module with parameters of its own that require a gradient."""
    return isinstance(surrogate, nn.Module) and any(p.requires_grad for p in surrogate.parameters())


def parts(surrogate: Any) -> list[Any]:
    """Return the objects with a state of their own that make up a surrogate, but the surrogate of the spec itself."""
    inner = [surrogate] if "_factored" not in dir(surrogate) else [surrogate._factored]
    if isinstance(inner[0], nn.Module):
        inner = list(inner[0].modules())
    plain = (FunctionType, BuiltinFunctionType, MethodType, type)
    return [part for part in inner if not isinstance(part, plain) and _can_change(part)]


def tensors(surrogate: Any) -> list[Tensor]:
    """Return the tensors that a surrogate, or what its factory returned, holds as attributes."""
    held = _registered(surrogate) if isinstance(surrogate, nn.Module) else []
    for part in parts(surrogate):
        held += [value for value in vars(part).values() if isinstance(value, Tensor)]
    return held


def _registered(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _can_change(part: Any) -> bool:
    """Whether an object has attributes that can be set; a frozen dataclass, for example, refuses."""
    for name, value in getattr(part, "__dict__", {}).items():
        try:
            setattr(part, name, value)
        except Exception:  # an attribute that refuses; another may not
            continue
        return True
    return False
