"""One formula, many tongues: numbers, expressions of SymPy, and code that is written from these.

mpmath and SymPy are requirements of torch. They are imported when the first formula is evaluated or parsed.
"""

from surroreg.formula.numeric import kinks, values
from surroreg.formula.symbolic import expression, parse
from surroreg.formula.text import NOISE

__all__ = ["NOISE", "expression", "kinks", "parse", "values"]
