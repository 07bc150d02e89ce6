"""Offers nothing."""

from surroreg import hookimpl


@hookimpl
def surroreg_surrogates():
    return []
