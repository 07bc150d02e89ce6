"""Broken plugins. Each is a module in the folder ``plugins``, next to a correct one."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants.base import plugin

PLUGINS = str(Path(__file__).with_name("plugins"))
if PLUGINS not in sys.path:
    sys.path.append(PLUGINS)

plugin(
    "mutants_plugin_raises",
    "provider_loads",
    bug="One plugin that raised at import took all others with it (simonw/llm#1280).",
)
plugin(
    "mutants_plugin_unmarked", "provider_loads", bug="pluggy registers nothing where the marker is missing, silently."
)
plugin("mutants_plugin_misspelt", "provider_loads", bug="pluggy registers nothing of a misspelt hook, silently.")
plugin("mutants_plugin_empty", "provider_loads")
plugin("mutants_plugin_needs_a_session", "provider_loads", loads_here=True)
plugin("mutants_plugin_twice", "provider_loads", bug="pluggy lets one name be registered twice, silently.")
plugin("mutants_plugin_prints", "provider_quiet")
plugin("mutants_plugin_warns", "provider_quiet")
plugin("mutants_plugin_switches_dtype", "provider_pure")
plugin("mutants_plugin_draws", "provider_pure")
plugin("mutants_plugin_registers", "provider_pure")
plugin("mutants_plugin_changes_its_mind", "provider_repeatable")
for _effect in ("denormalnumbers", "childprocesses", "logging"):  # tests/conformance/test_state.py has all
    plugin(f"mutants_plugin_effects:{_effect}", "provider_pure")
plugin("mutants_plugin_effects:standardoutputpastpython", "provider_quiet")
