"""A training script that stops and resumes, as a user writes one; run by the tests in a process of its own.

``python -m tests.programs.resumed PROGRAM=FOLDER...`` resumes each program from both checkpoints in its folder, and
writes the losses beside them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.programs.base import Program

STEPS, STOP, SIZE = 8, 4, 32


def values_at(program: Program, step: int) -> dict[str, float]:
    """Return the values of the parameters at a step. They depend on nothing else, so a resumed run has them too."""
    settings = [program.params, *program.later]
    return dict(settings[step * len(settings) // STEPS])


def run(program: Program, network: nn.Module, optimiser: torch.optim.Optimizer, steps: Iterable[int]) -> list[float]:
    """Train some steps, each with its values and its batch; return their losses."""
    losses = []
    for step in steps:
        program.anneal(network, **values_at(program, step))
        optimiser.zero_grad()
        loss = program.loss(network, program.batch(SIZE, start=SIZE * step))
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def resume(program: Program, checkpoint: dict[str, Any]) -> list[float]:
    """Return the losses of the steps after a checkpoint."""
    network = checkpoint["network"]
    if not isinstance(network, nn.Module):
        network = program.network(seed=5)
        with torch.no_grad():  # gives the states of sinabs' neurons their sizes, without which they cannot be loaded
            program.loss(network, program.batch(SIZE))
        network.load_state_dict(checkpoint["network"])
    optimiser = program.optimiser(network)
    optimiser.load_state_dict(checkpoint["optimiser"])
    return run(program, network, optimiser, range(checkpoint["step"], STEPS))


if __name__ == "__main__":
    from tests.programs.catalogue import find

    torch.set_num_threads(1)
    for argument in sys.argv[1:]:
        name, folder = argument.split("=", 1)
        program = find(name)
        with program.ready():
            for kind in ("weights", "network"):
                checkpoint = torch.load(Path(folder) / f"{kind}.pt", weights_only=kind == "weights")
                (Path(folder) / f"{kind}.json").write_text(json.dumps(resume(program, checkpoint)))
