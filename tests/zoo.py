"""The zoo of this checkout, which need not be installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from surroreg import SurrogateSpec

FOLDER = Path(__file__).parents[1] / "plugins" / "surroreg-zoo"


def zoo_specs() -> list[SurrogateSpec]:
    """Return its surrogates."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module("surroreg_zoo").surroreg_surrogates()
    finally:
        sys.path.remove(str(FOLDER))
