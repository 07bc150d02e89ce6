"""Whole networks of SpikingJelly: training, copies, checkpoints, recurrent layers."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

import surroreg
from surroreg.compat.spikingjelly import SpikingJellySurrogate, surrogate_function
from tests.compat.spikingjelly_neurons import (
    base,
    every,
    functional,
    gradient_in,
    neuron,
    rnn,
    run,
    surrogate,
)


def test_network_with_ours_trains():
    torch.manual_seed(0)
    x, target = torch.rand(32, 20), torch.randint(4, (32,))
    layers = []
    for inputs, outputs in ((20, 64), (64, 4)):
        layers += [nn.Linear(inputs, outputs), neuron.LIFNode(surrogate_function=surrogate_function("tanh", slope=2))]
    network = nn.Sequential(*layers)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        functional.reset_net(network)
        rate = sum(network(x) for _ in range(8)) / 8
        loss = nn.functional.cross_entropy(rate * 5, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_network_has_the_losses_of_the_original():
    losses = []
    for function in (surrogate.ATan(alpha=2.0), surrogate_function("atan", alpha=2.0)):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(8, 16), neuron.LIFNode(surrogate_function=function), nn.Linear(16, 2))
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        x, y = torch.randn(16, 8), torch.randn(16, 2)
        for _ in range(10):
            functional.reset_net(network)
            loss = (sum(network(x) for _ in range(4)) - y).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_training_loop_finds_and_anneals_the_functions():
    torch.manual_seed(0)
    pairs = (("atan", {"alpha": 2.0}), ("sigmoid", {"slope": 4.0}))
    layers = [neuron.LIFNode(surrogate_function=surrogate_function(name, **params)) for name, params in pairs]
    network = nn.Sequential(nn.Linear(8, 16), layers[0], nn.Linear(16, 4), layers[1])
    functional.set_step_mode(network, "m")
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    x, gradients = 2 * torch.rand(4, 5, 8), []
    for step in range(4):
        functional.reset_net(network)
        found = [module for module in network.modules() if isinstance(module, surroreg.Surrogate)]
        assert found == [layer.surrogate_function for layer in layers]
        found[0].alpha, found[1].slope = 2.0 + step, 4.0 + step
        optimiser.zero_grad()
        network(x).sum().backward()
        gradients.append(network[0].weight.grad.clone())
    assert [layer.surrogate_function.params for layer in layers] == [{"alpha": 5.0}, {"slope": 7.0}]
    assert all(grad.any() for grad in gradients)
    assert not torch.equal(gradients[0], gradients[1])


def test_parameter_in_a_neuron_is_learnt():
    slope = nn.Parameter(torch.tensor([5.0]))
    node = neuron.LIFNode(surrogate_function=surrogate_function("fast_sigmoid", slope=slope), step_mode="m")
    assert node.surrogate_function.slope is slope
    assert [name for name, _ in node.named_parameters()] == ["surrogate_function.slope"]
    run(node, torch.rand(4, 2, 3) * 2).sum().backward()
    assert slope.grad.abs().sum() > 0


def saved(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing)), saved])
@every
def test_copy_of_a_neuron_gives_the_same_gradient(name, params, copied):
    node = neuron.IFNode(surrogate_function=surrogate_function(name, **params), step_mode="m")
    again = copied(node)
    assert type(again.surrogate_function) is SpikingJellySurrogate
    assert again.surrogate_function is not node.surrogate_function
    assert torch.equal(gradient_in(again), gradient_in(node))


def test_copy_of_a_neuron_is_annealed_by_itself():
    node = neuron.IFNode(surrogate_function=surrogate_function("atan"))
    again = copy.deepcopy(node)
    again.surrogate_function.alpha = 9.0
    assert node.surrogate_function.alpha == 2.0


def test_network_configuration_leaves_the_function_alone():
    network = nn.Sequential(nn.Linear(6, 5), neuron.LIFNode(surrogate_function=surrogate_function("atan", alpha=3.0)))
    function = network[1].surrogate_function
    functional.set_step_mode(network, "m")
    network(torch.rand(4, 2, 6))
    functional.detach_net(network)
    functional.reset_net(network)
    assert network[1].surrogate_function is function
    assert function.params == {"alpha": 3.0}
    assert "(surrogate_function): surroreg.load('atan', alpha=3.0, at_zero=1)" in repr(network)


def test_half_network_keeps_dtype_and_gradient():
    network = nn.Sequential(nn.Linear(6, 5), neuron.LIFNode(surrogate_function=surrogate_function("atan")))
    functional.set_step_mode(network, "m")
    network.to(torch.float16)
    out = network(2 * torch.ones(4, 2, 6, dtype=torch.float16))
    out.sum().backward()
    assert out.dtype == torch.float16
    assert network[0].weight.grad.any()


def test_checkpoint_of_the_original_network_is_loaded():
    states = []
    for function in (surrogate.ATan(), surrogate_function("atan")):
        network = nn.Sequential(nn.Linear(6, 5), neuron.LIFNode(surrogate_function=function))
        states.append((network, network.state_dict()))
    (_, theirs), (network, ours) = states
    assert ours.keys() == theirs.keys()
    network.load_state_dict(theirs)
    assert torch.equal(network[0].weight, theirs["0.weight"])


def test_checkpoint_holds_a_learnt_parameter():
    network, other = (
        neuron.LIFNode(surrogate_function=surrogate_function("atan", alpha=nn.Parameter(torch.tensor([value]))))
        for value in (2.0, 5.0)
    )
    network.load_state_dict(other.state_dict())
    assert network.surrogate_function.alpha.item() == 5.0


@pytest.mark.parametrize("name", ["SpikingLSTM", "SpikingGRU"])
def test_recurrent_layer_reads_the_spiking_mode_of_a_function(name):
    torch.manual_seed(0)
    first, second = surrogate_function("atan"), surrogate_function("sigmoid", slope=4.0)
    layer = getattr(rnn, name)(6, 5, 1, surrogate_function1=first, surrogate_function2=second)
    out = layer(2 * torch.rand(4, 3, 6))[0]
    out.sum().backward()
    assert next(layer.parameters()).grad.any()
    second.set_spiking_mode(False)
    with pytest.raises(AssertionError):
        layer(torch.rand(4, 3, 6))


def test_functional_form_of_a_network_has_its_gradient():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 5), neuron.LIFNode(surrogate_function=surrogate_function("atan")))
    functional.set_step_mode(network, "m")
    x, gradients = 3 * torch.rand(4, 2, 6), []
    forward = base.to_functional_forward(network)
    states = tuple(base.extract_memories(network))
    for out in (network(x), forward((x,), states)[0][0]):
        gradients.append(torch.autograd.grad(out.sum(), network[0].weight)[0])
    assert gradients[0].any()
    assert torch.equal(*gradients)
