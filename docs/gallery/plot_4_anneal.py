"""
Annealing a slope
=================

Begin with a wide surrogate, which reaches neurons far from their threshold, and narrow it during the training.
"""

# %%
# Twenty neurons with random inputs must fire at given times. Their membranes start far below threshold, so a narrow
# surrogate hardly reaches them.

import matplotlib.pyplot as plt
import torch
from torch import nn

import surroreg

STEPS, EPOCHS = 30, 60
draw = torch.Generator().manual_seed(1)
inputs = (torch.rand(STEPS, 40, generator=draw) < 0.2).float()
targets = (torch.rand(STEPS, 20, generator=draw) < 0.2).float()


def trained(slope_at):
    """Return the losses of a training. ``slope_at`` returns the slope at a progress between 0 and 1."""
    torch.manual_seed(0)
    layer = nn.Linear(40, 20)
    nn.init.constant_(layer.bias, -0.3)
    spike = surroreg.load("fast_sigmoid")
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.02)
    losses = []
    for epoch in range(EPOCHS):
        spike.slope = slope_at(epoch / (EPOCHS - 1))
        membrane, loss = torch.zeros(20), torch.zeros(())
        for step in range(STEPS):
            membrane = 0.8 * membrane + layer(inputs[step])
            spikes = spike(membrane - 1)
            membrane = membrane * (1 - spikes.detach())
            loss = loss + (spikes - targets[step]).square().mean() / STEPS
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


# %%
# A schedule is an assignment to ``spike.slope``. The network stays the same object.

schedules = {
    "slope 1": lambda t: 1.0,
    "slope 100": lambda t: 100.0,
    "1 to 100": lambda t: 100.0**t,
}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3))
for (name, slope_at), style in zip(schedules.items(), ["-", "--", "-."], strict=True):
    losses = trained(slope_at)
    left.semilogy([slope_at(epoch / (EPOCHS - 1)) for epoch in range(EPOCHS)], style)
    right.plot(losses, style, label=name)
    print(f"{name:10} loss {losses[0]:.3f} -> {losses[-1]:.3f}")
left.set(title="schedule", xlabel="epoch", ylabel="slope")
right.set(title="wrong spikes", xlabel="epoch", ylabel="share", ylim=(0, None))
right.legend(fontsize=9)
plt.show()

# %%
# The narrow surrogate hardly learns. The annealed one learns as fast as the wide one while it is wide, and slows down
# as it narrows. On this task, and with this seed, narrowing gains nothing.
