"""Its hook is not marked as one."""

from mutants_plugin_correct import cauchy


def surroreg_surrogates():
    return [cauchy]
