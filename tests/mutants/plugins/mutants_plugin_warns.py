"""Warns when it is imported."""

import warnings

from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

warnings.warn("this plugin is experimental", stacklevel=1)
