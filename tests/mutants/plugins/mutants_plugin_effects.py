"""A plugin for each effect: its hook has it."""

import sys

from mutants_effects import EFFECTS
from mutants_plugin_correct import cauchy

from surroreg import hookimpl


def _plugin(effect):
    class Plugin:
        @hookimpl
        def surroreg_surrogates(self):
            EFFECTS[effect]()
            return [cauchy]

    return Plugin()


for effect in EFFECTS:
    setattr(sys.modules[__name__], "".join(filter(str.isalnum, effect.lower())), _plugin(effect))
