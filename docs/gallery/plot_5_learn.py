"""
Learning a slope
================

A network learns an ``nn.Parameter`` of a surrogate together with its weights, by the derivative of the primitive.
"""

# %%
# The step does not depend on the slope. So the slope cannot change the present output of the network, but only its
# learning. The gradient of the slope is that of a smooth network, with the primitive in place of the step.

import matplotlib.pyplot as plt
import torch
from torch import nn

import surroreg

draw = torch.Generator().manual_seed(0)
inputs = torch.randn(64, 16, generator=draw)
labels = (inputs[:, :4].sum(1) > 0).long()


def trained(start, steps=8, epochs=60):
    """Return the slope after each epoch, and the last accuracy."""
    torch.manual_seed(0)
    spike = surroreg.load("sigmoid", slope=nn.Parameter(torch.tensor([float(start)])))
    network = nn.ModuleList([nn.Linear(16, 24), spike, nn.Linear(24, 2)])
    optimiser = torch.optim.Adam(network.parameters(), lr=0.03)
    slopes = []
    for _ in range(epochs):
        current, membrane, count = network[0](inputs), torch.zeros(64, 24), torch.zeros(64, 24)
        for _ in range(steps):
            membrane = 0.8 * membrane + current
            spikes = network[1](membrane - 1)
            membrane = membrane - spikes.detach()
            count = count + spikes
        scores = network[2](count / steps)
        optimiser.zero_grad()
        nn.functional.cross_entropy(scores, labels).backward()
        optimiser.step()
        with torch.no_grad():
            spike.slope.clamp_(min=0.1)  # the optimiser does not know the bound
        slopes.append(spike.slope.item())
    return slopes, (scores.argmax(1) == labels).float().mean().item()


# %%
# The slope is one of the network's parameters, so the optimiser finds it there.

figure, ax = plt.subplots()
for start, style in zip((1.0, 4.0, 10.0), ["-", "--", "-."], strict=True):
    slopes, accuracy = trained(start)
    ax.plot([start, *slopes], style, label=f"from {start:g}")
    print(f"slope {start:4.1f} -> {slopes[-1]:5.2f}, accuracy {accuracy:.0%}")
ax.set(xlabel="epoch", ylabel="slope", ylim=(0, None))
ax.legend()
plt.show()
