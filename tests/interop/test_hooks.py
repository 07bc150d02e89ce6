"""Hooks on tensors and modules, and several threads at once."""

from concurrent.futures import ThreadPoolExecutor

import torch

import surroreg
from tests.interop.cases import assert_gradient, gradient, points, weights


def test_tensor_hook_and_retain_grad(s):
    leaf = points().requires_grad_()
    x = leaf * 1.0
    x.retain_grad()
    spikes = s(x)
    spikes.retain_grad()
    spikes.register_hook(lambda grad: 2 * grad)
    spikes.sum().backward()
    assert spikes.grad.tolist() == [2] * len(x)
    assert_gradient(s, points(), x.grad, 2.0)
    assert torch.equal(x.grad, leaf.grad)


def test_hook_after_accumulation(s):
    x, seen = points().requires_grad_(), []
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad.clone()))
    s(x).sum().backward()
    assert_gradient(s, points(), seen[0])


def test_module_hooks(s):
    called = []
    s.register_forward_pre_hook(lambda module, args: called.append("before"))
    s.register_forward_hook(lambda module, args, out: called.append("after"))
    s.register_full_backward_hook(lambda module, grad_in, grad_out: called.append("backward"))
    assert_gradient(s, points(), gradient(s, points()))
    assert called == ["before", "after", "backward"]


def test_forward_hook_changes_the_output():
    s = surroreg.load("atan")
    s.register_forward_hook(lambda module, args, out: 3 * out)
    assert_gradient(s, points(), gradient(s, points()), 3.0)


def test_global_module_hook(s):
    seen = []
    handle = torch.nn.modules.module.register_module_forward_hook(lambda module, args, out: seen.append(module))
    try:
        s(points())
    finally:
        handle.remove()
    assert seen == [s]


def test_eight_threads_share_one_surrogate(s):
    xs = [points() * scale for scale in (1.0, 1.1, 1.2, 1.35, 1.5, 1.7, 1.9, 2.0)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda x: gradient(s, x, weights(x)), xs * 4))
    for x, grad in zip(xs * 4, found, strict=True):
        assert_gradient(s, x, grad, weights(x))


def test_identity_is_equality_and_hash(s):
    other = surroreg.from_config(s.to_config())
    assert s == s
    assert s != other
    assert len({s, other, s}) == 2
