"""Objects by name: ``"package.module:name"``, as configs, descriptions and pickles write them."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from surroreg.errors import SpecError, in_one_line, shortened


def import_object(reference: str) -> Any:
    """Return the object that ``"package.module:qualified.name"`` names, importing its module.

    Raises:
        SpecError: the reference is malformed, or nothing is there; the cause is chained.
    """
    module, _, path = reference.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may call sys.exit while it is imported
        raise SpecError(
            f"cannot import {shortened(reference)}: {in_one_line(error)}. "
            "Expected 'package.module:name' of something at a module's top level."
        ) from error
    return found


def loaded_object(reference: str) -> Any:
    """Return what a reference names if its module is imported already; without imports, and without running its code.

    Raises:
        SpecError: the module is not imported, or nothing is there.
    """
    module, _, path = reference.partition(":")
    found: Any = sys.modules.get(module)
    if found is None:
        raise SpecError(
            f"{shortened(reference)} is in a module that is not imported, and data imports none. "
            "Import it first; surroreg.from_config also takes allow_imports=True."
        )
    for part in path.split("."):
        try:
            found = vars(found)[part]  # not getattr: a module's __getattr__ may import
        except (TypeError, KeyError):
            raise SpecError(f"there is nothing at {shortened(reference)}.") from None
        found = found.__func__ if isinstance(found, staticmethod) else found
    return found


def reference_to(obj: object) -> str:
    """Return the ``"package.module:qualified.name"`` under which ``obj`` was defined."""
    if isinstance(obj, str):
        return obj
    return f"{_text_of(obj, '__module__') or '?'}:{_text_of(obj, '__qualname__') or shortened(obj)}"


def _text_of(obj: object, attribute: str) -> str:
    try:
        value = getattr(obj, attribute, "")
    except Exception:  # of a plugin's object
        return ""
    return value if type(value) is str else ""
