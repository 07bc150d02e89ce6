"""Promises of a spec beyond its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from surroreg.errors import SpecError, did_you_mean, public, shortened
from surroreg.specs.validation import as_text, as_tuple

Capability = Literal["autocast", "compile", "export", "func_grad", "jvp", "second_order", "vmap"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


@public
@dataclass(frozen=True)
class Traits:
    """Promises of a spec beyond its formula.

    Args:
        fires_at_zero: the forward pass gives 1 at exactly zero (the default is 0).
        stochastic: the derivative draws random numbers.
        even: whether ``d(-x) == d(x)``; ``None`` where nothing is promised.
        non_negative: whether ``d(x) >= 0`` everywhere; ``None`` where nothing is promised.
        reads: how much of ``x`` the derivative needs: its values (``"input"``), only whether ``x`` is above
            zero (``"sign"``), or only its shape (``"nothing"``). Accordingly the backward pass keeps the
            input, the spikes (which the next layer keeps alive anyway), or nothing.
        kinks: places where the derivative is not smooth, as formulas of the parameters.
        stable_formula: whether the formula, computed in float32 as it is written, neither overflows to NaN
            nor loses digits. On a GPU the backward pass is then one kernel, which is compiled from it. A ``kernel``
            for a derivative that reads no more than the sign counts as one operation already, and stays.
        supports: the parts of PyTorch that a black box (a factory's callable) works with: ``"autocast"``,
            ``"compile"``, ``"export"``, ``"func_grad"``, ``"jvp"``, ``"second_order"``, ``"vmap"``. With
            others it must raise; ``None`` promises nothing. A derivative works with all of them.

    Raises:
        SpecError: one of them is of another type, or none of the words that are listed.
    """

    fires_at_zero: bool = False
    stochastic: bool = False
    even: bool | None = None
    non_negative: bool | None = None
    reads: Literal["input", "sign", "nothing"] = "input"
    kinks: tuple[str, ...] = ()
    stable_formula: bool = False
    supports: tuple[Capability, ...] | None = None

    def __post_init__(self) -> None:
        for key in ("fires_at_zero", "stochastic", "even", "non_negative", "stable_formula"):
            value = getattr(self, key)
            if not isinstance(value, bool) and not (value is None and key in ("even", "non_negative")):
                raise SpecError(f"{key} must be True or False, not {shortened(value)}.")
        object.__setattr__(self, "reads", as_text(self.reads, "reads"))
        if self.reads not in ("input", "sign", "nothing"):
            raise SpecError(f"reads must be 'input', 'sign' or 'nothing', not {shortened(self.reads)}.")
        kinks = as_tuple(self.kinks, "kinks")
        object.__setattr__(
            self, "kinks", tuple(as_text(kink, "a kink, a formula of the parameters,") for kink in kinks)
        )
        if self.supports is not None:
            supports = tuple(as_text(each, "what supports lists") for each in as_tuple(self.supports, "supports"))
            object.__setattr__(self, "supports", supports)
            for capability in supports:
                if capability not in CAPABILITIES:
                    hint = did_you_mean(capability, CAPABILITIES)
                    raise SpecError(
                        f"supports lists {shortened(capability)}, not one of {', '.join(CAPABILITIES)}.{hint}"
                    )
