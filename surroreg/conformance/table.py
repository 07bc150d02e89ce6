"""What a check is, and the one table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import torch

from surroreg.specs import SurrogateSpec

if TYPE_CHECKING:
    from surroreg.conformance.case import Case
    from surroreg.conformance.provider import Provider

    Function = TypeVar("Function", Callable[[Case], None], Callable[[Provider], None])

Severity = Literal["error", "strict", "warning"]
Sweep = Literal["all", "parameters", "dtypes", "once", "provider"]


class ConformanceError(Exception):
    """A surrogate breaks a promise.

    Args:
        promise: what should have held.
        at: the input where it does not, at its worst.
        got: the value there.
        expected: the value that was promised.
    """

    def __init__(self, promise: str, *, at: Any = None, got: Any = None, expected: Any = None) -> None:
        super().__init__(promise)
        self.promise = promise
        self.facts = {
            name: str(value) for name, value in (("at", at), ("got", got), ("expected", expected)) if value is not None
        }

    def __str__(self) -> str:
        return "\n".join(
            [f"promised: {self.promise}", *(f"{name + ':':9} {fact}" for name, fact in self.facts.items())]
        )


class NotVerifiedError(Exception):
    """A check cannot say anything of this surrogate; the message is the reason. It counts as skipped."""


class UnavailableError(NotVerifiedError):
    """A check needs a library that is not installed; the message tells how to install it. It counts as unverified."""


@dataclass(frozen=True)
class Gate:
    """What a spec must declare for a check to apply.

    Args:
        trait: what it is called.
        applies: whether a spec declares it.
        otherwise: reason shown when the check is skipped. If empty, the report leaves the check out instead.
    """

    trait: str
    applies: Callable[[SurrogateSpec], bool]
    otherwise: str = ""


ANY = Gate("any", lambda spec: True)
DETERMINISTIC = Gate("deterministic", lambda spec: not spec.traits.stochastic)
STOCHASTIC = Gate("stochastic", lambda spec: spec.traits.stochastic)
BLACK_BOX = Gate("factory", lambda spec: spec.factory is not None)
NOISE_FORMULA = Gate(
    "stochastic, formula",
    lambda spec: spec.traits.stochastic and spec.formula is not None,
)
DERIVATIVE = Gate("derivative", lambda spec: spec.derivative is not None)
KEEPS_INPUT = Gate(
    "derivative that reads its input", lambda spec: spec.derivative is not None and spec.traits.reads == "input"
)
DECLARED = Gate(
    "derivative or formula",
    lambda spec: spec.derivative is not None or (spec.formula is not None and not spec.traits.stochastic),
    "it declares neither a derivative nor a formula to hold its gradient to",
)
FORMULA = Gate(
    "formula",
    lambda spec: spec.formula is not None and not spec.traits.stochastic,
    "it declares no formula (of a deterministic gradient)",
)
EXACT = Gate("derivative, formula", lambda spec: spec.derivative is not None and spec.formula is not None)
STABLE = Gate("stable_formula", lambda spec: spec.traits.stable_formula)
PRIMITIVE = Gate("primitive", lambda spec: spec.primitive is not None, "it declares no primitive")
EVEN = Gate("even", lambda spec: spec.traits.even is not None, "it promises nothing about being even")
NON_NEGATIVE = Gate(
    "non_negative", lambda spec: spec.traits.non_negative is not None, "it promises nothing about its sign"
)
PARAMETERS = Gate("parameters", lambda spec: bool(spec.parameters))
EVEN_DERIVATIVE = Gate("derivative, even", lambda spec: spec.derivative is not None and bool(spec.traits.even))
DERIVATIVE_PARAMETERS = Gate(
    "derivative, parameters", lambda spec: spec.derivative is not None and bool(spec.parameters)
)


@dataclass(frozen=True)
class Check:
    """One conformance property.

    Args:
        id: stable name, that of its function.
        title: the promise, in a line.
        why: what goes wrong in a user's network when it does not hold.
        bug: a real bug it catches, with its source, or ``""``.
        run: the function, of a :class:`Case` (or a :class:`Provider`); it raises :class:`ConformanceError`
            or :class:`NotVerifiedError`.
        gate: what the spec must declare for it to apply.
        severity: a failing ``"warning"`` is reported and fails nothing; so is a failing ``"strict"``, unless the run
            is strict.
        sweep: over what it is repeated: ``"all"`` parameter values and dtypes, ``"parameters"`` at the
            widest dtype, ``"dtypes"`` at the defaults, ``"once"`` at both, or once for the whole ``"provider"``.
        devices: where it can run.
        dtypes: the dtypes it is repeated for, in place of those that the sweep has.
    """

    id: str
    title: str
    why: str
    bug: str
    run: Callable[[Any], None]
    gate: Gate = ANY
    severity: Severity = "error"
    sweep: Sweep = "all"
    devices: tuple[str, ...] = ("cpu", "cuda")
    dtypes: tuple[torch.dtype, ...] = ()

    def fails(self, *, strict: bool) -> bool:
        """Whether a broken promise fails a run, which may be strict; else it is a warning."""
        return self.severity == "error" or (strict and self.severity == "strict")


CHECKS: dict[str, Check] = {}


def check(
    title: str,
    *,
    why: str,
    bug: str = "",
    gate: Gate = ANY,
    severity: Severity = "error",
    sweep: Sweep = "all",
    devices: tuple[str, ...] = ("cpu", "cuda"),
    dtypes: tuple[torch.dtype, ...] = (),
) -> Callable[[Function], Function]:
    """Enter a function into the table; the arguments are those of :class:`Check`."""

    def enter(run: Function) -> Function:
        CHECKS[run.__name__] = Check(run.__name__, title, why, bug, run, gate, severity, sweep, devices, dtypes)
        return run

    return enter
