"""
Strength and learning
=====================

The strength of a surrogate decides whether a network learns: a small task, with a seed.
"""

# %%
# The task: 20 inputs spike at fixed random times, in one of four patterns with jitter. Two hidden layers of leaky
# integrate-and-fire neurons must distinguish the patterns.

from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import nn

import surroreg

STEPS, INPUTS, HIDDEN, CLASSES, LAYERS = 12, 20, 32, 4, 2
draw = torch.Generator().manual_seed(0)
patterns = (torch.rand(CLASSES, STEPS, INPUTS, generator=draw) < 0.15).float()
labels = torch.arange(CLASSES).repeat(10)
flips = torch.rand(len(labels), STEPS, INPUTS, generator=draw) < 0.08
samples = (patterns[labels] - flips.float()).abs()


def accuracy_after_training(surrogate, epochs=30):
    """Return the accuracy on the training samples; the weights start the same every time."""
    torch.manual_seed(0)
    widths = [INPUTS] + [HIDDEN] * LAYERS
    layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
    readout = nn.Linear(HIDDEN, CLASSES)
    optimiser = torch.optim.SGD([*layers.parameters(), *readout.parameters()], lr=0.2)
    for _ in range(epochs):
        membranes = [torch.zeros(len(labels), HIDDEN) for _ in layers]
        count = torch.zeros(len(labels), HIDDEN)
        for step in range(STEPS):
            signal = samples[:, step]
            for place, layer in enumerate(layers):
                membranes[place] = 0.9 * membranes[place] + layer(signal)
                signal = surrogate(membranes[place] - 0.5)
                membranes[place] = membranes[place] - 0.5 * signal.detach()
            count = count + signal
        scores = readout(count / STEPS)
        optimiser.zero_grad()
        nn.functional.cross_entropy(scores, labels).backward()
        optimiser.step()
    return (scores.argmax(1) == labels).float().mean().item()


# %%
# Two shapes of the same width, each at six strengths.

strengths = [0.01, 0.1, 0.4, 1.5, 10.0, 100.0]
shapes = {
    "fast_sigmoid": surroreg.load("fast_sigmoid", slope=1.5),
    "piecewise_linear": surroreg.load("piecewise_linear", slope=1.6),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3))
x = torch.linspace(-2, 2, 401)
for (name, shape), marker in zip(shapes.items(), "os", strict=True):
    left.plot(x, shape.scaled(peak=1).derivative(x), label=name)
    accuracies = [accuracy_after_training(shape.scaled(peak=peak)) for peak in strengths]
    right.semilogx(strengths, accuracies, marker=marker)
    print(f"{name:17}", "  ".join(f"{accuracy:4.0%}" for accuracy in accuracies))
right.axhline(1 / CLASSES, color="0.5", linestyle=":", linewidth=1)
right.text(strengths[0], 1 / CLASSES + 0.02, "chance", fontsize=9)
left.set(title="at peak 1", xlabel="membrane - threshold", ylabel="derivative")
right.set(title="after 30 epochs", xlabel="peak of the derivative", ylabel="accuracy")
right.set_ylim(0, 1.05)
left.legend(fontsize=8, loc="upper left")
plt.show()

# %%
# At its best strength each shape learns the task, and the two are close. A surrogate that is too weak or too strong
# does not learn. The limit also depends on the shape. This is one seed of a tiny task, with plain SGD.
