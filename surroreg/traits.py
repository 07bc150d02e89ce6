"""What a spec promises beyond its formula, and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from surroreg.errors import SpecError, did_you_mean
from surroreg.parameters import as_tuple

Capability = Literal["autocast", "compile", "export", "func_grad", "jvp", "second_order", "vmap"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


@dataclass(frozen=True)
class Traits:
    """What a spec promises beyond its formula.

    Args:
        fires_at_zero: the forward pass gives 1 at exactly zero (the default is 0).
        stochastic: the derivative draws random numbers.
        even: whether ``d(-x) == d(x)``; ``None`` where nothing is promised.
        non_negative: whether ``d(x) >= 0`` everywhere; ``None`` where nothing is promised.
        reads: what the derivative needs of ``x``: its values (``"input"``), only whether it is above
            zero (``"sign"``), or only its shape (``"nothing"``). It decides what is kept for the
            backward pass: the input, the spikes (which the next layer keeps alive anyway), nothing.
        kinks: places where the derivative is not smooth, as formulas of the parameters.
        stable_formula: whether the formula, computed in float32 as it is written, neither overflows to NaN
            nor loses digits. On a GPU the backward pass is then one kernel, which is compiled from it.
        supports: what of PyTorch a black box (a factory's callable) works with: ``"autocast"``,
            ``"compile"``, ``"export"``, ``"func_grad"``, ``"jvp"``, ``"second_order"``, ``"vmap"``. What
            is not listed must refuse; ``None`` promises nothing. A derivative works with all of them.
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
        if self.reads not in ("input", "sign", "nothing"):
            raise SpecError(f"reads must be 'input', 'sign' or 'nothing', not {self.reads!r}.")
        object.__setattr__(self, "kinks", as_tuple(self.kinks, "kinks"))
        if self.supports is not None:
            object.__setattr__(self, "supports", as_tuple(self.supports, "supports"))
            for capability in self.supports:
                if capability not in CAPABILITIES:
                    hint = did_you_mean(str(capability), CAPABILITIES)
                    raise SpecError(f"supports lists {capability!r}, not one of {', '.join(CAPABILITIES)}.{hint}")


@dataclass(frozen=True)
class Reference:
    """Where a surrogate comes from: ``doi:...``, ``arxiv:...`` or an ``https://`` address."""

    identifier: str

    def __post_init__(self) -> None:
        if not re.match(r"doi:10\.|arxiv:|https?://", self.identifier):
            raise SpecError(f"reference {self.identifier!r} must begin with 'doi:10.', 'arxiv:' or 'https://'.")

    @property
    def url(self) -> str:
        """Address of the work."""
        return re.sub(r"^arxiv:", "https://arxiv.org/abs/", re.sub(r"^doi:", "https://doi.org/", self.identifier))
