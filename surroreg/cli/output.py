"""What every command prints under ``--json``."""

from __future__ import annotations

import json
from typing import Any

#: Version of the shapes: it changes when a key goes or changes its meaning, not when one is added.
SCHEMA = 1


def print_json(**data: Any) -> None:
    """Print data as JSON; numbers that JSON does not know, the infinite bounds of a parameter say, become text."""
    plain = json.loads(json.dumps({"schema": SCHEMA, **data}), parse_constant=lambda text: repr(float(text)))
    print(json.dumps(plain, indent=2))
