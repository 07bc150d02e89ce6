"""The proof that a surrogate keeps its promises: one table of checks, with two front doors.

:func:`check` runs them from Python, ``surroreg check`` from a shell, and ``pytest --plugin-conformance``
as tests. Needs hypothesis: ``pip install 'surroreg[conformance]'``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surroreg.conformance.report import Report, Result
    from surroreg.conformance.runner import check
    from surroreg.conformance.table import ConformanceError

_HOMES = {"check": "runner", "ConformanceError": "table", "Report": "report", "Result": "report"}

__all__ = ["ConformanceError", "Report", "Result", "check"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'surroreg.conformance' has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(f"surroreg.conformance.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError("conformance needs hypothesis: pip install 'surroreg[conformance]'") from error
    globals()[name] = value
    return value
