"""Whole networks of snnTorch's neurons: the same training with our surrogates, and what works only with ours."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import snntorch as snn
import torch
from snntorch import surrogate as snntorch_surrogate
from torch import Tensor, nn

import surroreg
from tests.parity.side_by_side import FUSED, PAIR, PAIRS, Pair, gradient, rectified
from tests.torch_limits import skip_unless_compiles

STEPS = 10

# Values at which a network of this size learns something; the rest takes the defaults.
PARAMS: dict[str, dict[str, Any]] = {
    "SFS": {"slope": 5, "B": -0.5},
    "sigmoid": {"slope": 2},
    "spike_rate_escape": {"slope": 1.0},
    "custom_surrogate": {"custom_surrogate_function": rectified},
    "triangular": {"threshold": 0.2},
}
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=repr)


class Net(nn.Module):
    """Linear-Leaky-Linear-Leaky over time; returns how often each output fired, plus its last membrane."""

    def __init__(self, spike_grad: Callable[[], Any], *, init_hidden: bool = False, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.init_hidden = init_hidden
        self.fc1 = nn.Linear(8, 32)
        self.lif1 = snn.Leaky(beta=0.9, spike_grad=spike_grad(), init_hidden=init_hidden)
        self.fc2 = nn.Linear(32, 4)
        self.lif2 = snn.Leaky(beta=0.8, spike_grad=spike_grad(), init_hidden=init_hidden, learn_beta=True)

    def forward(self, x: Tensor) -> Tensor:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        count = torch.zeros((), dtype=x.dtype)
        for current in x:
            if self.init_hidden:
                spk2 = self.lif2(self.fc2(self.lif1(self.fc1(current))))
                mem2 = self.lif2.mem
            else:
                spk1, mem1 = self.lif1(self.fc1(current), mem1)
                spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            count = count + spk2
        return count + mem2


def data(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Inputs of shape (time, batch, 8), and a rate of each of the 4 outputs to learn."""
    torch.manual_seed(42)
    return 2 * torch.randn(STEPS, 16, 8).to(dtype), torch.randint(0, 6, (16, 4)).to(dtype)


def train(net: nn.Module, steps: int = 20, dtype: torch.dtype = torch.float32, seed: int = 7) -> list[float]:
    """The loss at every step. Noise, where there is any, starts from ``seed``."""
    x, target = data(dtype)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.005)
    torch.manual_seed(seed)
    losses = []
    for _ in range(steps):
        loss = (net(x) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def both(pair: Pair, **options: Any) -> tuple[Net, Net]:
    params = PARAMS.get(pair.name, {})
    return Net(lambda: pair.ours(**params), **options), Net(lambda: pair.theirs(**params), **options)


@each_pair
@pytest.mark.parametrize("init_hidden", [False, True], ids=["explicit", "init_hidden"])
def test_the_same_seed_gives_the_same_training(pair: Pair, init_hidden: bool) -> None:
    ours, theirs = both(pair, init_hidden=init_hidden)
    losses, expected = train(ours), train(theirs)
    assert len(set(expected)) > 10  # it trains at all
    if pair.name in FUSED:  # the gradients differ in the last digits
        assert losses == pytest.approx(expected, rel=1e-4)
        return
    assert losses == expected
    for (name, value), (_, other) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert torch.equal(value, other), name


def test_noise_of_another_seed_gives_another_training() -> None:
    ours, theirs = both(PAIR["SSO"])
    assert train(ours, seed=7) != train(theirs, seed=8)


def test_snntorchs_default_is_our_atan() -> None:
    ours, theirs = Net(lambda: surroreg.load("atan")), Net(lambda: None)
    assert train(ours) == pytest.approx(train(theirs), rel=1e-4)


@each_pair
def test_checkpoints_are_interchangeable(pair: Pair) -> None:
    ours, theirs = both(pair)
    train(theirs, steps=3)
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x, _ = data()
    assert torch.equal(ours(x), theirs(x))


NEURONS: dict[str, Callable[[Any], nn.Module]] = {
    "Synaptic": lambda s: snn.Synaptic(alpha=0.9, beta=0.8, spike_grad=s, init_hidden=True),
    "Alpha": lambda s: snn.Alpha(alpha=0.9, beta=0.8, spike_grad=s, init_hidden=True),
    "Lapicque": lambda s: snn.Lapicque(beta=0.9, threshold=0.2, spike_grad=s, init_hidden=True),
    "RLeaky": lambda s: snn.RLeaky(beta=0.9, linear_features=8, spike_grad=s, init_hidden=True),
    "RSynaptic": lambda s: snn.RSynaptic(alpha=0.9, beta=0.8, linear_features=8, spike_grad=s, init_hidden=True),
    "Leaky, reset to zero": lambda s: snn.Leaky(beta=0.9, spike_grad=s, init_hidden=True, reset_mechanism="zero"),
    "Leaky, no delay": lambda s: snn.Leaky(beta=0.9, spike_grad=s, init_hidden=True, reset_delay=False),
    "Leaky, learnt threshold": lambda s: snn.Leaky(beta=0.9, spike_grad=s, init_hidden=True, learn_threshold=True),
}


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("name", ["atan", "fast_sigmoid", "heaviside", "SSO"])
def test_every_neuron_takes_ours_as_its_own(neuron: str, name: str) -> None:
    results = []
    for spike_grad in (PAIR[name].ours(), PAIR[name].theirs()):
        torch.manual_seed(0)
        layer = NEURONS[neuron](spike_grad)
        x = 2 * torch.randn(STEPS, 5, 8)
        x.requires_grad_()
        out = torch.stack([layer(current) for current in x])
        torch.manual_seed(1)
        out.backward(torch.linspace(-1, 1, out.numel()).reshape(out.shape))
        results.append([out.detach(), x.grad, *(p.grad for p in layer.parameters())])
    for ours, theirs in zip(*results, strict=True):
        assert theirs.count_nonzero() > 0
        if name in FUSED:
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * theirs.abs().max().item())
        else:
            assert torch.equal(ours, theirs)


@each_pair
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_networks_train_in_every_dtype(pair: Pair, dtype: torch.dtype) -> None:
    ours, theirs = (net.to(dtype) for net in both(pair))
    with pytest.raises(RuntimeError, match="must have the same dtype"):
        train(theirs, dtype=dtype)
    before = copy.deepcopy(dict(ours.named_parameters()))
    losses = train(ours, dtype=dtype)
    assert torch.tensor(losses).isfinite().all()
    assert len(set(losses)) > 5
    for name, parameter in ours.named_parameters():
        assert parameter.dtype is dtype
        assert parameter.grad.isfinite().all(), name
        assert not torch.equal(parameter, before[name]), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_casting_methods(dtype: torch.dtype) -> None:
    net = Net(lambda: surroreg.load("atan", alpha=torch.tensor([2.0])))
    net = {torch.float16: net.half, torch.bfloat16: net.bfloat16, torch.float64: net.double}[dtype]()
    assert net.lif1.spike_grad.alpha.dtype is dtype
    assert torch.tensor(train(net, steps=3, dtype=dtype)).isfinite().all()


@each_pair
def test_save_and_load_a_network(pair: Pair) -> None:
    ours, theirs = both(pair)
    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        torch.save(theirs, io.BytesIO())
    buffer = io.BytesIO()
    torch.save(ours, buffer)
    buffer.seek(0)
    again = torch.load(buffer, weights_only=False)
    assert train(again) == train(ours)


def test_deepcopy_is_independent() -> None:
    net = Net(lambda: surroreg.load("atan"))
    clone = copy.deepcopy(net)
    clone.lif1.spike_grad.alpha = 10.0
    assert net.lif1.spike_grad.alpha == 2.0
    assert clone.lif2.spike_grad.alpha == 2.0
    expected = pytest.approx(train(Net(snntorch_surrogate.atan)), rel=1e-4)
    assert train(net) == expected
    assert train(clone) != expected
    # Theirs share one closure, with one slope.
    theirs = snntorch_surrogate.atan()
    assert copy.deepcopy(theirs) is theirs


def test_ours_replaces_theirs_by_assignment() -> None:
    net = Net(snntorch_surrogate.heaviside)
    net.lif1.spike_grad = net.lif2.spike_grad = surroreg.load("atan")
    assert train(net) == pytest.approx(train(Net(snntorch_surrogate.atan)), rel=1e-4)


def test_training_where_snntorchs_sigmoid_becomes_nan() -> None:
    # At the default slope, and inputs of an ordinary size.
    ours, theirs = (Net(make) for make in (PAIR["sigmoid"].ours, PAIR["sigmoid"].theirs))
    train(theirs, steps=1)
    assert theirs.fc1.weight.isnan().any()
    losses = train(ours, steps=60)
    assert torch.tensor(losses).isfinite().all()
    assert min(losses) < losses[0] / 2


# torch.compile makes one itself, of which it warns itself.
@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.* should not be instantiated:DeprecationWarning")
@each_pair
def test_compile_of_a_step(pair: Pair) -> None:
    skip_unless_compiles("snntorch")
    torch.compiler.reset()
    ours, theirs = both(pair)
    torch.manual_seed(0)
    current, mem = 2 * torch.randn(16, 32), torch.randn(16, 32)

    def step(run: Callable[..., tuple[Tensor, Tensor]]) -> list[Tensor]:
        leaves = [tensor.clone().requires_grad_() for tensor in (current, mem)]
        spk, after = run(*leaves)
        torch.manual_seed(3)
        (spk.sum() + after.square().sum()).backward()
        return [spk.detach(), after.detach(), *(leaf.grad for leaf in leaves)]

    compiled = step(torch.compile(ours.lif1, fullgraph=True, backend="aot_eager"))
    eager = step(theirs.lif1)
    assert eager[0].count_nonzero() > 0
    for ours_found, theirs_found in zip(compiled, eager, strict=True):
        torch.testing.assert_close(ours_found, theirs_found)


def test_annealing_by_assignment_takes_effect_at_the_next_step() -> None:
    x = torch.linspace(-1, 3, 41)
    lif = snn.Leaky(beta=0.9, spike_grad=surroreg.load("fast_sigmoid"))
    for slope in (25, 5.0, 100):
        lif.spike_grad.slope = slope
        found = gradient(lambda current: lif(current, torch.zeros(41))[0], x)
        torch.testing.assert_close(found, gradient(snntorch_surrogate.fast_sigmoid(slope=slope), x - 1))
    with pytest.raises(surroreg.ParameterError):
        lif.spike_grad.slope = -1
    assert lif.spike_grad.slope == 100
