"""``surroreg demo``: a spiking network learns to read handwritten digits."""

from __future__ import annotations

import argparse
from typing import Any

import surroreg
from surroreg.cli.arguments import NAMES, count, offer
from surroreg.cli.blame import blamed
from surroreg.cli.command import Command
from surroreg.cli.output import say
from surroreg.cli.settings import offer_settings, options

STEPS = 10
HIDDEN = 128
DECAY = 0.9


def _arguments(parser: argparse.ArgumentParser) -> None:
    name = parser.add_argument("name", nargs="?", default="atan", metavar="NAME", help="surrogate to train with (atan)")
    offer(NAMES, name)
    offer_settings(parser)
    parser.add_argument("--epochs", type=count, default=20, metavar="N", help="passes over the training data (20)")


def _run(arguments: argparse.Namespace) -> int:
    """Train with a surrogate, and print accuracy, firing rate and time."""
    spec = surroreg.spec(arguments.name)
    values = options(arguments)
    with blamed(spec):
        _train(spec(**values), arguments.epochs)
    return 0


def _train(surrogate: surroreg.Surrogate, epochs: int) -> None:
    import time

    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
        from tqdm import tqdm
    except ImportError as error:
        raise surroreg.SurroregError(f"{error}; the demo needs: pip install 'surroreg[demo]'") from error
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    started = time.perf_counter()
    torch.manual_seed(0)
    pixels, labels = load_digits(return_X_y=True)
    split = train_test_split(pixels / 16, labels, test_size=0.25, stratify=labels, random_state=0)
    x_train, x_test = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    y_train, y_test = (torch.tensor(part) for part in split[2:])
    say(f"surrogate          {surrogate}")
    say(f"data               {len(pixels)} handwritten digits, {len(x_test)} of them held out")

    batches = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
    network = _network(surrogate)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    with tqdm(range(epochs), unit="epoch", disable=None) as bar:
        for _ in bar:
            for x, y in batches:
                loss = torch.nn.functional.cross_entropy(network(x), y)
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
            bar.set_postfix(loss=f"{loss.item():.3f}")

    with torch.no_grad():
        accuracy = (network(x_test).argmax(1) == y_test).float().mean().item()
    say(f"held-out accuracy  {accuracy:.1%}")
    say(f"firing rate        {network.rate:.3f} spikes per neuron and step")
    say(f"time               {time.perf_counter() - started:.1f} s")


def _network(surrogate: surroreg.Surrogate) -> Any:
    """Return pixels -> leaky integrate-and-fire neurons -> leaky integrators, one per digit."""
    import torch
    from torch import Tensor, nn

    class SpikingNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode = nn.Linear(64, HIDDEN)
            self.decode = nn.Linear(HIDDEN, 10)
            self.surrogate = surrogate
            self.rate = 0.0

        def forward(self, pixels: Tensor) -> Tensor:
            current = self.encode(pixels)
            membrane, spikes = torch.zeros_like(current), torch.zeros_like(current)
            total, readout = torch.zeros_like(current), torch.zeros(len(pixels), 10)
            for _ in range(STEPS):
                membrane = DECAY * membrane + current - spikes.detach()
                spikes = self.surrogate(membrane - 1)
                readout = DECAY * readout + self.decode(spikes)
                total = total + spikes.detach()
            self.rate = total.mean().item() / STEPS
            return readout

    return SpikingNetwork()


COMMAND = Command(
    help="train a small spiking network on handwritten digits",
    text=(
        "Trains a spiking network of one hidden layer on the handwritten digits that scikit-learn ships, on the CPU, "
        "and prints held-out accuracy, firing rate and time. The seed is fixed: two surrogates can be compared."
    ),
    examples={
        "surroreg demo": "with the default, atan",
        "surroreg demo spike_rate_escape --set beta=1 --set slope=25": "with another, and its parameters",
        "surroreg demo sigmoid --epochs 5 --saved-dtype float8_e5m2": "shorter; one byte is kept of each membrane",
    },
    arguments=_arguments,
    run=_run,
    order=100,
)
