"""Welcomes its users."""

from mutants_plugin_correct import surroreg_surrogates as surroreg_surrogates

print("thank you for choosing this plugin")
