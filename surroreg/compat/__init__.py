"""Surrogates for the neurons of other libraries: a module for each, which imports that library only where it must.

=================  =============================================================================
snnTorch           :mod:`surroreg.compat.snntorch`, to be imported for ``snntorch.surrogate``
SpikingJelly       :mod:`surroreg.compat.spikingjelly`
Norse              :mod:`surroreg.compat.norse`: ``method="surroreg:atan"``
sinabs             :mod:`surroreg.compat.sinabs`: ``spike_fn=``, ``surrogate_grad_fn=``
rockpool           :mod:`surroreg.compat.rockpool`: ``spike_generation_fn=``
=================  =============================================================================

A surrogate fires at exactly zero where the neurons of that library do, unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from surroreg import api
from surroreg.errors import ParameterTypeError, shortened
from surroreg.specs.validation import check_at_zero

if TYPE_CHECKING:
    from surroreg.module import Surrogate


def as_surrogate(surrogate: Surrogate | str, params: Mapping[str, Any], at_zero: int | None) -> Surrogate:
    """Return the surrogate that is meant: a name is loaded, a surrogate is taken as it is.

    Args:
        surrogate: a name, as for :func:`surroreg.load`, or what that returned.
        params: values for its parameters, beside a name.
        at_zero: the spike at exactly zero, 0 or 1; as the spec says if ``None``.

    Raises:
        TypeError: neither is given; or parameters beside a surrogate, or one that does not fire at zero as asked.
        SurroregError: see :func:`surroreg.load`.
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
    """Raise if a surrogate learns a parameter that a library would not train.

    Args:
        surrogate: any.
        reason: why not, and what to do about it, as sentences.

    Raises:
        ParameterTypeError: it learns one.
    """
    for name, parameter in surrogate.named_parameters():
        if parameter.requires_grad:
            raise ParameterTypeError(f"{surrogate!r} cannot learn its {name} here: {reason}")
