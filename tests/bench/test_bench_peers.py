"""What surroreg is measured against computes the same."""

import importlib.util

import pytest
import torch

import surroreg
from surroreg.bench.peers import EQUIVALENTS, MODULES, peers

ROWS = [(name, library) for name, rows in EQUIVALENTS.items() for library, _, _ in rows]
#: Where the peer's peak lies, if not where ours does.
SHIFTS = {("spike_rate_escape", "spikingjelly"): 1.0}


def gradient(function, x):
    leaf = x.detach().requires_grad_()
    spikes = function(leaf)
    torch.manual_seed(0)
    return torch.autograd.grad(spikes, leaf, torch.ones_like(spikes))[0].double()


@pytest.mark.parametrize(("name", "library"), ROWS, ids=["-".join(row) for row in ROWS])
def test_a_peer_is_the_same_function_up_to_scale_and_shift(name, library):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    x = torch.linspace(-0.997, 2.003, 301)
    theirs = gradient(peers(name)[library], x - SHIFTS.get((name, library), 0.0))
    ours = gradient(surroreg.load(name), x)
    largest = ours.abs().argmax()
    assert ours[largest] != 0
    torch.testing.assert_close(
        theirs * (ours[largest] / theirs[largest]), ours, rtol=1e-4, atol=1e-5 * ours.abs().max()
    )


def test_a_library_that_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setitem(MODULES, "snntorch", "surroreg_no_such_module")
    assert "snntorch" not in peers("atan")


def test_a_surrogate_that_nobody_else_has_has_no_peers():
    assert peers("inverse_spike_operator") == {}


def test_every_row_is_of_a_builtin():
    assert set(EQUIVALENTS) <= set(surroreg.names(namespace="builtin"))
