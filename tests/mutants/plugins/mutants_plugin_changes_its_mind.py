"""Offers another surrogate whenever it is asked."""

import itertools

from mutants_plugin_correct import cauchy

from surroreg import SurrogateSpec, hookimpl

COUNT = itertools.count()


@hookimpl
def surroreg_surrogates():
    return [SurrogateSpec.from_dict({**cauchy.to_dict(), "name": f"cauchy_{next(COUNT)}"})]
