"""One formula, many tongues: numbers, SymPy's expressions, and what is written from these.

mpmath and SymPy come with torch, and are imported only when they are asked for.
"""

from surroreg.formula.numeric import kinks, values
from surroreg.formula.symbolic import expression, parse
from surroreg.formula.text import NOISE

__all__ = ["NOISE", "expression", "kinks", "parse", "values"]
