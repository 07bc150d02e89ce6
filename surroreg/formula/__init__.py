"""One formula, many tongues: numbers, expressions of SymPy, and code that is written from these.

torch requires SymPy, and SymPy requires mpmath. They are imported when the first formula is parsed or evaluated.
"""

from surroreg.formula.numeric import kinks, values
from surroreg.formula.symbolic import expression, parse
from surroreg.formula.text import NOISE

__all__ = ["NOISE", "expression", "kinks", "parse", "values"]
