"""
A surrogate of your own
=======================

From a formula in a notebook to a surrogate with a name, tested by the checks.
"""

# %%
# The derivative of the Gudermannian function, ``1/cosh(slope*x)``, scaled to area 1. The surrogate has the formula
# twice: as code, which trains, and in SymPy's syntax. The checks compare the two. The code takes exp of minus the
# absolute value, which cannot overflow.

import math

import matplotlib.pyplot as plt
import torch

import surroreg
from surroreg import Parameter, Traits, surrogate


@surrogate(
    formula="slope/(pi*cosh(slope*x))",
    parameters=[Parameter("slope", 4.0, gt=0, symbol="k", doc="Steepness; peak k/pi.")],
    references=["https://en.wikipedia.org/wiki/Gudermannian_function"],
    traits=Traits(even=True, non_negative=True),
)
def sech(x, slope):
    """A hyperbolic secant, with exponential tails and area 1."""
    decay = (-slope * x.abs()).exp()
    return 2 * slope / math.pi * decay / (1 + decay.square())


surroreg.register(sech)
print(surroreg.load("sech", slope=8))

# %%
# It has everything a built-in has: a checked parameter, ``scaled`` and ``shifted``, a shape computed from it.

x = torch.linspace(-2, 2, 401, dtype=torch.float64)
figure, ax = plt.subplots()
for slope in (2.0, 4.0, 8.0):
    ax.plot(x, surroreg.load("sech", slope=slope).derivative(x), label=f"slope={slope:g}")
ax.set(xlabel="membrane - threshold", ylabel="derivative")
ax.legend()
plt.show()

# %%
# Now the checks. To save time, this example runs only the checks of the formula; ``surroreg check`` runs all.

quick = {"devices": ("cpu",), "examples": 10}
report = surroreg.conformance.check(sech, checks="*formula*", **quick)
print("ok" if report.ok else report.failures)

# %%
# What if the code is wrong? Here the factor 2 is missing, an easy mistake:


@surrogate(formula="slope/(pi*cosh(slope*x))", parameters=[Parameter("slope", 4.0, gt=0)])
def wrong_sech(x, slope):
    """Half of its formula."""
    decay = (-slope * x.abs()).exp()
    return slope / math.pi * decay / (1 + decay.square())


report = surroreg.conformance.check(wrong_sech, checks="formula_is_right", **quick)
print(report.failures[0].message)
