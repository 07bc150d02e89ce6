"""The order of versions.

The package ``packaging`` knows it, too, but surroreg does not require it for the few installations in which one
folder has two copies of a distribution.
"""

from __future__ import annotations

import re
from typing import Any

#: The parts of a version, as PEP 440 spells them: epoch, release, pre-release, post-release, development, local.
_VERSION = re.compile(
    r"v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?"
    r"(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?"
    r"(?:[-_.]?(dev)[-_.]?([0-9]*))?"
    r"(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?"
)
_STAGES = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


def order(version: str) -> tuple[Any, ...]:
    """Return a key that sorts versions as PEP 440 does; what it does not know comes before all others."""
    parts = _VERSION.fullmatch(version.lower())
    if parts is None:
        return ((), version)
    epoch, release, stage, pre, implicit, post, post_number, dev, dev_number, local = parts.groups()
    numbers = [_number(part) for part in release.split(".")]
    while numbers and numbers[-1] == _number("0"):
        numbers.pop()
    is_post = bool(post or implicit)
    return (
        (_number(epoch), numbers),
        # Development of a version comes before its pre-releases, unless it is one of them, or of a post-release.
        (1, _STAGES.get(stage, stage), _number(pre)) if stage else (0,) if dev and not is_post else (2,),
        (1, _number(implicit or post_number)) if is_post else (0,),
        (0, _number(dev_number)) if dev else (1,),
        [(1, _number(part)) if part.isdigit() else (0, part) for part in re.split("[-_.]", local)] if local else [],
    )


def _number(digits: str | None) -> tuple[int, str]:
    """Return digits as they compare, however many they are."""
    significant = (digits or "").lstrip("0")
    return len(significant), significant
