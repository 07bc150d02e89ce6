"""sinabs' own layers, with surrogates of ours."""

import copy
import importlib
import math
import pickle
import warnings

import pytest
import torch
from torch import nn

import surroreg
from surroreg.compat.sinabs import spike_fn, surrogate_grad_fn
from tests.compat.comparison import assert_same, weighted

pytest.importorskip("sinabs", reason="sinabs is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    layers = importlib.import_module("sinabs.layers")
    activation = importlib.import_module("sinabs.activation")
    from_torch = importlib.import_module("sinabs.from_torch")


def recurrence():
    torch.manual_seed(3)
    return nn.Linear(6, 6, bias=False)


LAYERS = {
    "LIF": lambda **options: layers.LIF(tau_mem=20.0, norm_input=False, **options),
    "LIF, synapses": lambda **options: layers.LIF(tau_mem=20.0, tau_syn=10.0, **options),
    "LIF, learnt alphas": lambda **options: layers.LIF(tau_mem=20.0, train_alphas=True, norm_input=False, **options),
    "LIF, min_v_mem": lambda **options: layers.LIF(tau_mem=20.0, min_v_mem=-0.5, norm_input=False, **options),
    "LIFSqueeze": lambda **options: layers.LIFSqueeze(tau_mem=20.0, batch_size=3, norm_input=False, **options),
    "LIFRecurrent": lambda **options: layers.LIFRecurrent(
        tau_mem=20.0, rec_connect=recurrence(), norm_input=False, **options
    ),
    "IAF": layers.IAF,
    "IAFSqueeze": lambda **options: layers.IAFSqueeze(batch_size=3, **options),
    "IAFRecurrent": lambda **options: layers.IAFRecurrent(rec_connect=recurrence(), **options),
    "ALIF": lambda **options: layers.ALIF(tau_mem=20.0, tau_adapt=20.0, norm_input=False, **options),
    "ALIFRecurrent": lambda **options: layers.ALIFRecurrent(
        tau_mem=20.0, tau_adapt=20.0, rec_connect=recurrence(), norm_input=False, **options
    ),
}
each_layer = pytest.mark.parametrize("layer", LAYERS)

#: Derivatives of sinabs, and by formula, at threshold 1; and what they are here.
SAME = {
    "SingleExponential": (activation.SingleExponential(), "spike_rate_escape", {"beta": 2, "slope": 2, "shift": -1}),
    "SingleExponential, wide": (
        activation.SingleExponential(grad_width=2.0, grad_scale=3.0),
        "spike_rate_escape",
        {"beta": 0.5, "slope": 1.5, "shift": -1},
    ),
    "Heaviside": (activation.Heaviside(), "heaviside", {"shift": -1}),
    "Heaviside, narrow": (activation.Heaviside(window=0.25), "heaviside", {"shift": -0.25}),
    "atan": (lambda v, threshold: 1 / (1 + (math.pi * (v - threshold)) ** 2), "atan", {}),
    "fast_sigmoid": (lambda v, threshold: 1 / (1 + 5 * abs(v - threshold)) ** 2, "fast_sigmoid", {"slope": 5}),
}
# sinabs' own are also scaled by the threshold, which in an ALIF is no longer 1.
each_same = pytest.mark.parametrize(
    ("layer", "name"),
    [(layer, name) for layer in LAYERS for name in SAME if "ALIF" not in layer or name in ("atan", "fast_sigmoid")],
)


class Through(activation.SingleSpike):
    """sinabs' own, and the threshold gets a gradient too: it is subtracted from the membrane."""

    @staticmethod
    def backward(ctx, grad_output):
        """Return the gradients of the membrane and of a threshold of its shape."""
        grad, *_ = activation.SingleSpike.backward(ctx, grad_output)
        return grad, -grad, None


def currents(layer):
    torch.manual_seed(0)
    x = 0.8 * torch.randn(3, 25, 6) + 0.2
    return x.flatten(0, 1) if "Squeeze" in layer else x


def results(name, **options):
    layer = LAYERS[name](**options)
    x = currents(name).requires_grad_()
    spikes = layer(x)
    weighted(spikes).backward()
    learnt = {key: parameter.grad for key, parameter in layer.named_parameters() if parameter.grad is not None}
    return {"spikes": spikes.detach(), "x": x.grad, **learnt}


# -- as spike_fn ----------------------------------------------------------------------------------


@each_same
def test_a_layer_is_the_same_with_ours_as_with_a_single_spike(layer, name):
    theirs, ours, params = SAME[name]
    function = Through if "ALIF" in layer else activation.SingleSpike
    expected = results(layer, spike_fn=function, surrogate_grad_fn=theirs)
    assert_same(results(layer, spike_fn=spike_fn(ours, **params)), expected)


@pytest.mark.parametrize("threshold", [0.5, torch.tensor(0.5), torch.tensor([0.2, 0.4, 0.6, 0.8, 1.0, 1.2])])
def test_a_threshold_is_a_number_or_a_tensor(threshold):
    theirs, ours, params = SAME["atan"]
    expected = results("IAF", spike_threshold=threshold, spike_fn=activation.SingleSpike, surrogate_grad_fn=theirs)
    assert_same(results("IAF", spike_threshold=threshold, spike_fn=spike_fn(ours, **params)), expected)


@pytest.mark.parametrize("threshold", [0.5, 1, torch.tensor(0.5), torch.full((5,), 0.5, dtype=torch.float64)])
def test_apply_takes_what_layers_hand_over(threshold):
    v = torch.linspace(-1, 2, 15, dtype=torch.float64).reshape(3, 5)
    found = spike_fn("atan").apply(v, threshold, None)
    torch.testing.assert_close(found, activation.SingleSpike.apply(v, threshold, None).double())


def test_it_fires_at_the_threshold_unless_it_is_told_otherwise():
    v, threshold = torch.tensor([0.5, 1.0, 1.5]), torch.tensor(1.0)
    theirs = activation.SingleSpike.apply(v, threshold, None)
    assert torch.equal(spike_fn("atan").apply(v, threshold, None), theirs)
    assert torch.equal(spike_fn("atan", at_zero=1).apply(v, threshold, None), theirs)
    assert spike_fn("atan", at_zero=0).apply(v, threshold, None).tolist() == [0, 0, 1]
    assert spike_fn(surroreg.load("atan"), at_zero=0).apply(v, threshold, None).tolist() == [0, 0, 1]
    assert spike_fn(surroreg.load("atan", at_zero=1)).apply(v, threshold, None).tolist() == [0, 1, 1]


def test_there_is_at_most_one_spike_a_step():
    assert spike_fn("atan").apply(torch.tensor([5.5, -5.5]), 1.0, None).tolist() == [1, 0]


def test_the_threshold_learns():
    layer = layers.IAF(spike_fn=spike_fn("atan"), reset_fn=activation.MembraneReset())
    layer.spike_threshold.requires_grad_()
    x = currents("IAF")[:, :1].requires_grad_()
    weighted(layer(x)).backward()
    torch.testing.assert_close(layer.spike_threshold.grad, -x.grad.sum())
    assert layer.spike_threshold.grad != 0


@each_layer
def test_a_learnable_parameter_is_the_layers(layer):
    alpha = nn.Parameter(torch.tensor([2.0]))
    function = spike_fn("atan", alpha=alpha)
    found = results(layer, spike_fn=function)
    assert found["spike_fn.surrogate.alpha"].isfinite()
    assert found["spike_fn.surrogate.alpha"] != 0
    assert any(parameter is alpha for parameter in LAYERS[layer](spike_fn=function).parameters())


def test_the_dtype_is_kept():
    layer = layers.IAF(spike_fn=spike_fn("atan")).double()
    assert layer(currents("IAF").double()).dtype is torch.float64


# -- as surrogate_grad_fn -------------------------------------------------------------------------


@each_same
@pytest.mark.parametrize("function", [activation.SingleSpike, activation.MultiSpike, activation.MaxSpike(2)])
def test_a_layer_is_the_same_with_our_derivative_as_with_its_own(layer, name, function):
    theirs, ours, params = SAME[name]
    expected = results(layer, spike_fn=function, surrogate_grad_fn=theirs)
    assert_same(results(layer, spike_fn=function, surrogate_grad_fn=surrogate_grad_fn(ours, **params)), expected)


def test_several_spikes_a_step_stay():
    layer = layers.IAF(spike_fn=activation.MultiSpike, surrogate_grad_fn=surrogate_grad_fn("atan"))
    assert layer(torch.full((1, 1, 1), 3.5)).item() == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_derivative_has_the_membranes_shape_and_dtype(dtype):
    v = torch.linspace(-1, 3, 12).reshape(3, 4).to(dtype)
    for threshold in (1.0, torch.tensor(1.0)):
        found = surrogate_grad_fn("atan")(v, threshold)
        assert (found.shape, found.dtype) == (v.shape, dtype)


def test_sinabs_default_is_one_of_ours():
    expected = results("LIF", spike_fn=activation.MultiSpike)
    gradient = surrogate_grad_fn("spike_rate_escape", beta=2, slope=2, shift=-1)
    assert_same(results("LIF", surrogate_grad_fn=gradient), expected)


# -- both -----------------------------------------------------------------------------------------

MAKERS = {"spike_fn": spike_fn, "surrogate_grad_fn": surrogate_grad_fn}
each_maker = pytest.mark.parametrize("keyword", MAKERS)


def network(keyword, *given, **params):
    torch.manual_seed(0)
    options = {keyword: MAKERS[keyword](*given, **params)}
    lif = layers.LIF(tau_mem=10.0, norm_input=False, **options)
    return nn.Sequential(nn.Linear(6, 30), lif, nn.Linear(30, 4), copy.deepcopy(lif))


def train(net):
    torch.manual_seed(0)
    x, target = torch.rand(16, 15, 6), torch.randint(0, 5, (16, 4)).float()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(40):
        for layer in (net[1], net[3]):
            layer.reset_states()
        loss = (net(x).sum(1) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@each_maker
def test_a_network_learns(keyword):
    losses = train(network(keyword, "atan"))
    assert losses[-1] < losses[0] / 2


@each_maker
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_networks_and_functions_can_be_copied_and_pickled(keyword, copied):
    function = copied(MAKERS[keyword]("fast_sigmoid", slope=5))
    assert function.surrogate.to_config() == MAKERS[keyword]("fast_sigmoid", slope=5).surrogate.to_config()
    net = network(keyword, "fast_sigmoid", slope=5)
    assert train(copied(net)) == train(net)


def test_state_is_reset_layer_by_layer():
    net, x = network("spike_fn", "atan"), torch.rand(2, 4, 6)
    stateful = [module for module in net.modules() if isinstance(module, layers.StatefulLayer)]
    net(x)
    importlib.import_module("sinabs").reset_states(net)
    # sinabs passes them over. When it no longer does, the guide and the docstring say so for nothing.
    assert all(layer.v_mem.any() for layer in stateful)
    for layer in stateful:
        layer.reset_states()
    assert not any(layer.v_mem.any() for layer in stateful)


def test_deep_copy_of_a_layer_shares_the_surrogate():
    net = network("spike_fn", "atan")
    assert copy.deepcopy(net)[1].spike_fn is net[1].spike_fn


@each_maker
def test_the_slope_is_annealed_on_the_function(keyword):
    function = MAKERS[keyword]("fast_sigmoid")
    function.surrogate.slope = 5
    for slope in (5, 10):
        function.surrogate.slope = slope
        expected = results("LIF", **{keyword: MAKERS[keyword]("fast_sigmoid", slope=slope)})
        assert_same(results("LIF", **{keyword: function}), expected)


def test_the_repr_is_how_it_is_made():
    names = {**MAKERS, "surroreg": surroreg}
    for function, text in (
        (spike_fn("atan"), "spike_fn(surroreg.load('atan', alpha=2.0, at_zero=1))"),
        (surrogate_grad_fn("atan", alpha=3), "surrogate_grad_fn(surroreg.load('atan', alpha=3.0))"),
    ):
        assert repr(function) == text
        assert repr(eval(text, names)) == text
    assert "at_zero" not in repr(surrogate_grad_fn("atan"))
    with pytest.raises(TypeError):  # it fires at zero, and says so
        eval("spike_fn(surroreg.load('atan', alpha=2.0, at_zero=0))", names)


def test_initialising_a_network_passes_the_function_by():
    seen = []
    network("spike_fn", "atan").apply(lambda module: seen.append(type(module).__name__))
    assert {*seen} == {"Sequential", "Linear", "LIF", "SpikeFunction", "Surrogate"}


@each_maker
def test_a_converted_network_spikes(keyword):
    torch.manual_seed(0)
    ann = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 4), nn.ReLU())
    snn = from_torch.from_model(ann, batch_size=3, **{keyword: MAKERS[keyword]("atan")})
    spikes = snn(3 * currents("IAFSqueeze").abs())
    assert spikes.any()
    weighted(spikes).backward()
    assert next(snn.spiking_model.parameters()).grad.any()


# -- what is refused ------------------------------------------------------------------------------


def test_parameters_go_with_a_name():
    for make in MAKERS.values():
        with pytest.raises(TypeError, match=r"is loaded already; give alpha to surroreg\.load, or a name"):
            make(surroreg.load("atan", at_zero=1), alpha=3)
        with pytest.raises(TypeError, match="give a surrogate or the name of one, not <built-in"):
            make(torch.sigmoid)
        with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
            make("atn")
        with pytest.raises(surroreg.ParameterError, match="'alpha' must be > 0"):
            make("atan", alpha=-1)


def test_a_surrogate_that_fires_otherwise_says_how_to_mend_it():
    with pytest.raises(TypeError, match="fires 0 at exactly zero, and at_zero=1 is asked") as raised:
        spike_fn(surroreg.load("atan"))
    assert "Load it with at_zero=1, or pass at_zero=0 beside it." in str(raised.value)
    with pytest.raises(TypeError, match="fires 1 at exactly zero, and at_zero=0 is asked"):
        spike_fn(surroreg.load("atan", at_zero=1), at_zero=0)


def test_tensor_that_does_not_learn_is_refused():
    with pytest.raises(TypeError, match=r"tensor as its alpha.*a state of its neurons"):
        spike_fn("atan", alpha=torch.tensor([2.0]))
    frozen = nn.Parameter(torch.tensor([2.0]), requires_grad=False)
    assert results("LIF", spike_fn=spike_fn("atan", alpha=frozen))["spikes"].any()


def test_a_derivative_cannot_learn():
    with pytest.raises(TypeError, match=r"cannot learn its alpha here.*Use spike_fn"):
        surrogate_grad_fn("atan", alpha=nn.Parameter(torch.tensor([2.0])))
    tensor = surrogate_grad_fn("atan", alpha=torch.tensor([3.0]))
    expected = results("LIF", surrogate_grad_fn=surrogate_grad_fn("atan", alpha=3))
    assert_same(results("LIF", surrogate_grad_fn=tensor), expected)


def test_a_black_box_has_no_derivative_to_give():
    spec = surroreg.SurrogateSpec(name="black", factory=lambda: surroreg.load("atan"))
    black = surroreg.Surrogate(spec, {})
    with pytest.raises(NotImplementedError, match=r"'black' is built by a factory, .*\. Use spike_fn"):
        surrogate_grad_fn(black)
    assert spike_fn(black, at_zero=0).apply(torch.ones(1), 0.5, None).item() == 1
