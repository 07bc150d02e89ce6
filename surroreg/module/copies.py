"""Copies and pickles of surrogates: the spec by name where a name leads to it, the values, and what is learnt."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from torch import nn

from surroreg.errors import NoPrimitiveError, ParameterError, ParameterTypeError, SpecError, shortened, warn
from surroreg.module.values import checked
from surroreg.registry import process
from surroreg.specs import SurrogateSpec
from surroreg.specs.adjusted import adjusted
from surroreg.specs.pickling import goes_by_value
from surroreg.specs.validation import as_saved_dtype

if TYPE_CHECKING:
    from surroreg.module.surrogate import Surrogate


def state(surrogate: Surrogate) -> dict[str, Any]:
    """Return what a pickle holds.

    Raises:
        PicklingError: the spec has no name, and does not go by value either.
    """
    # By name, not by value: the derivative's own name is bound to the spec, so the function cannot be pickled.
    spec = surrogate.spec.base or surrogate.spec
    try:
        name = process.registry.name_of(spec) if not goes_by_value(spec) else ""
    except SpecError as error:
        raise pickle.PicklingError(str(error)) from error
    # A spec that is not registered pickles as itself: weights-only loading imports nothing by name.
    is_registered = bool(name) and ":" not in name
    module = _module_state(surrogate)
    state = {
        "spec": name if is_registered else spec,
        "at_zero": surrogate._fires_at_zero,
        "saved_dtype": surrogate.saved_dtype,
        "numbers": _numbers(surrogate),
        "module": module,
    }
    made = surrogate._modules.get("_factored")
    if made is not None:  # the factory builds the module anew; the weights are kept
        module["_modules"] = {key: value for key, value in surrogate._modules.items() if value is not made}
        state["made"] = made.state_dict()
    return state


def restore(surrogate: Surrogate, state: Any) -> None:
    """Give a new object the state that a pickle held.

    Raises:
        SpecError: this is no state of a surrogate.
        ParameterTypeError: a value is of another type than its parameter.
        UnknownSurrogateError: no built-in, registered or installed spec has that name.
    """
    # A checkpoint is data: it may hold anything, and no name in it is imported.
    parts = [state.get(part) for part in ("numbers", "module")] if isinstance(state, dict) else [None]
    if not all(isinstance(part, dict) for part in parts) or not {"spec", "at_zero"} <= state.keys():
        raise SpecError(f"what was saved is no state of a surrogate: {shortened(state)}.")
    nn.Module.__setstate__(surrogate, state["module"])  # type: ignore[no-untyped-call]
    names = [*state["numbers"], *surrogate._parameters, *surrogate._buffers]
    spec = state["spec"]
    if not isinstance(spec, SurrogateSpec):
        spec = process.registry.find(spec, may_import=False)[1]
    # A checkpoint that an earlier version wrote has no saved_dtype.
    surrogate._describe(adjusted(spec, names), bool(state["at_zero"]), as_saved_dtype(state.get("saved_dtype")))
    for name, value in state["numbers"].items():
        if surrogate.spec.parameter(name).type is Callable and not callable(value):
            raise ParameterTypeError(f"{surrogate.spec.name!r}: {name!r} was saved as {shortened(value)}, no callable.")
        surrogate.__dict__[name] = value
    surrogate._rebuild()
    if "made" in state:
        surrogate._modules["_factored"].load_state_dict(state["made"])  # type: ignore[union-attr]
    _warn_of_bounds(surrogate, names)


def deep_copy(surrogate: Surrogate, memo: dict[int, Any]) -> Surrogate:
    """Return a copy that shares no value with the surrogate."""
    # The class may be one that torch.nn.utils.parametrize made: no argument of __init__ would describe it.
    clone: Surrogate = type(surrogate).__new__(type(surrogate))
    memo[id(surrogate)] = clone
    clone.__dict__.update(copy.deepcopy(_module_state(surrogate), memo))
    clone._describe(surrogate.spec, surrogate._fires_at_zero, surrogate.saved_dtype)
    clone.__dict__.update(copy.deepcopy(_numbers(surrogate), memo))
    if "_factored" in clone._modules:  # a module, copied with its weights
        clone.__dict__["_call"] = None
    else:
        clone._rebuild()
    return clone


def _numbers(surrogate: Surrogate) -> dict[str, Any]:
    """Return the parameters that are no tensors."""
    return {key: value for key, value in surrogate.__dict__.items() if key in surrogate._names}


def _module_state(surrogate: Surrogate) -> dict[str, Any]:
    """Return the attributes of ``nn.Module`` and of subclasses; dictionaries are new, as a copy must not share them."""
    from surroreg.module.surrogate import Surrogate

    left_out = {*Surrogate.__annotations__, *surrogate._names}
    rest = {key: value for key, value in surrogate.__dict__.items() if key not in left_out}
    return {key: value.copy() if isinstance(value, dict) else value for key, value in rest.items()}


def _warn_of_bounds(surrogate: Surrogate, names: Iterable[str]) -> None:
    """Warn of values that ``load`` would refuse: an optimiser may have led there, and what was saved must load."""
    for name in names:
        try:
            checked(surrogate.spec, surrogate.spec.parameter(name), getattr(surrogate, name))
        except (ParameterError, NoPrimitiveError) as error:
            warn(f"restored as it was saved, though {error}", RuntimeWarning)
