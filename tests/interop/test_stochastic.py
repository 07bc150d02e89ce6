"""Surrogates with noise in the backward pass: when it is drawn, and from what."""

import pytest
import torch
from torch.func import grad, vmap
from torch.fx import symbolic_trace
from torch.utils.checkpoint import checkpoint

from tests.interop.cases import FUNCTION_WARNS, STOCHASTIC, assert_gradient, build, gradient, points


@pytest.fixture(params=STOCHASTIC)
def noisy(request):
    """Every surrogate whose derivative draws random numbers."""
    return build(request.param)


def test_forward_draws_nothing(noisy):
    before = torch.get_rng_state()
    noisy(points())
    noisy(points().requires_grad_())
    assert torch.equal(torch.get_rng_state(), before)


def test_every_backward_pass_draws_anew(noisy):
    x = points().requires_grad_()
    spikes = noisy(x)
    first, second = (torch.autograd.grad(spikes.sum(), x, retain_graph=True)[0] for _ in range(2))
    assert (first != second)[x < 0].all()
    assert torch.equal(first[x > 0], second[x > 0])


def test_the_seed_decides(noisy):
    found = []
    for _ in range(2):
        torch.manual_seed(7)
        found.append(gradient(noisy, points()))
    assert torch.equal(*found)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint_changes_nothing(noisy, reentrant):
    found = []
    for call in (noisy, lambda x: checkpoint(noisy, x, use_reentrant=reentrant)):
        x = points().requires_grad_()
        torch.manual_seed(7)
        call(x).sum().backward()
        found.append(x.grad)
    assert torch.equal(*found)


def test_vmap_asks_how_to_draw(noisy):
    rows = points().expand(4, -1)
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(grad(lambda x: noisy(x).sum()))(rows)
    same = vmap(grad(lambda x: noisy(x).sum()), randomness="same")(rows)
    different = vmap(grad(lambda x: noisy(x).sum()), randomness="different")(rows)
    assert torch.equal(same[0], same[1])
    assert (different[0] != different[1])[points() < 0].all()


def test_vmap_of_the_forward_alone_needs_no_answer(noisy):
    rows = points().expand(4, -1)
    assert torch.equal(vmap(noisy)(rows), noisy(rows))


@pytest.mark.parametrize("form", [lambda s: s, symbolic_trace], ids=["eager", "traced"])
@pytest.mark.parametrize("mean", [0.0, torch.zeros(1, dtype=torch.float64)], ids=["numbers", "buffer"])
@pytest.mark.parametrize("name", STOCHASTIC)
def test_noise_has_the_promised_range_mean_and_variance(name, mean, form):
    s = build(name, mean=mean)
    x = -torch.rand(20_000, dtype=torch.float64) - 0.1
    found, width = gradient(form(s), x), s.variance
    assert found.min() >= -width / 2
    assert found.max() <= width / 2
    assert abs(found.mean()) < 5 * (width**2 / 12 / len(x)) ** 0.5
    assert abs(found.var() / (width**2 / 12) - 1) < 0.05


@FUNCTION_WARNS
def test_compiled_backward_draws_from_the_seed(noisy):
    compiled = torch.compile(noisy, fullgraph=True, backend="aot_eager")
    found = []
    for _ in range(2):
        torch.manual_seed(7)
        found.append(gradient(compiled, points()))
    assert torch.equal(*found)
    assert_gradient(noisy, points(), found[0])


@FUNCTION_WARNS
def test_compiled_forward_draws_nothing(noisy):
    compiled = torch.compile(noisy, fullgraph=True, backend="aot_eager")
    before = torch.get_rng_state()
    compiled(points().requires_grad_())
    assert torch.equal(torch.get_rng_state(), before)


def test_compiled_vmap_asks_how_to_draw(noisy):
    rows = points().expand(4, -1)
    with pytest.raises(RuntimeError, match="random"):
        torch.compile(vmap(noisy), fullgraph=True, backend="aot_eager")(rows)
    found = torch.compile(vmap(noisy, randomness="same"), fullgraph=True, backend="aot_eager")(rows)
    assert torch.equal(found, noisy(rows))
