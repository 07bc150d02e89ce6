"""Failures that a plugin declares, with the reason, in its own ``pyproject.toml``.

.. code-block:: toml

    [tool.surroreg.conformance]
    "acme/old_*::vmap" = "kept as published; has no vmap rule"

They are strict: what is declared and passes fails, and a pattern that matches nothing is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from surroreg.conformance.report import Result
from surroreg.conformance.targets import matches
from surroreg.errors import SurroregError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = "[tool.surroreg.conformance]"


def read(path: Path) -> dict[str, str]:
    """Return the patterns and reasons in a ``pyproject.toml``; none if there is no such file or table.

    Raises:
        SurroregError: the file is malformed, or a reason is missing.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SurroregError(f"{path} cannot be read: {error}") from error
    declared: Any = found
    for key in ("tool", "surroreg", "conformance"):
        declared = declared.get(key, {})
        if not isinstance(declared, dict):
            raise SurroregError(f"{TABLE} in {path}: {key!r} must be a table, of patterns and reasons.")
    for pattern, reason in declared.items():
        if not isinstance(reason, str) or not reason.strip():
            raise SurroregError(f"{TABLE} in {path}: give {pattern!r} a reason, a text that is not empty.")
    return dict(declared)


def covers(pattern: str, item_id: str) -> bool:
    """Whether a pattern matches an item's id, or the id without its device."""
    return matches(item_id, pattern) or matches(item_id.rpartition("[")[0], pattern)


def refuse_stale(declared: Iterable[str], ids: Iterable[str], unavailable: Iterable[str] = ()) -> None:
    """Raise if a pattern matches none of the items.

    Args:
        declared: the patterns.
        ids: of all items.
        unavailable: namespaces of which there are none, as the library they wrap is not installed.

    Raises:
        SurroregError: with the pattern.
    """
    ids, away = list(ids), {f"{namespace}/" for namespace in unavailable}
    for pattern in declared:
        if not any(covers(pattern, item_id) for item_id in ids) and not pattern.startswith(tuple(away)):
            raise SurroregError(
                f"{TABLE}: {pattern!r} matches no check of what is selected; remove it, or correct it "
                "(an id is 'namespace/name::check[device]')."
            )


def judged(result: Result, declared: dict[str, str]) -> Result:
    """Return a result as the declared failures have it."""
    for pattern, reason in declared.items():
        if not covers(pattern, result.id):
            continue
        if result.status in ("failed", "warned"):
            return replace(result, status="known", message=f"known failure: {reason}\n{result.message}")
        if result.status == "passed":
            message = f"passes, but {TABLE} declares that it fails: {pattern!r} ({reason}). Remove that line."
            return replace(result, status="failed", message=message)
    return result
