"""Programs saved and resumed in a new process: training goes on with the losses that it has without a stop."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.programs import resumed
from tests.programs.base import surrogates
from tests.programs.catalogue import ASSIGNED, SOME, each, find, is_installed
from tests.programs.resumed import STEPS, STOP, resume, run, values_at


def saved(program, folder):
    """Train without a stop; save the weights and the whole network on the way; return the losses after that."""
    network = program.network()
    optimiser = program.optimiser(network)
    run(program, network, optimiser, range(STOP))
    rest = {"optimiser": optimiser.state_dict(), "step": STOP}
    torch.save({"network": network.state_dict(), **rest}, folder / "weights.pt")
    torch.save({"network": network, **rest}, folder / "network.pt")
    losses = run(program, network, optimiser, range(STOP, STEPS))
    assert len(set(losses)) == STEPS - STOP
    return losses


#: One program of each library.
RESUMED = [*SOME, "norse", "sinabs"]


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    """Losses by program: those without a stop, those from the weights, those from the whole network.

    One new process resumes all programs: it takes seconds to start, and each test would start its own.
    """
    expected, folders = {}, {}
    for name in filter(is_installed, RESUMED):
        program, folders[name] = find(name), tmp_path_factory.mktemp(name)
        with program.ready():
            torch.manual_seed(0)
            expected[name] = saved(program, folders[name])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # the helpers of these tests
    arguments = [f"{name}={folder}" for name, folder in folders.items()]
    subprocess.run([sys.executable, "-m", resumed.__name__, *arguments], check=True, env=environment)
    return {
        name: (expected[name], *(json.loads((folder / f"{kind}.json").read_text()) for kind in ("weights", "network")))
        for name, folder in folders.items()
    }


@each(RESUMED)
def test_program_resumed_in_a_new_process_has_equal_losses(request, program, losses):
    expected, from_weights, from_network = losses[request.node.callspec.params["program"]]
    assert from_weights == pytest.approx(expected, rel=1e-6)
    assert from_network == pytest.approx(expected, rel=1e-6)


@each()
def test_weights_alone_carry_no_values(program, tmp_path, monkeypatch):
    expected, checkpoint = saved(program, tmp_path), tmp_path / "weights.pt"
    assert resume(program, torch.load(checkpoint, weights_only=True)) == pytest.approx(expected, rel=1e-6)
    # Without the values of its step, a resumed network trains with those of a new network.
    monkeypatch.setattr(resumed, "values_at", lambda program, step: program.params)
    losses = resume(program, torch.load(checkpoint, weights_only=True))
    assert losses[0] == pytest.approx(expected[0], rel=1e-6)  # before the first step, from the weights alone
    assert losses != pytest.approx(expected, rel=1e-6)


@each(ASSIGNED)
def test_network_saved_whole_keeps_its_values(program, tmp_path):
    saved(program, tmp_path)
    network = torch.load(tmp_path / "network.pt", weights_only=False)["network"]
    present = values_at(program, STOP - 1)
    assert present != program.params
    assert [spike.params for spike in surrogates(network)] == [present] * len(surrogates(network))
