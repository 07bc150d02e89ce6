"""The peers that surroreg is measured against compute the same functions."""

import importlib.util
from dataclasses import replace

import pytest
import torch

import surroreg
from surroreg.bench.peers import COMPARED, peers
from surroreg.libraries import LIBRARIES

#: The surrogates of each library, by its documentation and source.
ROWS = [
    *[(name, "snntorch") for name in ("atan", "fast_sigmoid", "heaviside", "sigmoid", "sparse_fast_sigmoid")],
    *[(name, "snntorch") for name in ("spike_rate_escape", "stochastic_spike_operator", "straight_through_estimator")],
    *[(name, "snntorch") for name in ("triangular", "tanh")],
    *[(name, "spikingjelly") for name in ("atan", "fast_sigmoid", "heaviside", "leaky_spike_operator", "sigmoid")],
    *[(name, "spikingjelly") for name in ("piecewise_linear", "spike_rate_escape", "straight_through_estimator")],
    *[(name, "spikingjelly") for name in ("tanh",)],
    *[(name, "norse") for name in ("piecewise_linear", "sigmoid", "tanh")],
]
#: The place of the peer's peak, where ours lies elsewhere.
SHIFTS = {("spike_rate_escape", "spikingjelly"): 1.0}


def gradient(function, x):
    leaf = x.detach().requires_grad_()
    spikes = function(leaf)
    torch.manual_seed(0)
    return torch.autograd.grad(spikes, leaf, torch.ones_like(spikes))[0].double()


@pytest.mark.parametrize(("name", "library"), ROWS, ids=["-".join(row) for row in ROWS])
def test_peer_is_our_function_up_to_scale_and_shift(name, library):
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


def test_missing_library_is_left_out(monkeypatch):
    absent = replace(LIBRARIES["snntorch"], module="surroreg_no_such_module")
    monkeypatch.setitem(LIBRARIES, "snntorch", absent)
    assert "snntorch" not in peers("atan")


def test_no_other_pairs_are_compared():
    installed = {library for library in COMPARED if importlib.util.find_spec(library)}
    named = [name for name in surroreg.names(namespace="builtin") if name != "custom_surrogate"]
    compared = {(name, library) for name in named for library in peers(name)}
    assert compared == {row for row in ROWS if row[1] in installed}
