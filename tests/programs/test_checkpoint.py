"""Programs under both kinds of checkpointing and under selective checkpointing: the gradients without."""

import functools

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from tests.programs.base import assert_same, compiled, gradients, learnt
from tests.programs.catalogue import COMPILER_WARNS, SOME, each

pytestmark = COMPILER_WARNS
PRODUCTS = {torch.ops.aten.mm.default, torch.ops.aten.addmm.default, torch.ops.aten.convolution.default}


def save_everything(context, operation, *args, **kwargs):
    return CheckpointPolicy.MUST_SAVE


def save_all_but_products(context, operation, *args, **kwargs):
    return CheckpointPolicy.MUST_RECOMPUTE if operation in PRODUCTS else CheckpointPolicy.MUST_SAVE


def selective(policy):
    contexts = functools.partial(create_selective_checkpoint_contexts, policy)
    return {"use_reentrant": False, "context_fn": contexts}


KINDS = {
    "reentrant": {"use_reentrant": True},
    "not reentrant": {"use_reentrant": False},
    "everything saved": selective(save_everything),
    "products computed again": selective(save_all_but_products),
}


class Checkpointed(nn.Module):
    """A network that keeps its input and computes the rest again, or what its options say."""

    def __init__(self, program, network, **options):
        super().__init__()
        self.network = network
        # With the reset of the neurons: their state must be the same when the network runs again.
        self.part = functools.partial(program.run, network)
        self.options = options

    def forward(self, x):
        return checkpoint(self.part, x, **self.options)


def backward(program, call, batch):
    """Return the loss and the gradients that ``backward`` gathers; the reentrant kind knows no other way."""
    call.zero_grad()
    x, y = batch
    # The reentrant kind also wants an input with a gradient.
    loss = program.criterion(call(x.clone().requires_grad_()), y)
    loss.backward()
    return [loss.detach(), *(parameter.grad for parameter in learnt(call))]


@pytest.mark.parametrize("kind", KINDS)
@each()
def test_program_checkpointed_has_the_same_gradients(program, kind):
    network = program.network()
    call = Checkpointed(program, network, **KINDS[kind])
    expected = gradients(program, network, program.batch())
    for _ in range(2):
        assert_same(backward(program, call, program.batch()), expected)


@each()
def test_checkpoint_within_training_follows_annealed_values(program):
    network = program.network()
    call = Checkpointed(program, network, use_reentrant=False)
    for values in program.later:
        program.anneal(network, **values)
        assert_same(backward(program, call, program.batch()), gradients(program, network, program.batch()))


@each(SOME)
def test_compiled_program_checkpointed_is_the_same(program):
    network = program.network()
    call, counter = compiled(network)
    for values in (program.params, *program.later[:1]):
        program.anneal(network, **values)
        found = backward(program, Checkpointed(program, call, use_reentrant=False), program.batch())
        assert_same(found, gradients(program, network, program.batch()))
    assert 1 <= counter.frame_count <= 2


# snnTorch's, SpikingJelly's and sinabs' neurons set attributes, which Dynamo refuses within a checkpoint, whatever the
# surrogates.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "reentrant"])
@each(["plain", "norse"])
def test_program_with_a_checkpoint_compiled_is_the_same(program, kind):
    network = program.network()
    call, counter = compiled(Checkpointed(program, network, **KINDS[kind]))
    for values in (program.params, *program.later[:1]):
        program.anneal(network, **values)
        assert_same(backward(program, call, program.batch()), gradients(program, network, program.batch()))
    assert 1 <= counter.frame_count <= 2
