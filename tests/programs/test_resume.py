"""Programs saved and resumed in a new process: training goes on with the losses that it has without a stop."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.programs import resumed
from tests.programs.base import surrogates
from tests.programs.catalogue import ASSIGNED, SOME, each
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


# One program of each library: a process takes seconds to import one.
@each([*SOME, "norse", "sinabs"])
def test_program_resumed_in_a_new_process_has_equal_losses(request, program, tmp_path):
    expected = saved(program, tmp_path)
    name, files = request.node.callspec.params["program"], [tmp_path / "weights.pt", tmp_path / "network.pt"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # the helpers of these tests
    subprocess.run([sys.executable, "-m", resumed.__name__, name, *map(str, files)], check=True, env=environment)
    for file in files:
        assert json.loads(file.with_suffix(".json").read_text()) == pytest.approx(expected, rel=1e-6)


@each()
def test_weights_alone_carry_no_values(program, tmp_path, monkeypatch):
    expected, checkpoint = saved(program, tmp_path), tmp_path / "weights.pt"
    assert resume(program, torch.load(checkpoint, weights_only=True)) == pytest.approx(expected, rel=1e-6)
    # A user who forgets to set them trains with the values of a new network.
    monkeypatch.setattr(resumed, "values_at", lambda program, step: program.params)
    found = resume(program, torch.load(checkpoint, weights_only=True))
    assert found[0] == pytest.approx(expected[0], rel=1e-6)  # before the first step, from the weights alone
    assert found != pytest.approx(expected, rel=1e-6)


@each(ASSIGNED)
def test_network_saved_whole_keeps_its_values(program, tmp_path):
    saved(program, tmp_path)
    network = torch.load(tmp_path / "network.pt", weights_only=False)["network"]
    present = values_at(program, STOP - 1)
    assert present != program.params
    assert [spike.params for spike in surrogates(network)] == [present] * len(surrogates(network))
