"""Programs called with other weights, copied, and averaged."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tests.programs.base import assert_same, differ, gradients, learnt
from tests.programs.catalogue import ASSIGNED, EVERY, each


def evaluated(program):
    """Return a network whose neurons have a state of the size that training gives it, but no graph.

    PyTorch copies no tensor that has a graph, and averages no buffer whose size changes.
    """
    network = program.network()
    with torch.no_grad():
        program.loss(network, program.batch(100))
    return network


def weights_of(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


class WithWeights(nn.Module):
    """A network called with other weights than its own."""

    def __init__(self, network, weights):
        super().__init__()
        self.network = network
        self.weights = weights

    def forward(self, x):
        return functional_call(self.network, self.weights, (x,))


@each()
def test_functional_call_has_the_gradients_of_its_weights(program):
    network, other = program.network(seed=0), program.network(seed=1)
    weights = dict(other.named_parameters())
    loss = program.loss(WithWeights(network, weights), program.batch())
    found = torch.autograd.grad(loss, learnt(other))
    expected = gradients(program, other, program.batch())
    assert_same([loss.detach(), *found], expected)
    assert differ(expected, gradients(program, network, program.batch()))


# Norse's text holds numbers only.
@each(ASSIGNED)
def test_functional_call_takes_a_learnt_value(program):
    network = program.network(name="atan", alpha=nn.Parameter(torch.tensor([2.0])))
    other = program.network(name="atan", alpha=nn.Parameter(torch.tensor([4.0])))
    loss = program.loss(WithWeights(network, dict(other.named_parameters())), program.batch())
    assert_same([loss.detach(), *torch.autograd.grad(loss, learnt(other))], gradients(program, other, program.batch()))
    assert all(parameter.item() == 2.0 for name, parameter in network.named_parameters() if name.endswith("alpha"))


@each()
def test_copy_trained_leaves_the_original_untouched(program):
    original, batch = evaluated(program), program.batch()
    clone, weights = copy.deepcopy(original), weights_of(original)
    before = gradients(program, original, batch)
    assert_same(gradients(program, clone, batch), before)
    program.train(clone)
    assert program.result(clone) > program.goal
    assert all(map(torch.equal, weights_of(original), weights))
    assert_same(gradients(program, original, batch), before)


# sinabs copies the weights of a layer, and shares its spike_fn.
@each(name for name in EVERY if name != "sinabs")
def test_copy_annealed_leaves_the_original_untouched(program):
    original, batch = evaluated(program), program.batch()
    clone = copy.deepcopy(original)
    before = gradients(program, original, batch)
    program.anneal(clone, **program.later[-1])
    assert differ(gradients(program, clone, batch), before)
    assert_same(gradients(program, original, batch), before)


@each()
def test_averaged_model_is_the_mean_of_its_networks(program):
    network = evaluated(program)
    averaged = AveragedModel(network)
    states = []
    for _ in range(3):
        program.train(network, epochs=program.epochs // 3)
        averaged.update_parameters(network)
        states.append(weights_of(network))
    for found, *each_ in zip(weights_of(averaged), *states, strict=True):
        torch.testing.assert_close(found, torch.stack(each_).mean(0))
    assert program.result(averaged) > 0.5


@each(["plain"])
def test_moving_average_takes_learnt_values_along(program):
    network = program.network(name="atan", alpha=nn.Parameter(torch.tensor([2.0])))
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    averaged.update_parameters(network)  # the first is taken as it is
    before = network.spikes[0].alpha.item()
    program.train(network)
    averaged.update_parameters(network)
    after = network.spikes[0].alpha.item()
    assert after != before
    assert averaged.module.spikes[0].alpha.item() == pytest.approx((before + after) / 2)
    assert program.result(averaged) > 0.5
