"""
One shape under three names
===========================

The same function is ``fast_sigmoid`` in snnTorch, ``SuperSpike`` in SpikingJelly, and ``super`` in Norse. Each library
has its own parameters, which :func:`surroreg.translate` knows.
"""

# %%
# The names of the function in three libraries, with the parameters that their users write:

import matplotlib.pyplot as plt
import torch

import surroreg

theirs = [
    surroreg.translate("snntorch.fast_sigmoid", slope=4),
    surroreg.translate("spikingjelly.SuperSpike", alpha=4),
    surroreg.translate("norse.super"),
]
for translation in theirs:
    print(translation)

# %%
# The shape is the same. It has two widths, and at one width two strengths. Norse's ``alpha``, 100 by default, has no
# effect in Norse 1.1.0.

x = torch.linspace(-1.5, 1.5, 601, dtype=torch.float64)
names = [
    "snnTorch fast_sigmoid(slope=4)",
    "SpikingJelly SuperSpike(alpha=4)",
    "Norse super(alpha=100)",
]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3), sharex=True)
for name, translation, style in zip(names, theirs, ["-", "--", "-."], strict=True):
    surrogate = translation.load()
    left.plot(x, surrogate.derivative(x), style, label=name)
    right.plot(x, surrogate.scaled(peak=1).derivative(x), style)
left.set(title="in the library", xlabel="membrane - threshold", ylabel="derivative")
right.set(title="scaled(peak=1)", xlabel="membrane - threshold")
figure.legend(loc="outside lower center", ncols=2, fontsize=9)
plt.show()

# %%
# And back: the name of our surrogate in SpikingJelly.

print(surroreg.translate("fast_sigmoid", slope=4, to="spikingjelly"))
