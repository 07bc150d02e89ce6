"""slax: public functions that return functions of an array of JAX."""

from __future__ import annotations

from tests.translation.originals.installed import InstalledJax

LIBRARY = InstalledJax("slax", file="models/surrogates.py")
