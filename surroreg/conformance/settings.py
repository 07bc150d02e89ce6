"""How to run: devices, dtypes, seed, number of examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from surroreg.conformance.case import DTYPES
from surroreg.errors import SurroregError

DEVICES = ("cpu", "meta", "cuda")


@dataclass(frozen=True)
class Settings:
    """How to run.

    Args:
        devices: where to run; what is not there counts as unverified.
        required: devices whose absence is a failure.
        dtypes: for the checks that are repeated for several.
        seed: of everything drawn.
        examples: how many inputs hypothesis tries per check.
        strict: whether a failing check of severity ``"strict"`` fails the run, and not only warns.
    """

    devices: tuple[str, ...] = DEVICES
    required: tuple[str, ...] = ()
    dtypes: tuple[torch.dtype, ...] = DTYPES
    seed: int = 0
    examples: int = 50
    strict: bool = False

    def __post_init__(self) -> None:
        for device in (*self.devices, *self.required):
            if device not in DEVICES:
                raise SurroregError(f"no checks for device {device!r}; there are: {', '.join(DEVICES)}.")
        # What is required is run; each once, in one order.
        asked = {*self.devices, *self.required}
        object.__setattr__(self, "devices", tuple(device for device in DEVICES if device in asked))
        if not self.devices or not self.dtypes:
            raise SurroregError("nothing to check: give at least one device and one dtype.")
        for dtype in self.dtypes:
            if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
                raise TypeError(f"dtypes takes floating torch dtypes, such as torch.float32, not {dtype!r}.")
        for what in ("seed", "examples"):
            if type(getattr(self, what)) is not int:
                raise TypeError(f"{what} takes an int, not {getattr(self, what)!r}.")
        if type(self.strict) is not bool:
            raise TypeError(f"strict takes True or False, not {self.strict!r}.")
        if not -(2**63) <= self.seed < 2**63:
            raise SurroregError(f"the seed {self.seed} does not fit into 64 bits.")
        if self.examples < 1:
            raise SurroregError(f"at least one example must be tried, not {self.examples}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        dtypes = [str(dtype).removeprefix("torch.") for dtype in self.dtypes]
        return {
            "seed": self.seed,
            "examples": self.examples,
            "strict": self.strict,
            "dtypes": dtypes,
            "devices": list(self.devices),
        }
