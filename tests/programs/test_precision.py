"""Programs under autocast, with a scaled loss, and with all numbers in bfloat16; in eager mode and compiled."""

import torch
from torch import nn

from tests.programs.base import assert_same, assert_trains_the_same, compiled, gradients, learnt
from tests.programs.catalogue import COMPILER_WARNS, SOME, each

pytestmark = COMPILER_WARNS
#: What a few roundings to bfloat16 come to.
ROUNDING = 0.03


class UnderAutocast(nn.Module):
    """A network, compiled or not, whose matrix products are in bfloat16."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return self.network(x)


def scaled_step(program, call, batch):
    """Train a step with a scaled loss; return the loss and the gradients without the scale."""
    optimiser, scaler = program.optimiser(call), torch.amp.GradScaler("cpu", init_scale=2.0**12)
    optimiser.zero_grad()
    loss = program.loss(call, batch)
    scaler.scale(loss).backward()
    scaler.unscale_(optimiser)
    results = [loss.detach(), *(parameter.grad.clone() for parameter in learnt(call))]
    scaler.step(optimiser)
    scaler.update()
    return results


@each()
def test_program_under_autocast_reaches_its_result(program):
    network = UnderAutocast(program.network())
    program.train(network)
    assert program.result(network) > program.goal


@each()
def test_program_under_autocast_trains_alike_compiled(program):
    network = program.network()
    call, counter = compiled(network)
    batches = [program.batch(start=start) for start in (0, 8)]
    assert_trains_the_same(program, UnderAutocast(call), UnderAutocast(network), batches, ROUNDING)
    for start in (0, 8):  # the same graph with a scaled loss
        batch = program.batch(start=start)
        expected = gradients(program, UnderAutocast(network), batch)
        assert_same(scaled_step(program, UnderAutocast(call), batch), expected, ROUNDING)
    assert 1 <= counter.frame_count <= 2


@each()
def test_program_in_bfloat16_reaches_its_result(program):
    network = program.network().to(torch.bfloat16)
    program.train(network)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
    assert program.result(network) > program.goal


@each()
def test_program_in_bfloat16_trains_alike_compiled(program):
    network = program.network().to(torch.bfloat16)
    call, counter = compiled(network)
    assert_trains_the_same(program, call, network, [program.batch(start=start) for start in (0, 8)], ROUNDING)
    assert 1 <= counter.frame_count <= 2


@each()
def test_scaled_loss_has_the_gradient_of_the_plain_loss(program):
    network, batch = program.network(), program.batch()
    before = [parameter.detach().clone() for parameter in learnt(network)]
    expected = gradients(program, network, batch)
    assert_same(scaled_step(program, network, batch), expected)
    assert all(not torch.equal(now, old) for now, old in zip(learnt(network), before, strict=True))


@each(SOME)
def test_scaler_skips_a_step_whose_gradient_overflows(program):
    network, (x, y) = program.network(), program.batch()
    optimiser, scaler = program.optimiser(network), torch.amp.GradScaler("cpu", init_scale=2.0**127)
    before = [parameter.detach().clone() for parameter in learnt(network)]
    scaler.scale(2.0**10 * program.loss(network, (x, y))).backward()
    scaler.step(optimiser)
    scaler.update()
    assert scaler.get_scale() == 2.0**126
    assert all(torch.equal(now, old) for now, old in zip(learnt(network), before, strict=True))
