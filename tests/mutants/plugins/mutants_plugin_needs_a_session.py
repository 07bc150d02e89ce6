"""Loads only where somebody has set up for it."""

import sys

from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

if "pytest" not in sys.modules:
    raise RuntimeError("no session")
