"""The surrogates of other libraries: the facts of :func:`surroreg.translate`.

A library is one file in this folder, with its ``LIBRARY`` and its ``ROWS``. Nothing else names it: this package lists
the files when it is imported, those of libraries for PyTorch first.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import replace

from surroreg.libraries import kin
from surroreg.libraries.kin import GAINS
from surroreg.libraries.table import Equivalent, Library

__all__ = ["GAINS", "KIN", "LIBRARIES", "ROWS", "Equivalent", "Library"]


def _named(library: str, rows: Iterable[Equivalent], verified: bool) -> tuple[Equivalent, ...]:
    """Return the rows of a file with the name of its library. Without a version, all of them are unverified."""
    return tuple(replace(row, library=library, verified=row.runs and verified) for row in rows)


_names = [name for _, name, _ in pkgutil.iter_modules(__path__) if name not in ("kin", "table")]
_files = {name: importlib.import_module(f"{__name__}.{name}") for name in _names}

LIBRARIES: dict[str, Library] = {
    name: _files[name].LIBRARY for name in sorted(_names, key=lambda name: (_files[name].LIBRARY.jax, name))
}
ROWS = tuple(
    row for name, library in LIBRARIES.items() for row in _named(name, _files[name].ROWS, bool(library.version))
)
#: Rows whose two surrogates are both ours.
KIN = _named("surroreg", kin.ROWS, verified=True)
