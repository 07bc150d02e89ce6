"""The other libraries' surrogates as they are installed, one file for each library.

The file of a library holds a ``LIBRARY``, which gives the tests what they need to verify the library's rows. Nothing
else names the file.
"""

from __future__ import annotations

import importlib
import pkgutil

from surroreg.libraries import LIBRARIES, ROWS
from tests.translation.originals.installed import Installed

ORIGINALS: dict[str, Installed] = {
    name: importlib.import_module(f"{__name__}.{name}").LIBRARY
    for _, name, _ in pkgutil.iter_modules(__path__)
    if name in LIBRARIES
}
#: Only installed libraries are compared with their rows. A test reports each missing library once.
INSTALLED = {name: library for name, library in ORIGINALS.items() if not library.missing()}

#: Rows by a short name for test ids.
BY_ID = {f"{row.library}.{row.names[0]}": row for row in ROWS}
EQUIVALENT = {name: row for name, row in BY_ID.items() if row.ours}
