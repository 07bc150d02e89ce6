"""Kinks and texts of a spec that are not true, or not written."""

from __future__ import annotations

from surroreg import Parameter, Traits, surrogate
from tests.mutants.base import REFERENCES, derivative, mutant

WIDTH = Parameter("width", 1.0, gt=0, symbol="w", doc="Half the window, in membrane units.")


# -- kinks ------------------------------------------------------------------------------------------


@mutant("kinks")
@surrogate(formula="exp(-Max(0, x - 0.3))/(1 + 25*Abs(x))**2", references=REFERENCES, traits=Traits(kinks=("0",)))
def kink_left_out(x):
    """Declares one kink of two."""
    return (-(x - 0.3).clamp(min=0)).exp() * derivative(x)


@mutant("kinks")
@surrogate(formula="1/(1 + x**2)", references=REFERENCES, traits=Traits(kinks=("0", "0.5")))
def kinks_of_a_smooth_bell(x):
    """Declares kinks of a function that is smooth everywhere."""
    return 1 / (1 + x.square())


@mutant("kinks")
@surrogate(
    formula="Max(0, 1 - Abs(x)/width)",
    parameters=[WIDTH],
    references=REFERENCES,
    traits=Traits(kinks=("-1", "0", "1")),
)
def kinks_at_numbers(x, width):
    """Declares the kinks of its default width as numbers."""
    return (1 - x.abs() / width).clamp(min=0)


# -- texts ------------------------------------------------------------------------------------------


@mutant("texts_written")
@surrogate(formula="1/(1 + x**2)", references=["https://example.org/my-paper"])
def reference_of_a_template(x):
    """Refers to the address in a template."""
    return 1 / (1 + x.square())


@mutant("texts_written")
@surrogate(formula="1/(1 + x**2)", references=["arxiv:1713.02609"])
def month_seventeen(x):
    """Refers to a preprint of a month that does not exist."""
    return 1 / (1 + x.square())


@mutant("texts_written")
@surrogate(formula="1/(1 + x**2)", references=REFERENCES)
def summary_not_written(x):
    """TODO: write this."""
    return 1 / (1 + x.square())


@mutant("texts_written")
@surrogate(formula="1/(1 + (x/width)**2)", parameters=[Parameter("width", 1.0, gt=0, doc="...")], references=REFERENCES)
def doc_of_dots(x, width):
    """Documents its width by three dots."""
    return 1 / (1 + (x / width).square())


@mutant("texts_written")
@surrogate(
    formula="height/(1 + (x/w)**2)",
    parameters=[Parameter("height", 1.5, gt=0, symbol="w", doc="Peak."), Parameter("w", 2.0, gt=0, doc="Width.")],
    references=REFERENCES,
)
def symbol_of_another(x, height, w):
    """Gives its height the letter that its width is called by."""
    return height / (1 + (x / w).square())
