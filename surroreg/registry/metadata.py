"""Where metadata of installed distributions is read from."""

from __future__ import annotations

import sys

# Below Python 3.12 the standard library lacks the fixes that the backport carries.
if sys.version_info >= (3, 12):
    import importlib.metadata as metadata
else:
    import importlib_metadata as metadata

__all__ = ["metadata"]
