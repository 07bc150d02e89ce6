"""SpikingJelly's own neurons, with surrogates of ours."""

import copy
import importlib
import inspect
import pickle
import warnings

import pytest
import torch
from torch import nn

import surroreg
from surroreg.compat.spikingjelly import FUSED, SpikingJellySurrogate, surrogate_function

pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    functional = importlib.import_module("spikingjelly.activation_based.functional")
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")

#: What a neuron needs besides the surrogate.
EXTRA = {"GatedLIFNode": {"T": 4}, "PSN": {"T": 4}, "MaskedPSN": {"k": 2, "T": 4}, "SlidingPSN": {"k": 2}}
EXTRA |= {"SimpleLIFNode": {"tau": 2.0, "decay_input": True}, "NoisyCUBALIFNode": {"num_node": 6, "T": 4}}
EXTRA |= {name: {"act_dim": 2, "dec_pop_dim": 3} for name in ("ILCIFNode", "ILCLIFNode", "ILCCUBALIFNode")}
EXTRA |= {"NoisyILCCUBALIFNode": {"act_dim": 2, "dec_pop_dim": 3, "T": 4}}
EXTRA |= {"MPBNLIFNode": {"out_features": 6}}
#: Neurons that have one step mode.
ONLY = dict.fromkeys(("GatedLIFNode", "PSN", "MaskedPSN", "SlidingPSN", "NoisyCUBALIFNode"), "m") | {"OTTTLIFNode": "s"}
ONLY |= dict.fromkeys(("ILCIFNode", "ILCLIFNode", "ILCCUBALIFNode", "NoisyILCCUBALIFNode"), "m")
#: Base classes, and neurons whose spikes are not of one step function.
OTHERS = {
    "ActivationAwareIFNode": "is for converted networks without gradients",
    "AdaptBaseNode": "is a base class",
    "BaseNode": "is a base class",
    "FewSpikeNode": "takes a table of thresholds",
    "HGNode": "takes tables of thresholds",
    "HalfThresholdIFNode": "is for converted networks without gradients",
    "ILCBaseNode": "is a base class",
    "ILIFNode": "takes MultiLevelSpikeCount only, and says so",
    "MPBNBaseNode": "is a base class",
    "NoisyBaseNode": "is a base class",
    "NoisyILCBaseNode": "is a base class",
    "OutlierAwareThresholdNode": "takes tables of thresholds",
    "SimpleBaseNode": "is a base class",
}
NEURONS = sorted(
    name
    for name, thing in vars(neuron).items()
    if inspect.isclass(thing) and "surrogate_function" in inspect.signature(thing.__init__).parameters
)
TRIED = [name for name in NEURONS if name not in OTHERS]
X = torch.linspace(-2.03, 2.01, 101, dtype=torch.float64)


def made(name, function, step_mode):
    node = getattr(neuron, name)(**EXTRA.get(name, {}), surrogate_function=function)
    node.step_mode = step_mode
    if hasattr(node, "reset_noise"):
        node.reset_noise(1)
    return node


def run(node, x):
    functional.reset_net(node)
    steps = [node(x)] if node.step_mode == "m" else [node(frame) for frame in x]
    steps = [step[0] if isinstance(step, (tuple, list)) else step for step in steps]  # with a trace of the membrane
    return steps[0] if node.step_mode == "m" else torch.stack(steps)


class Plain(surrogate.ATan):
    """The original, for which SpikingJelly has no kernels as it is another class: it takes the general path."""


def gradient(function, x=X):
    leaf = x.clone().requires_grad_()
    function(leaf).sum().backward()
    return leaf.grad


# -- in every neuron ----------------------------------------------------------------------------


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("name", TRIED)
def test_every_neuron_gives_the_spikes_and_gradients_it_gives_with_its_own(name, step_mode):
    if ONLY.get(name, step_mode) != step_mode:
        pytest.skip(f"{name} has no such step mode in SpikingJelly 2.0.0")
    theirs, ours = Plain(alpha=2.0), SpikingJellySurrogate("atan", {"alpha": 2.0}, 1)
    found, original = [], made(name, theirs, step_mode)
    for function in (theirs, ours):
        node = copy.deepcopy(original)
        node.surrogate_function = function
        torch.manual_seed(0)
        leaf = (torch.rand(4, 3, 6) * 4).requires_grad_()
        spikes = run(node, leaf * 1)  # some write to what they are given
        spikes.sum().backward()
        found.append((spikes.detach(), leaf.grad))
    assert found[0][0].any()
    assert found[0][1].any()
    torch.testing.assert_close(found[1], found[0])


@pytest.mark.parametrize("name", TRIED)
def test_every_neuron_evaluates(name):
    node = made(name, surrogate_function("leaky_spike_operator"), ONLY.get(name, "m")).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        assert run(node, torch.rand(4, 3, 6) * 2).shape[-1] >= 1


def test_no_neuron_is_left_out_unseen():
    assert set(OTHERS) <= set(NEURONS)
    assert len(TRIED) >= 25


@pytest.mark.parametrize("name", surroreg.names(namespace="builtin"))
def test_every_builtin_works_in_a_neuron(name):
    needed = {"custom_surrogate_function": "surroreg.builtin.custom:unit_box"} if name == "custom_surrogate" else {}
    node = neuron.LIFNode(surrogate_function=surrogate_function(name, **needed), step_mode="m")
    leaf = torch.full((4, 2, 3), 3.0).requires_grad_()
    run(node, leaf).sum().backward()
    assert leaf.grad.isfinite().all()


def test_a_network_trains():
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


def test_with_an_equivalent_class_the_losses_are_those_of_the_original():
    losses = []
    for function in (surrogate.ATan(alpha=2.0), surroreg.load("atan", at_zero=1)):
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


# -- fused classes ------------------------------------------------------------------------------

FAST = [
    ("atan", {"alpha": 3.0}, surrogate.ATan(alpha=3.0)),
    ("sigmoid", {"slope": 4.0}, surrogate.Sigmoid(alpha=4.0)),
    ("piecewise_linear", {"slope": 2.0, "dampening": 2.0}, surrogate.PiecewiseQuadratic(alpha=2.0)),
    ("fast_sigmoid", {"slope": 2.0}, surrogate.SoftSign(alpha=2.0)),
    ("fast_sigmoid", {"slope": 1.0, "scale": 3.0}, surrogate.SuperSpike(alpha=3.0)),
    ("tanh", {"slope": 2.0}, surrogate.Sigmoid(alpha=4.0)),
]


@pytest.mark.parametrize(("name", "params", "theirs"), FAST, ids=lambda value: str(value))
def test_where_a_fused_class_computes_the_same_it_is_handed_over(name, params, theirs):
    function = surrogate_function(name, **params)
    assert type(function) is type(theirs)
    assert type(function).__name__ in FUSED
    assert function.alpha == theirs.alpha
    torch.testing.assert_close(gradient(function), gradient(surroreg.load(name, **params)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("atan", {"at_zero": 0}),  # SpikingJelly fires at zero
        ("fast_sigmoid", {"slope": 10.0}),  # there it is five times as strong
        ("spike_rate_escape", {}),  # there it lies at zero
        ("heaviside", {}),  # it has the class, and no kernel
        ("atan", {"alpha": torch.tensor(2.0)}),  # its kernels take numbers
        ("inverse_spike_operator", {}),  # nobody else has it
    ],
)
def test_where_none_does_it_is_ours(name, options):
    assert isinstance(surrogate_function(name, **options), SpikingJellySurrogate)


def test_a_spec_without_a_name_is_taken_too():
    @surroreg.surrogate()
    def half(x):
        """Half."""
        return torch.full_like(x, 0.5)

    function = surrogate_function(half(at_zero=1))
    assert isinstance(function, SpikingJellySurrogate)
    assert torch.equal(gradient(function), torch.full_like(X, 0.5))


# -- the spiking mode ---------------------------------------------------------------------------


def test_in_non_spiking_mode_it_is_its_primitive():
    function = surrogate_function("fast_sigmoid", slope=5)
    function.set_spiking_mode(False)
    assert function.spiking is False
    assert torch.equal(function(X), surroreg.load("fast_sigmoid", slope=5).primitive(X))
    function.set_spiking_mode(True)
    assert set(function(X).tolist()) == {0.0, 1.0}


def test_a_neuron_in_non_spiking_mode_gives_the_primitive():
    for name in ("IFNode", "ComplementaryLIFNode"):
        node = made(name, surrogate_function("fast_sigmoid", slope=5), "s").eval()
        node.surrogate_function.set_spiking_mode(False)
        out = run(node, torch.full((2, 3), 0.5))
        assert ((out > 0) | (out < 0)).all()
        assert not set(out.flatten().tolist()) & {0.0, 1.0}


def test_without_a_primitive_non_spiking_mode_is_an_error_that_says_so():
    function = surrogate_function("custom_surrogate", custom_surrogate_function="surroreg.builtin.custom:unit_box")
    function.set_spiking_mode(False)
    with pytest.raises(surroreg.NoPrimitiveError, match="'custom_surrogate' has no primitive"):
        function(X)


# -- what surrounds it --------------------------------------------------------------------------


def test_it_fires_at_zero_unless_told_otherwise():
    zero = torch.zeros(1)
    assert surrogate_function("heaviside")(zero).item() == 1
    assert surrogate_function("heaviside", at_zero=0)(zero).item() == 0
    assert surrogate_function(surroreg.load("heaviside", at_zero=1))(zero).item() == 1
    with pytest.raises(TypeError, match=r"Load it with at_zero=1, or pass at_zero=0 beside it"):
        surrogate_function(surroreg.load("heaviside"))


def test_a_black_box_stays_as_it_is():
    box = surroreg.SurrogateSpec(name="box", factory=lambda: surroreg.load("atan"))()
    assert surrogate_function(box, at_zero=0)(torch.zeros(1)).item() == 0


def test_its_parameters_are_annealed_and_learnt_in_the_neuron():
    slope = nn.Parameter(torch.tensor([5.0]))
    node = neuron.LIFNode(surrogate_function=surrogate_function("fast_sigmoid", slope=slope), step_mode="m")
    assert node.surrogate_function.slope is slope
    assert [name for name, _ in node.named_parameters()] == ["surrogate_function.slope"]
    run(node, torch.rand(4, 2, 3) * 2).sum().backward()
    assert slope.grad.abs().sum() > 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copies_keep_the_mode(copied):
    function = surrogate_function("fast_sigmoid", slope=5)
    function.set_spiking_mode(False)
    again = copied(function)
    assert type(again) is SpikingJellySurrogate
    assert (again.spiking, again.at_zero, again.params) == (False, 1, {"slope": 5.0})
    assert isinstance(again.scaled(factor=2), SpikingJellySurrogate)


def test_a_neuron_is_copied_with_it():
    node = copy.deepcopy(neuron.LIFNode(surrogate_function=surrogate_function("heaviside"), step_mode="m"))
    assert run(node, torch.rand(4, 2, 3) * 3).any()


def test_what_is_refused():
    with pytest.raises(TypeError, match="is loaded already; give slope to surroreg"):
        surrogate_function(surroreg.load("fast_sigmoid", at_zero=1), slope=3)
    with pytest.raises(TypeError, match="give a surrogate or the name of one"):
        surrogate_function(3)
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        surrogate_function("atn")
