"""Descriptions as strict JSON."""

from __future__ import annotations

import json
from typing import Any


def json_safe(data: Any) -> Any:
    """Return data as JSON holds it. Infinite bounds of parameters and NaN, which JSON lacks, become text.

    Raises:
        TypeError, ValueError: a part of the data cannot be JSON.
    """
    return json.loads(json.dumps(data), parse_constant=lambda text: repr(float(text)))
