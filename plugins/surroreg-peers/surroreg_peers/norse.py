"""Norse's surrogates: the methods of its neurons. Their one parameter is ``alpha``, by default 100."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from typing import Any

from surroreg import Parameter, Reference, SurrogateSpec, Traits, hookimpl
from surroreg_peers.describe import CUSP, EVEN, number, provided, steepness

LIBRARY, VERSION = "norse", "1.1.0"
#: The originals have bugs and are for comparison, so a bare name must not load them.
surroreg_bare_names = False


def _method(method: str, alpha: float) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # while it is imported, Norse uses torch.jit.script, which is deprecated
        threshold = importlib.import_module("norse.torch.functional.threshold").threshold
    return functools.partial(threshold, method=method, alpha=alpha)


def superspike(alpha: float) -> Any:
    """Return the method ``"super"``."""
    return _method("super", alpha)


def triangle(alpha: float) -> Any:
    """Return the method ``"triangle"``."""
    return _method("triangle", alpha)


def tanh(alpha: float) -> Any:
    """Return the method ``"tanh"``."""
    return _method("tanh", alpha)


def circ(alpha: float) -> Any:
    """Return the method ``"circ"``."""
    return _method("circ", alpha)


def heavi_erfc(alpha: float) -> Any:
    """Return the method ``"heavi_erfc"``."""
    return _method("heavi_erfc", alpha)


def _spec(
    factory: Callable[..., Any], method: str, formula: str, parameter: Parameter, traits: Traits = EVEN
) -> SurrogateSpec:
    return SurrogateSpec(
        name=factory.__name__,
        factory=factory,
        formula=formula,
        parameters=(parameter,),
        traits=traits,
        aliases=() if method == factory.__name__ else (method,),
        summary=f"The method {method!r} of norse.torch.functional.threshold.",
        references=(Reference("https://pypi.org/project/norse/1.1.0/"),),
    )


STEEPNESS = steepness("alpha", 100)

OFFERED = (
    _spec(superspike, "super", "1/(1 + Abs(x))**2", number("alpha", 100, "Ignored by Norse 1.1.0.", gt=0), CUSP),
    _spec(
        triangle,
        "triangle",
        "alpha*Max(0, 1 - Abs(x))",
        number("alpha", 100, "Height of the peak.", gt=0),
        Traits(even=True, non_negative=True, kinks=("-1", "0", "1")),
    ),
    _spec(tanh, "tanh", "1/cosh(alpha*x)**2", STEEPNESS),
    _spec(circ, "circ", "alpha**3/(x**2 + alpha**2)**Rational(3, 2)", number("alpha", 100, "Width.", gt=0)),
    _spec(heavi_erfc, "heavi_erfc", "2/sqrt(pi)*exp(-(alpha*x)**2)", STEEPNESS),
)


@hookimpl
def surroreg_surrogates() -> list[SurrogateSpec]:
    """Return Norse's surrogates, if it is installed."""
    return provided(LIBRARY, OFFERED)
