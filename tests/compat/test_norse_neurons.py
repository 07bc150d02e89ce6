"""Norse's own neurons, with surrogates of ours as their method."""

import pytest
import torch
from torch import nn

from tests.compat.norse_neurons import (
    NEURONS,
    SAME,
    assert_same,
    coba,
    correlation,
    home,
    lif,
    lif_adex,
    lif_ex,
    lsnn,
    mc,
    mc_refrac,
    norse,
    trained_once,
    weighted,
    with_method,
)


def test_neurons_of_norse_are_all_tried():
    assert len(NEURONS) == 31
    assert {"LIFCell", "LIFRecurrentCell", "LIF", "LSNN", "IAF", "Izhikevich", "LIFAdExCell", "LIFRefracCell"} <= {
        *NEURONS
    }


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("name", NEURONS)
def test_neuron_with_ours_trains_as_with_its_own_method(name):
    for method, alpha, ours in SAME[:3]:
        assert_same(trained_once(name, ours), trained_once(name, method, alpha))


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("name", NEURONS)
def test_neuron_with_a_surrogate_unknown_to_norse_trains(name):
    spikes, *gradients = trained_once(name, "surroreg:atan(alpha=3)")
    torch.testing.assert_close(spikes, trained_once(name, "triangle", 0.3)[0])  # the forward pass is Norse's
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize(("method", "alpha", "ours"), SAME[:3])
def test_functional_modules_with_ours_are_the_same(method, alpha, ours):
    torch.manual_seed(0)
    v, x, i = (torch.randn(4, 6) for _ in range(3))
    current, weights = 3 * torch.rand(4, 6), torch.randn(2, 6, 6)

    def coba_p(method, alpha):
        return with_method(norse.CobaLIFParameters(), method, alpha)

    def lif_p(method, alpha):
        return with_method(norse.LIFParameters(), method, alpha)

    def refrac_p(method, alpha):
        return with_method(norse.LIFRefracParameters(), method, alpha)

    zeros = torch.zeros(4, 6)
    calls = {
        "coba_lif_step": lambda v, m, a: coba.coba_lif_step(
            x, coba.CobaLIFState(zeros + 1, 10 * v - 10, zeros, zeros), *weights, coba_p(m, a)
        ),
        "coba_lif_feed_forward_step": lambda v, m, a: coba.coba_lif_feed_forward_step(
            x, coba.CobaLIFFeedForwardState(10 * v - 10, zeros, zeros), coba_p(m, a)
        ),
        "lif_mc_feed_forward_step": lambda v, m, a: mc.lif_mc_feed_forward_step(
            x, lif.LIFFeedForwardState(v + 1, i), weights[0], lif_p(m, a)
        ),
        "lif_mc_refrac_feed_forward_step": lambda v, m, a: mc_refrac.lif_mc_refrac_feed_forward_step(
            x,
            norse.LIFRefracFeedForwardState(lif.LIFFeedForwardState(v + 1, i), zeros),
            weights[0],
            refrac_p(m, a),
        ),
        "ada_lif_step": lambda v, m, a: lsnn.ada_lif_step(
            x, lsnn.LSNNState(zeros, v + 1, i, zeros), *weights, with_method(norse.LSNNParameters(), m, a)
        ),
        "lif_step_sparse": lambda v, m, a: lif.lif_step_sparse(
            x.to_sparse(), lif.LIFState(zeros.to_sparse(), v + 1, i), *weights, lif_p(m, a)
        ),
        "lif_feed_forward_integral": lambda v, m, a: lif.lif_feed_forward_integral(
            x.expand(3, 4, 6), lif.LIFFeedForwardState(v + 1, i), lif_p(m, a)
        ),
        "lif_current_encoder": lambda v, m, a: lif.lif_current_encoder(current, v + 1, lif_p(m, a)),
        "lif_ex_current_encoder": lambda v, m, a: lif_ex.lif_ex_current_encoder(
            current, v + 1, with_method(norse.LIFExParameters(), m, a)
        ),
        "lif_adex_current_encoder": lambda v, m, a: lif_adex.lif_adex_current_encoder(
            current, v + 1, zeros, with_method(norse.LIFAdExParameters(), m, a)
        ),
        "sign": lambda v, m, a: (home.sign(v, m, a),),
    }
    for call in calls.values():
        results = []
        for arguments in ((ours, 100.0), (method, alpha)):
            leaf = v.clone().requires_grad_()
            spikes = call(leaf, *arguments)[0]
            weighted(spikes.to_dense()).backward()
            results.append([spikes.detach().to_dense(), leaf.grad])
        if call is calls["sign"]:  # which is nowhere zero
            results = [[(spikes + 1) / 2, gradient] for spikes, gradient in results]
        assert_same(*results)


@pytest.mark.usefixtures("adapter")
def test_correlation_neuron_with_ours_is_the_same():
    results = []
    for method in ("surroreg:piecewise_linear(dampening=0.3)", "triangle"):
        p = with_method(correlation.LIFCorrelationParameters(), method, 0.3)
        layer, state = norse.LIFCorrelation(8, 6, p=p), None
        torch.manual_seed(0)
        weights = [torch.randn(6, 8, requires_grad=True), torch.randn(6, 6, requires_grad=True)]
        spikes = []
        for current in torch.rand(20, 1, 8):  # with a batch of one: its sensors fail with more
            z, state = layer(current, *weights, state)
            spikes.append(z)
        weighted(torch.stack(spikes)).backward()
        results.append([torch.stack(spikes).detach(), *(weight.grad for weight in weights)])
    assert_same(*results)


@pytest.mark.usefixtures("adapter")
def test_training_with_ours_has_the_losses_of_norse():
    losses = []
    for method, alpha, ours in SAME[:1]:
        for chosen in (method, ours):
            torch.manual_seed(0)
            p = norse.LIFParameters(method=chosen, alpha=torch.as_tensor(alpha))
            net = norse.SequentialState(nn.Linear(8, 20), norse.LIFCell(p=p), nn.Linear(20, 4), norse.LIFCell(p=p))
            optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
            x, target = 2 * torch.rand(15, 16, 8), torch.randint(0, 5, (16, 4)).float()
            losses.append([])
            for _ in range(40):
                state, count = None, torch.zeros(16, 4)
                for current in x:
                    spikes, state = net(current, state)
                    count = count + spikes
                loss = (count - target).square().mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses[-1].append(loss.item())
    assert losses[0][-1] < losses[0][0] / 2
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


# torch.compile makes one itself, of which it warns itself.
@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.* should not be instantiated:DeprecationWarning")
@pytest.mark.usefixtures("adapter")
def test_cell_compiled_before_any_call_is_the_same():
    x, v = torch.rand(4, 6), torch.rand(4, 6) + 0.5
    results = []
    for method, compiled in (
        ("triangle", False),
        ("triangle", True),
        ("surroreg:piecewise_linear(dampening=0.5)", True),
    ):
        torch.compiler.reset()
        cell = norse.LIFCell(p=norse.LIFParameters(method=method, alpha=torch.as_tensor(0.5)))
        cell = torch.compile(cell, fullgraph=True, backend="aot_eager") if compiled else cell
        leaf = v.clone().requires_grad_()
        spikes, _ = cell(x, lif.LIFFeedForwardState(leaf, torch.zeros(4, 6)))
        weighted(spikes).backward()
        results.append([spikes.detach(), leaf.grad])
    for found in results[1:]:
        assert_same(found, results[0])
