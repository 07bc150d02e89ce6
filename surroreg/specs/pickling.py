"""Pickles of specs: by the name of the spec, by its description, or with its functions."""

from __future__ import annotations

import contextlib
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, get_args

from surroreg.errors import SpecError
from surroreg.specs.imports import import_object, loaded_object
from surroreg.specs.signature import Role

if TYPE_CHECKING:
    from surroreg.specs.spec import SurrogateSpec


def goes_by_value(spec: SurrogateSpec) -> bool:
    """Whether a pickle that is being written holds the spec's functions themselves.

    cloudpickle and dill, which Ray, joblib and notebooks use, do so with the functions that the main program or another
    function defines: in another process no name leads to those.
    """
    module, _, path = spec.origin.partition(":")
    return (module == "__main__" or "<locals>" in path) and _is_pickled_by_value()


def reduced(spec: SurrogateSpec) -> tuple[Any, ...]:
    """Return a spec as ``__reduce__`` returns it."""
    rebuild = type(spec).from_dict
    if goes_by_value(spec):
        description = spec.to_dict()
        base = spec.base or spec
        functions = {role: base.resolve(role) for role in get_args(Role) if getattr(base, role) is not None}
        (description if spec.base is None else description["base"]).update(functions)
        return rebuild, (description,)
    with contextlib.suppress(SpecError):  # a decorated function's name leads to its spec
        if loaded_object(spec.origin) is spec:
            return import_object, (spec.origin,)
    return rebuild, (spec.to_dict(),)


def _is_pickled_by_value() -> bool:
    """Whether cloudpickle or dill is among the callers, under whatever name a package ships it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if {"cloudpickle", "dill"} & {*frame.f_globals.get("__name__", "").split(".")}:
            return True
        frame = frame.f_back
    return False
