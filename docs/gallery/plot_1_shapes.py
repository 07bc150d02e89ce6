"""
The built-in shapes
===================

The derivative of each built-in surrogate at its defaults: the factor of the upstream gradient.
"""

# %%
# The shapes are as different as their scales: mind the numbers on the axes. The gallery leaves out two kinds: the
# surrogate that takes a function of yours, and the random surrogates.

import matplotlib.pyplot as plt
import torch

import surroreg

x = torch.linspace(-2.5, 2.5, 1001, dtype=torch.float64)
specs = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]
steady = [spec for spec in specs if not spec.traits.stochastic]
shown = [spec() for spec in steady if not any(p.required for p in spec.parameters)]

figure, axes = plt.subplots(4, 3, figsize=(7.2, 7.2), sharex=True)
for ax, surrogate in zip(axes.flat, shown, strict=True):
    height = surrogate.derivative(x)
    # A jump leaves a gap in the line.
    jumps = (height.diff().abs() > 0.3 * height.abs().max()) & (surrogate.spec.traits.kinks != ())
    height[1:][jumps] = torch.nan
    ax.plot(x, height)
    ax.fill_between(x, height, alpha=0.15)
    ax.set_title(surrogate.spec.name, fontsize=9)
    ax.axvline(0, color="0.5", linewidth=0.8, linestyle=":")
figure.supxlabel("membrane - threshold")
figure.supylabel("derivative")
plt.show()

# %%
# The numbers that a reader can read off a plot are also computed from the derivative.

from surroreg.shape import shape

for surrogate in shown[:4]:
    numbers = shape(surrogate.spec, surrogate.params)
    peak = f"peak {numbers.peak:g} at {numbers.peak_at:g}"
    print(f"{surrogate.spec.name:24} {peak}, half-width {numbers.half_width:.3g}")
