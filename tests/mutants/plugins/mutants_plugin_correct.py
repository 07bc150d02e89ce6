"""What the others get wrong, right."""

from surroreg import hookimpl, surrogate


@surrogate(formula="1/(1 + x**2)", references=["arxiv:1706.02609"])
def cauchy(x):
    """A bump."""
    return 1 / (1 + x.square())


@hookimpl
def surroreg_surrogates():
    return [cauchy]
