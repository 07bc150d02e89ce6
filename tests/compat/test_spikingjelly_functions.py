"""A surrogate as SpikingJelly's neurons take it: parameters, dtypes, transforms, configs, spiking mode."""

import copy
import json
import pickle

import pytest
import torch

import surroreg
from surroreg.compat.spikingjelly import SpikingJellySurrogate, surrogate_function
from tests.compat.spikingjelly_neurons import (
    HALF,
    NEEDED,
    RANDOM,
    X,
    every,
    gradient,
    gradient_in,
    made,
    neuron,
    run,
)


@every
def test_function_is_a_surrogate_that_fires_at_zero(name, params):
    function = surrogate_function(name, **params)
    assert type(function) is SpikingJellySurrogate
    assert isinstance(function, surroreg.Surrogate)
    assert function(torch.zeros(1)).item() == 1


@pytest.mark.parametrize("step_mode", ["s", "m"])
@every
def test_parameter_set_in_a_neuron_changes_its_gradient(name, params, step_mode):
    node = neuron.IFNode(surrogate_function=surrogate_function(name, **params), step_mode=step_mode)
    numbers = {key: value for key, value in node.surrogate_function.params.items() if isinstance(value, float)}
    assert numbers.keys() >= {p.name for p in surroreg.spec(name).parameters if isinstance(p.default, float)}
    for key, value in numbers.items():
        before = gradient_in(node)
        setattr(node.surrogate_function, key, 1.5 * value + 0.25)
        after = gradient_in(node)
        fresh = surrogate_function(name, **node.surrogate_function.params)
        assert not torch.equal(after, before), key
        assert torch.equal(after, gradient_in(neuron.IFNode(surrogate_function=fresh, step_mode=step_mode))), key


@every
def test_unknown_attribute_of_a_function_is_refused(name, params):
    function = surrogate_function(name, **params)
    for attribute in {"slope", "alpha", "steepness"} - function.params.keys():
        with pytest.raises(AttributeError, match=attribute):
            setattr(function, attribute, 30)
    function.spiking = False
    assert function.spiking is False


@every
def test_integers_are_refused_in_both_modes(name, params):
    function = surrogate_function(name, **params)
    for spiking in (True, False):
        function.set_spiking_mode(spiking)
        with pytest.raises(TypeError, match="int64"):
            function(torch.tensor([-1, 0, 1]))


@every
def test_float16_gradient_is_that_of_float64(name, params):
    function = surrogate_function(name, **params)
    found = gradient(function, HALF)
    assert found.dtype == torch.float16
    assert found.isfinite().all()
    if name not in RANDOM:
        exact = gradient(function, HALF.double()).clamp(max=torch.finfo(torch.float16).max)
        torch.testing.assert_close(found.double(), exact, rtol=2e-3, atol=1e-7)


@every
def test_vmap_gives_the_gradient_of_a_loop(name, params):
    function = surrogate_function(name, **params)
    batched = torch.func.vmap(torch.func.grad(function), randomness="different")(X)
    assert batched.isfinite().all()
    if name not in RANDOM:
        torch.testing.assert_close(batched, gradient(function))


@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_vmap_of_a_neuron_gives_the_gradient_of_a_loop(step_mode):
    function = surrogate_function("atan")

    def spikes(x):
        node = neuron.LIFNode(surrogate_function=function, step_mode=step_mode)
        return sum(node(frame).sum() for frame in x) if step_mode == "s" else node(x).sum()

    x = 3 * torch.rand(5, 4, 3)
    batched = torch.func.vmap(torch.func.grad(spikes))(x)
    assert batched.any()
    torch.testing.assert_close(batched, torch.stack([torch.func.grad(spikes)(sample) for sample in x]))


@every
def test_config_of_a_function_gives_an_equal_one(name, params):
    function = surrogate_function(name, **params)
    config = json.loads(json.dumps(function.to_config()))
    again = surrogate_function(surroreg.from_config(config))
    assert again.to_config() == config
    assert repr(again) == repr(function)


def test_function_in_non_spiking_mode_is_the_primitive():
    function = surrogate_function("fast_sigmoid", slope=5)
    function.set_spiking_mode(False)
    assert function.spiking is False
    assert torch.equal(function(X), surroreg.load("fast_sigmoid", slope=5).primitive(X))
    function.set_spiking_mode(True)
    assert set(function(X).tolist()) == {0.0, 1.0}


def test_neuron_in_non_spiking_mode_gives_the_primitive():
    for name in ("IFNode", "ComplementaryLIFNode"):
        node = made(name, surrogate_function("fast_sigmoid", slope=5), "s").eval()
        node.surrogate_function.set_spiking_mode(False)
        out = run(node, torch.full((2, 3), 0.5))
        assert ((out > 0) | (out < 0)).all()
        assert not set(out.flatten().tolist()) & {0.0, 1.0}


def test_non_spiking_mode_without_a_primitive_is_refused():
    function = surrogate_function("custom_surrogate", **NEEDED["custom_surrogate"])
    function.set_spiking_mode(False)
    with pytest.raises(surroreg.NoPrimitiveError, match="'custom_surrogate' has no primitive"):
        function(X)


def test_function_fires_at_zero_unless_asked_not_to():
    zero = torch.zeros(1)
    assert surrogate_function("heaviside")(zero).item() == 1
    assert surrogate_function("heaviside", at_zero=0)(zero).item() == 0
    assert surrogate_function(surroreg.load("heaviside", at_zero=1))(zero).item() == 1
    with pytest.raises(TypeError, match=r"Load it with at_zero=1, or pass at_zero=0 beside it"):
        surrogate_function(surroreg.load("heaviside"))


def test_black_box_keeps_its_spike_at_zero():
    box = surroreg.SurrogateSpec(name="box", factory=lambda: surroreg.load("atan"))()
    assert surrogate_function(box, at_zero=0)(torch.zeros(1)).item() == 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copy_of_a_function_keeps_the_mode(copied):
    function = surrogate_function("fast_sigmoid", slope=5)
    function.set_spiking_mode(False)
    again = copied(function)
    assert type(again) is SpikingJellySurrogate
    assert (again.spiking, again.at_zero, again.params) == (False, 1, {"slope": 5.0})
    assert isinstance(again.scaled(factor=2), SpikingJellySurrogate)


def test_what_is_refused():
    with pytest.raises(TypeError, match="is loaded already; give slope to surroreg"):
        surrogate_function(surroreg.load("fast_sigmoid", at_zero=1), slope=3)
    with pytest.raises(TypeError, match="give a surrogate or the name of one"):
        surrogate_function(3)
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        surrogate_function("atn")
