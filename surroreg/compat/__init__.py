"""Surrogates for the neurons of other libraries.

Each module of this package is the adapter of one library, and has the name that users import:
:mod:`surroreg.compat.norse` for ``import norse``. An adapter imports its library only when it needs it.

By default a surrogate fires at exactly zero where the neurons of that library do.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from surroreg import api
from surroreg.errors import ParameterTypeError, shortened
from surroreg.specs.validation import check_at_zero

if TYPE_CHECKING:
    from surroreg.module import Surrogate


def adapters() -> list[str]:
    """Return the names of the libraries that have an adapter, sorted; imports none of the modules."""
    return sorted(name for _, name, _ in pkgutil.iter_modules(__path__))


def as_surrogate(surrogate: Surrogate | str, params: Mapping[str, Any], at_zero: int | None) -> Surrogate:
    """Return a surrogate as it is, or load one by its name.

    Args:
        surrogate: a surrogate, or a name as for :func:`surroreg.load`.
        params: values of parameters, if a name is given.
        at_zero: the spike at exactly zero, 0 or 1. ``None`` leaves it to the spec or to the loaded surrogate.

    Raises:
        TypeError: the first argument is neither a surrogate nor a name; or parameters are given beside a surrogate; or
            a surrogate does not fire at zero as ``at_zero`` asks.
        SurroregError: as :func:`surroreg.load`.
    """
    from surroreg.module import Surrogate

    if isinstance(surrogate, str):
        return api.load(surrogate, at_zero=at_zero, **params)
    check_at_zero(at_zero)
    if not isinstance(surrogate, Surrogate):
        raise TypeError(f"give a surrogate or the name of one, not {shortened(surrogate)}.")
    if params:
        raise ParameterTypeError(
            f"{surrogate!r} is loaded already; give {', '.join(params)} to surroreg.load, or a name instead of it here."
        )
    if at_zero not in (None, surrogate.at_zero):
        raise ParameterTypeError(
            f"{surrogate!r} fires {surrogate.at_zero} at exactly zero, and at_zero={at_zero!r} is asked for here. "
            f"Load it with at_zero={at_zero!r}, or pass at_zero={surrogate.at_zero} beside it."
        )
    return surrogate


def refuse_learnable(surrogate: Surrogate, reason: str) -> None:
    """Raise if a surrogate has a learnable parameter, for a library that would not train it.

    Args:
        surrogate: any surrogate.
        reason: sentences for the message: why the library would not train the parameter, and what to do instead.

    Raises:
        ParameterTypeError: a parameter of the surrogate is learnable.
    """
    for name, parameter in surrogate.named_parameters():
        if parameter.requires_grad:
            raise ParameterTypeError(f"{surrogate!r} cannot learn its {name} here: {reason}")
