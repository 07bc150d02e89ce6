"""Names of surrogates: ``namespace/name``, and the bare names of the built-ins."""

from __future__ import annotations

BUILTIN = "builtin"
LOCAL = "local"


def qualified(namespace: str, name: str) -> str:
    """Return ``"namespace/name"``."""
    return f"{namespace}/{name}"


def listed(namespace: str, name: str) -> str:
    """Return a name as ``surroreg.names`` lists it: bare if it is built in, else qualified."""
    return name if namespace == BUILTIN else qualified(namespace, name)


def parts(name: str) -> tuple[str, str]:
    """Return the namespace, ``""`` for a bare name, and the name within it."""
    namespace, _, bare = name.rpartition("/")
    return namespace, bare
