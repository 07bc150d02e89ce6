"""rockpool's own Torch neurons, with surrogates of ours."""

import copy
import importlib
import pickle
import sys
import warnings

import numpy
import pytest
import torch
from torch import nn

import surroreg
from surroreg.compat.rockpool import spike_generation_fn
from tests.compat.comparison import assert_same, weighted

# rockpool looks for samna, and the one on PyPI is a stub that runs pip when it is imported.
sys.modules.setdefault("samna", None)
pytest.importorskip("rockpool", reason="rockpool is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    modules = importlib.import_module("rockpool.nn.modules")
    lif_torch = importlib.import_module("rockpool.nn.modules.torch.lif_torch")
    combinators = importlib.import_module("rockpool.nn.combinators")

NEURONS = {
    "LIFTorch": lambda **options: modules.LIFTorch(6, **options),
    "LIFTorch, two synapses": lambda **options: modules.LIFTorch((12, 6), **options),
    "LIFTorch, recurrent": lambda **options: modules.LIFTorch((6, 6), has_rec=True, **options),
    "LIFTorch, decays": lambda **options: modules.LIFTorch(6, leak_mode="decays", **options),
    "LIFTorch, bitshifts": lambda **options: modules.LIFTorch(6, leak_mode="bitshifts", **options),
    "LIFNeuronTorch": lambda **options: modules.LIFNeuronTorch(6, **options),
    "LIFBitshiftTorch": lambda **options: modules.LIFBitshiftTorch(6, **options),
    "aLIFTorch": lambda **options: modules.aLIFTorch(6, **options),
}
each_neuron = pytest.mark.parametrize("name", NEURONS)


def made(name, **options):
    torch.manual_seed(0)
    return NEURONS[name](**options)


def results(neuron, scale=1.0):
    torch.manual_seed(1)
    x = (scale * torch.randn(3, 20, neuron.size_in)).requires_grad_()
    spikes, _, _ = neuron(x)
    weighted(spikes).backward()
    learnt = {key: parameter.grad for key, parameter in neuron.parameters().items() if parameter.grad is not None}
    return {"spikes": spikes.detach(), "x": x.grad, **learnt}


# -- the same as rockpool's own -------------------------------------------------------------------


@each_neuron
@pytest.mark.parametrize("window", [0.0, 0.5, 2.0])
def test_a_neuron_is_the_same_with_ours_as_with_its_default(name, window):
    options = {"learning_window": window, "max_spikes_per_dt": torch.tensor(1.0)}
    expected = results(made(name, spike_generation_fn=lif_torch.StepPWL, **options))
    ours = spike_generation_fn("heaviside", shift=-window) if window else spike_generation_fn("heaviside")
    found = results(made(name, spike_generation_fn=ours, **options))
    # Theirs divides the membrane by the threshold, and so the threshold has another gradient.
    assert found.pop("threshold").any()
    expected.pop("threshold")
    assert_same(found, expected)


def test_the_defaults_window_and_threshold_are_a_half_and_one():
    neuron = modules.LIFTorch(6)
    assert neuron.learning_window == 0.5
    assert (neuron.threshold == 1).all()
    assert neuron.spike_generation_fn == lif_torch.StepPWL.apply


@pytest.mark.parametrize("threshold", [0.25, 2.0])
def test_at_another_threshold_theirs_is_scaled(threshold):
    options = {"threshold": torch.full((6,), threshold), "max_spikes_per_dt": torch.tensor(1.0)}
    expected = results(made("LIFTorch", **options), scale=threshold)
    ours = spike_generation_fn("heaviside", shift=-0.5, scale=1 / threshold)
    found = results(made("LIFTorch", spike_generation_fn=ours, **options), scale=threshold)
    expected.pop("threshold"), found.pop("threshold")
    assert_same(found, expected)


def test_it_fires_at_the_threshold_unless_it_is_told_otherwise():
    v = torch.tensor([0.5, 1.0, 1.5])
    handed = (torch.tensor(1.0), torch.tensor(0.5), torch.tensor(2.0**16))
    theirs = lif_torch.StepPWL.apply(v, *handed)
    assert torch.equal(spike_generation_fn("atan").apply(v, *handed), theirs)
    assert spike_generation_fn("atan", at_zero=0).apply(v, *handed).tolist() == [0, 0, 1]
    assert spike_generation_fn(surroreg.load("atan"), at_zero=0).apply(v, *handed).tolist() == [0, 0, 1]


def test_there_is_at_most_one_spike_a_step():
    v, threshold, window = torch.tensor([3.5, -3.5]), torch.tensor(1.0), torch.tensor(0.5)
    assert spike_generation_fn("atan").apply(v, threshold, window, torch.tensor(2.0**16)).tolist() == [1, 0]


# -- gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LIFTorch", "LIFNeuronTorch"])
@pytest.mark.parametrize(
    ("surrogate", "params"), [("atan", {}), ("fast_sigmoid", {"slope": 2}), ("sigmoid", {"slope": 3})]
)
def test_the_gradients_are_those_of_the_smooth_step(name, surrogate, params):
    # In a single step the bias is added to the membrane, and the threshold is subtracted.
    neuron = made(name, spike_generation_fn=spike_generation_fn(surrogate, **params), bias=torch.zeros(6))
    x = torch.randn(5, 1, 6)
    spikes, _, record = neuron(x, record=True)
    weighted(spikes).backward()
    v = (record["vmem"] + spikes).detach()  # before the reset
    threshold = torch.ones(6, requires_grad=True)
    weighted(surroreg.load(surrogate, **params).primitive(v - threshold)).backward()
    torch.testing.assert_close(neuron.threshold.grad, threshold.grad)
    torch.testing.assert_close(neuron.bias.grad, -threshold.grad)
    assert threshold.grad.all()


@each_neuron
def test_everything_that_learns_gets_a_gradient(name):
    neuron = made(name, spike_generation_fn=spike_generation_fn("atan"))
    found = results(neuron)
    assert found.keys() == results(made(name)).keys()
    assert {"threshold", "bias", "x"} <= found.keys()
    assert all(value.isfinite().all() and value.any() for value in found.values())


def test_a_network_learns():
    torch.manual_seed(0)
    net = combinators.Sequential(
        modules.LinearTorch((6, 30)),
        modules.LIFTorch(30, spike_generation_fn=spike_generation_fn("atan"), dt=1e-2),
        modules.LinearTorch((30, 4)),
        modules.LIFTorch(4, spike_generation_fn=spike_generation_fn("fast_sigmoid", slope=5), dt=1e-2),
    )
    x, target = torch.rand(16, 15, 6), torch.randint(0, 5, (16, 4)).float()
    optimiser = torch.optim.Adam(net.parameters().astorch(), lr=0.01)
    before = net[1].threshold.detach().clone()
    losses = []
    for _ in range(40):
        net.reset_state()
        loss = (net(x)[0].sum(1) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert not torch.equal(net[1].threshold, before)


# -- rockpool's own ways --------------------------------------------------------------------------


@each_neuron
def test_a_neuron_lists_what_it_lists_without(name):
    ours, theirs = made(name, spike_generation_fn=spike_generation_fn("atan")), made(name)
    assert ours.parameters().keys() == theirs.parameters().keys()
    assert ours.state().keys() == theirs.state().keys()
    assert ours.simulation_parameters().keys() == theirs.simulation_parameters().keys()
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert ours.to_json().keys() == theirs.to_json().keys()


@pytest.mark.parametrize("name", [name for name in NEURONS if name != "LIFNeuronTorch"])  # which has no graph
def test_the_graph_is_what_it_is_without(name):
    given = {"threshold": torch.full((6,), 0.7), "bias": torch.full((6,), 0.3)}
    graphs = [made(name, **given, **o).as_graph() for o in ({}, {"spike_generation_fn": spike_generation_fn("atan")})]
    theirs, ours = (graph.input_nodes[0].sink_modules[0] for graph in graphs)
    assert type(ours) is type(theirs)
    for key in ("tau_mem", "tau_syn", "threshold", "bias", "dt"):
        assert numpy.array_equal(getattr(ours, key), getattr(theirs, key)), key


def test_single_steps_continue_where_a_sequence_is():
    whole, steps = (made("LIFTorch", spike_generation_fn=spike_generation_fn("atan")) for _ in range(2))
    x = torch.rand(1, 12, 6)
    expected, _, _ = whole(x)
    found = torch.cat([steps(x[:, t : t + 1])[0] for t in range(12)], dim=1)
    assert expected.any()
    torch.testing.assert_close(found, expected)


def test_a_copied_neuron_has_a_surrogate_of_its_own():
    function = spike_generation_fn("fast_sigmoid", slope=5)
    neuron = made("LIFTorch", spike_generation_fn=function)
    again = copy.deepcopy(neuron)
    expected = results(made("LIFTorch", spike_generation_fn=spike_generation_fn("fast_sigmoid", slope=5)))
    function.surrogate.slope = 50
    annealed = results(made("LIFTorch", spike_generation_fn=spike_generation_fn("fast_sigmoid", slope=50)))
    assert_same(results(neuron), annealed)
    assert_same(results(again), expected)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_function_can_be_copied_and_pickled(copied):
    function = copied(spike_generation_fn("fast_sigmoid", slope=5))
    assert repr(function) == "spike_generation_fn(surroreg.load('fast_sigmoid', slope=5.0, at_zero=1))"
    assert repr(eval(repr(function), {"surroreg": surroreg, "spike_generation_fn": spike_generation_fn})) == repr(
        function
    )


# -- what is refused ------------------------------------------------------------------------------


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"is loaded already; give alpha to surroreg\.load, or a name"):
        spike_generation_fn(surroreg.load("atan", at_zero=1), alpha=3)
    with pytest.raises(TypeError, match="give a surrogate or the name of one"):
        spike_generation_fn(lif_torch.StepPWL)
    with pytest.raises(TypeError, match="fires 0 at exactly zero, and at_zero=1 is asked"):
        spike_generation_fn(surroreg.load("atan"))
    with pytest.raises(TypeError, match="cannot learn its alpha here: rockpool lists only parameters of its own"):
        spike_generation_fn("atan", alpha=nn.Parameter(torch.tensor([2.0])))
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        spike_generation_fn("atn")
