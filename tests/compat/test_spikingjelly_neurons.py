"""SpikingJelly's own neurons, with surrogates of ours."""

import copy

import pytest
import torch

import surroreg
from surroreg.compat.spikingjelly import SpikingJellySurrogate, surrogate_function
from tests.compat.spikingjelly_neurons import (
    NEEDED,
    NEURONS,
    ONLY,
    OTHERS,
    TRIED,
    Plain,
    made,
    neuron,
    run,
)

#: The step modes of each neuron in SpikingJelly 2.0.0.
MODES = [(name, mode) for name in TRIED for mode in ("s", "m") if ONLY.get(name, mode) == mode]


@pytest.mark.parametrize(("name", "step_mode"), MODES)
def test_neuron_with_ours_gives_the_gradient_of_its_own(name, step_mode):
    theirs, ours = Plain(alpha=2.0), SpikingJellySurrogate(surroreg.spec("atan"), {"alpha": 2.0}, 1)
    found, original = [], made(name, theirs, step_mode)
    for function in (theirs, ours):
        node = copy.deepcopy(original)
        node.surrogate_function = function
        torch.manual_seed(0)
        leaf = (torch.rand(4, 3, 6) * 4).requires_grad_()
        spikes = run(node, leaf * 1)  # some write to what they are given
        spikes.sum().backward()
        found.append((spikes.detach(), leaf.grad))
    assert found[0][0].any()
    assert found[0][1].any()
    torch.testing.assert_close(found[1], found[0])


@pytest.mark.parametrize("name", TRIED)
def test_neuron_without_gradients_gives_spikes(name):
    node = made(name, surrogate_function("leaky_spike_operator"), ONLY.get(name, "m")).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        assert run(node, torch.rand(4, 3, 6) * 2).shape[-1] >= 1


def test_neurons_left_out_are_named_with_a_reason():
    assert set(OTHERS) <= set(NEURONS)
    assert len(TRIED) >= 25


@pytest.mark.parametrize("name", surroreg.names(namespace="builtin"))
def test_builtin_in_a_neuron_has_a_finite_gradient(name):
    node = neuron.LIFNode(surrogate_function=surrogate_function(name, **NEEDED.get(name, {})), step_mode="m")
    leaf = torch.full((4, 2, 3), 3.0).requires_grad_()
    run(node, leaf).sum().backward()
    assert leaf.grad.isfinite().all()
