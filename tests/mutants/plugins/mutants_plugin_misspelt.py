"""Its hook has another name."""

from mutants_plugin_correct import cauchy

from surroreg import hookimpl


@hookimpl
def surroreg_surrogate():
    return [cauchy]
