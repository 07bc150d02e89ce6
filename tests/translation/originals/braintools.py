"""braintools: classes, for arrays of JAX."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from surroreg.libraries import Equivalent
from tests.translation.originals.installed import InstalledJax


class Braintools(InstalledJax):
    def public(self) -> set[str]:
        return {name for name in self.home.__all__ if inspect.isclass(getattr(self.home, name))} - {"Surrogate"}

    def admits(self, row: Equivalent, params: Mapping[str, Any]) -> bool:
        return row.names[0] != "QPseudoSpike" or params["alpha"] > 1


LIBRARY = Braintools("braintools", ignored={"epsilon"})  # only the primitive reads epsilon
