"""Raises when it is imported."""

from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

raise RuntimeError("no licence found")
