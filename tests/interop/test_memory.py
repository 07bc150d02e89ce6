"""What is kept for the backward pass, and every way of keeping it elsewhere."""

import pytest
import torch
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from tests.interop.cases import DETERMINISTIC, NAMES, assert_gradient, batch, build, gradient, model, points

# What each keeps, in words of the user's bill: nothing, or the output, which the next layer keeps
# alive anyway. All the others keep the input.
NOTHING = {"straight_through_estimator"}
OUTPUT = {"heaviside", "leaky_spike_operator", "stochastic_spike_operator"}
INPUT = set(NAMES) - NOTHING - OUTPUT


def kept_by(s, x):
    """Return the addresses of what the call ``s(x)`` saves, and its output."""
    kept = []

    def pack(tensor):
        kept.append(tensor.data_ptr())
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        spikes = s(x)
    return kept, spikes


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_keeps_nothing(name):
    assert kept_by(build(name), points().requires_grad_())[0] == []


@pytest.mark.parametrize("name", sorted(OUTPUT))
def test_keeps_only_its_output(name):
    kept, spikes = kept_by(build(name), points().requires_grad_())
    assert kept == [spikes.data_ptr()]


@pytest.mark.parametrize("name", sorted(INPUT))
def test_keeps_only_its_input(name):
    x = points().requires_grad_()
    assert kept_by(build(name), x)[0] == [x.data_ptr()]


@pytest.mark.parametrize("name", sorted(OUTPUT))
def test_output_cannot_stand_for_the_input_where_zero_fires(name):
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    s = build(name, at_zero=1)
    assert kept_by(s, x)[0] == [x.data_ptr()]
    assert_gradient(s, x.detach(), gradient(s, x))


def test_keeps_nothing_without_a_gradient_to_come(s):
    assert kept_by(s, points())[0] == []
    with torch.no_grad():
        assert kept_by(s, points().requires_grad_())[0] == []


@pytest.mark.parametrize("name", sorted(OUTPUT))
def test_changing_a_kept_output_is_an_error(name):
    x = points().requires_grad_()
    spikes = build(name)(x).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        spikes.sum().backward()


def test_backward_frees_what_was_kept(s):
    x = points().requires_grad_()
    spikes = s(x)
    spikes.sum().backward()
    if s.spec.name not in NOTHING:
        with pytest.raises(RuntimeError, match="second time"):
            spikes.sum().backward()


def test_hooks_replace_what_is_kept(s):
    x = points().requires_grad_()
    with saved_tensors_hooks(lambda tensor: tensor.numpy(force=True).copy(), torch.from_numpy):
        spikes = s(x)
    assert_gradient(s, points(), torch.autograd.grad(spikes.sum(), x)[0])


def test_save_on_cpu(s):
    x = points().requires_grad_()
    with save_on_cpu():
        spikes = s(x)
    assert_gradient(s, points(), torch.autograd.grad(spikes.sum(), x)[0])


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint(s, reentrant):
    network, x = model(s), batch().requires_grad_()
    torch.manual_seed(5)
    expected = torch.autograd.grad(network(x).square().sum(), (x, *network.parameters()))
    torch.manual_seed(5)
    checkpoint(network, x, use_reentrant=reentrant).square().sum().backward()
    found = (x.grad, *(p.grad for p in network.parameters()))
    torch.testing.assert_close(found, expected)


def test_checkpointing_the_surrogate_alone(s):
    x = points().requires_grad_()
    spikes = checkpoint(s, x, use_reentrant=False)
    assert_gradient(s, points(), torch.autograd.grad(spikes.sum(), x)[0])


def test_two_backward_passes(s):
    x = points().requires_grad_()
    spikes = s(x)
    for _ in range(2):
        assert_gradient(s, points(), torch.autograd.grad(spikes.sum(), x, retain_graph=True)[0])


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_every_time_step_keeps_its_own(name):
    network, steps = model(build(name)), [batch() * k for k in (1, -2, 3)]
    together = torch.autograd.grad(sum(network(x).sum() for x in steps), list(network.parameters()))
    apart = [torch.autograd.grad(network(x).sum(), list(network.parameters())) for x in steps]
    torch.testing.assert_close(together, tuple(sum(parts) for parts in zip(*apart, strict=True)))
