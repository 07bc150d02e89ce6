"""SpikingJelly's own neurons, with surrogates of ours."""

import copy
import importlib
import inspect
import io
import json
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import surroreg
from surroreg.compat.spikingjelly import FUSED, SpikingJellySurrogate, surrogate_function

pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    base = importlib.import_module("spikingjelly.activation_based.base")
    functional = importlib.import_module("spikingjelly.activation_based.functional")
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    rnn = importlib.import_module("spikingjelly.activation_based.rnn")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    kernels = importlib.import_module("spikingjelly._ops.surrogate")  # what its kernels know, in version 2.0.0

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
def test_every_neuron_gives_what_it_gives_with_its_own(name, step_mode):
    if ONLY.get(name, step_mode) != step_mode:
        pytest.skip(f"{name} has no such step mode in SpikingJelly 2.0.0")
    theirs, ours = Plain(alpha=2.0), SpikingJellySurrogate(surroreg.spec("atan"), {"alpha": 2.0}, 1)
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
    node = neuron.LIFNode(surrogate_function=surrogate_function(name, **NEEDED.get(name, {})), step_mode="m")
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


# -- what every surrogate of the adapter keeps ---------------------------------------------------

#: Surrogates that a class of SpikingJelly computes too, and that class, which its kernels know.
FAST = [
    ("atan", {"alpha": 3.0}, surrogate.ATan(alpha=3.0)),
    ("sigmoid", {"slope": 4.0}, surrogate.Sigmoid(alpha=4.0)),
    ("piecewise_linear", {"slope": 2.0, "dampening": 2.0}, surrogate.PiecewiseQuadratic(alpha=2.0)),
    ("fast_sigmoid", {"slope": 2.0}, surrogate.SoftSign(alpha=2.0)),
    ("fast_sigmoid", {"slope": 1.0, "scale": 3.0}, surrogate.SuperSpike(alpha=3.0)),
    ("tanh", {"slope": 2.0}, surrogate.Sigmoid(alpha=4.0)),
]
NEEDED = {"custom_surrogate": {"custom_surrogate_function": "surroreg.builtin.custom:unit_box"}}
ALL = [(name, NEEDED.get(name, {})) for name in surroreg.names(namespace="builtin")]
ALL += [(name, params) for name, params, _ in FAST]
RANDOM = {name for name, _ in ALL if surroreg.spec(name).traits.stochastic}
every = pytest.mark.parametrize(("name", "params"), ALL, ids=str)
#: Membranes at which float16 loses digits, overflows or underflows in one formula or another.
HALF = torch.tensor([-260.0, -54.5625, -2.123, -0.7, -0.03, 0.0, 0.03, 0.3, 1.4, 2.123, 9.0, 130.0, 260.0]).half()


def gradient_in(node, x=X):
    """Return the gradient of the spikes of one time step, the membrane minus the threshold being ``x``."""
    functional.reset_net(node)
    torch.manual_seed(0)
    leaf = (x + 1).requires_grad_()
    out = node(leaf.unsqueeze(0) if node.step_mode == "m" else leaf)
    out.sum().backward()
    return leaf.grad


@every
def test_function_is_a_surrogate_that_fires_at_zero(name, params):
    function = surrogate_function(name, **params)
    assert type(function) is SpikingJellySurrogate
    assert isinstance(function, surroreg.Surrogate)
    assert function(torch.zeros(1)).item() == 1


@pytest.mark.parametrize("step_mode", ["s", "m"])
@every
def test_parameter_set_in_a_neuron_changes_its_gradient(name, params, step_mode):
    node = neuron.IFNode(surrogate_function=surrogate_function(name, **params), step_mode=step_mode)
    numbers = {key: value for key, value in node.surrogate_function.params.items() if isinstance(value, float)}
    assert numbers.keys() >= {p.name for p in surroreg.spec(name).parameters if isinstance(p.default, float)}
    for key, value in numbers.items():
        before = gradient_in(node)
        setattr(node.surrogate_function, key, 1.5 * value + 0.25)
        after = gradient_in(node)
        fresh = surrogate_function(name, **node.surrogate_function.params)
        assert not torch.equal(after, before), key
        assert torch.equal(after, gradient_in(neuron.IFNode(surrogate_function=fresh, step_mode=step_mode))), key


@every
def test_unknown_attribute_of_a_function_is_refused(name, params):
    function = surrogate_function(name, **params)
    for attribute in {"slope", "alpha", "steepness"} - function.params.keys():
        with pytest.raises(AttributeError, match=attribute):
            setattr(function, attribute, 30)
    function.spiking = False
    assert function.spiking is False


@every
def test_integers_are_refused_in_both_modes(name, params):
    function = surrogate_function(name, **params)
    for spiking in (True, False):
        function.set_spiking_mode(spiking)
        with pytest.raises(TypeError, match="int64"):
            function(torch.tensor([-1, 0, 1]))


@every
def test_float16_gradient_is_that_of_float64(name, params):
    function = surrogate_function(name, **params)
    found = gradient(function, HALF)
    assert found.dtype == torch.float16
    assert found.isfinite().all()
    if name not in RANDOM:
        exact = gradient(function, HALF.double()).clamp(max=torch.finfo(torch.float16).max)
        torch.testing.assert_close(found.double(), exact, rtol=2e-3, atol=1e-7)


@every
def test_vmap_gives_the_gradient_of_a_loop(name, params):
    function = surrogate_function(name, **params)
    batched = torch.func.vmap(torch.func.grad(function), randomness="different")(X)
    assert batched.isfinite().all()
    if name not in RANDOM:
        torch.testing.assert_close(batched, gradient(function))


@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_vmap_of_a_neuron_gives_the_gradient_of_a_loop(step_mode):
    function = surrogate_function("atan")

    def spikes(x):
        node = neuron.LIFNode(surrogate_function=function, step_mode=step_mode)
        return sum(node(frame).sum() for frame in x) if step_mode == "s" else node(x).sum()

    x = 3 * torch.rand(5, 4, 3)
    batched = torch.func.vmap(torch.func.grad(spikes))(x)
    assert batched.any()
    torch.testing.assert_close(batched, torch.stack([torch.func.grad(spikes)(sample) for sample in x]))


@every
def test_config_of_a_function_gives_an_equal_one(name, params):
    function = surrogate_function(name, **params)
    config = json.loads(json.dumps(function.to_config()))
    again = surrogate_function(surroreg.from_config(config))
    assert again.to_config() == config
    assert repr(again) == repr(function)


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


# -- SpikingJelly's own object, for its kernels ---------------------------------------------------

fused = pytest.mark.parametrize(("name", "params"), [case[:2] for case in FAST], ids=str)
against_theirs = pytest.mark.parametrize(("name", "params", "theirs"), FAST, ids=str)


def test_fused_classes_are_those_that_the_kernels_know():
    assert set(kernels._SURROGATE_IDS) == FUSED


@against_theirs
def test_fused_gives_the_class_that_computes_the_same(name, params, theirs):
    for function in (
        surrogate_function(name, fused=True, **params),
        surrogate_function(surroreg.load(name, at_zero=1, **params), fused=True),
    ):
        assert type(function) is type(theirs)
        assert function.alpha == theirs.alpha
        expected = gradient(surrogate_function(name, **params))
        torch.testing.assert_close(gradient(function), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("name", "params", "theirs"),
    [
        ("zoo/exponential", {"width": 0.5}, surrogate.PiecewiseExp(alpha=2.0)),
        ("zoo/gaussian", {"sigma": 0.5**0.5}, surrogate.Erf(alpha=1.0)),
    ],
    ids=str,
)
def test_fused_gives_the_classes_that_the_zoo_has(name, params, theirs):
    function = surrogate_function(name, fused=True, **params)
    assert type(function) is type(theirs)
    assert function.alpha == pytest.approx(theirs.alpha)
    assert type(surrogate_function(name, **params)) is SpikingJellySurrogate
    expected = gradient(surrogate_function(name, **params))
    torch.testing.assert_close(gradient(function), expected, rtol=1e-9, atol=1e-9)


@against_theirs
def test_fused_object_is_known_to_the_kernels_ours_is_not(name, params, theirs):
    assert kernels._surrogate_spec(surrogate_function(name, fused=True, **params)) == kernels._surrogate_spec(theirs)
    assert kernels._surrogate_spec(surrogate_function(name, **params)) is None


@pytest.mark.parametrize("step_mode", ["s", "m"])
@fused
def test_fused_neuron_gives_the_gradient_of_the_default(name, params, step_mode):
    found = []
    for function in (surrogate_function(name, fused=True, **params), surrogate_function(name, **params)):
        torch.manual_seed(0)
        leaf = (3 * torch.rand(6, 4, 5)).requires_grad_()
        run(neuron.LIFNode(surrogate_function=function, step_mode=step_mode), leaf).sum().backward()
        found.append(leaf.grad)
    assert found[0].any()
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
@pytest.mark.parametrize("is_fused", [True, False])
def test_kernels_are_reached_by_fused_float32_alone(is_fused, dtype, monkeypatch):
    operators, calls = importlib.import_module("spikingjelly._ops.lif"), []
    original = operators._forward
    monkeypatch.setattr(operators, "_forward", lambda *args: calls.append(args) or original(*args))
    node = neuron.LIFNode(surrogate_function=surrogate_function("atan", fused=is_fused), step_mode="m")
    run(node, torch.rand(4, 3, dtype=dtype))
    assert bool(calls) == (is_fused and dtype == torch.float32)


@pytest.mark.parametrize("choice", ["triton", "cuda", "torch"])
def test_default_with_a_chosen_implementation_is_refused(choice, monkeypatch):
    operators = importlib.import_module("spikingjelly._ops.lif")
    monkeypatch.setattr(operators._selection, "_requested", choice)  # from SJ_LIF_CUDA_IMPLEMENTATION
    node = neuron.LIFNode(surrogate_function=surrogate_function("atan"))
    assert run(node, torch.rand(4, 3)).shape == (4, 3)  # the choice is for CUDA
    functional.reset_net(node)
    with FakeTensorMode(), pytest.raises(RuntimeError, match="SJ_LIF_CUDA_IMPLEMENTATION"):
        node(torch.rand(4, 3, device="cuda"))


def test_explicit_precision_takes_the_fused_object_alone():
    x, v = torch.rand(4, 3), torch.zeros(3)
    with pytest.raises(TypeError, match="requires a supported built-in surrogate"):
        functional.lif_multi_step(x, v, surrogate_function=surrogate_function("atan"), neuron_storage="fp16")
    with pytest.raises(RuntimeError, match="requires CUDA"):
        functional.lif_multi_step(
            x, v, surrogate_function=surrogate_function("atan", fused=True), neuron_storage="fp16"
        )


@fused
def test_fused_object_is_annealed_by_its_alpha(name, params):
    x = X.float()
    node = neuron.IFNode(surrogate_function=surrogate_function(name, fused=True, **params), step_mode="m")
    before = gradient_in(node, x)
    node.surrogate_function.slope = 30  # SpikingJelly says nothing
    assert torch.equal(gradient_in(node, x), before)
    node.surrogate_function.alpha *= 2
    assert not torch.equal(gradient_in(node, x), before)


@fused
def test_fused_object_has_none_of_the_promises(name, params):
    function = surrogate_function(name, fused=True, **params)
    assert not isinstance(function, surroreg.Surrogate)
    assert not hasattr(function, "to_config")
    assert not hasattr(function, "derivative")
    assert function(torch.tensor([-1, 0, 1])).dtype == torch.int64
    with pytest.raises(RuntimeError, match="vmap"):
        torch.func.vmap(torch.func.grad(function))(X)


@pytest.mark.parametrize(("name", "x"), [("atan", 54.5625), ("sigmoid", 2.123), ("fast_sigmoid", 260.0)])
def test_fused_object_loses_a_float16_gradient_ours_keeps(name, x):
    slope = {"atan": {"alpha": 3.0}, "sigmoid": {"slope": 4.0}, "fast_sigmoid": {"slope": 2.0}}[name]
    x = torch.tensor([x], dtype=torch.float16)
    assert gradient(surrogate_function(name, fused=True, **slope), x).item() == 0
    assert gradient(surrogate_function(name, **slope), x).item() > 0


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("atan", {"at_zero": 0}, "these fire at exactly zero, and at_zero=0 is asked for"),
        ("fast_sigmoid", {"slope": 10.0}, r"the nearest is .*SoftSign\(alpha=10.0\), times 0.2\."),
        ("spike_rate_escape", {}, r"the nearest is .*PiecewiseExp\(alpha=1.0\), times 50, moved by 1\."),
        ("sigmoid", {"slope": 4.0, "shift": 0.5}, r"the nearest is .*Sigmoid\(alpha=4.0\), moved by 0.5\."),
        ("heaviside", {}, "its equivalent, LeakyKReLU, is not among these"),
        ("straight_through_estimator", {}, "its equivalent, DeterministicPass, is not among these"),
        ("atan", {"alpha": torch.tensor(2.0)}, "these take a number, and 'alpha' is a tensor"),
        ("atan", {"alpha": nn.Parameter(torch.tensor([2.0]))}, "these take a number, and 'alpha' is a tensor"),
        ("inverse_spike_operator", {}, "none of these computes the same"),
        ("stochastic_spike_operator", {}, "none of these computes the same"),
        ("custom_surrogate", NEEDED["custom_surrogate"], "none of these computes the same"),
    ],
)
def test_fused_without_an_equivalent_is_refused(name, options, reason):
    with pytest.raises(surroreg.NoEquivalentError, match=reason) as refused:
        surrogate_function(name, fused=True, **options)
    assert str(refused.value).startswith(f"fused=True has nothing for surroreg.load({name!r}")
    assert "SpikingJelly's kernels know ATan, Erf, PiecewiseExp" in str(refused.value)
    assert "Leave fused=True out: the neuron then takes its general path" in str(refused.value)
    assert isinstance(surrogate_function(name, **options), SpikingJellySurrogate)


def test_fused_of_a_black_box_is_refused():
    box = surroreg.SurrogateSpec(name="box", factory=lambda: Plain(), traits=surroreg.Traits(fires_at_zero=True))()
    with pytest.raises(surroreg.NoEquivalentError, match="a surrogate without a registered name cannot"):
        surrogate_function(box, fused=True)


def test_a_spec_without_a_name_is_taken_too():
    @surroreg.surrogate()
    def half(x):
        """Half."""
        return torch.full_like(x, 0.5)

    function = surrogate_function(half(at_zero=1))
    assert isinstance(function, SpikingJellySurrogate)
    assert torch.equal(gradient(function), torch.full_like(X, 0.5))
    with pytest.raises(surroreg.NoEquivalentError, match="a surrogate without a registered name cannot"):
        surrogate_function(half(at_zero=1), fused=True)


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


def test_non_spiking_mode_without_a_primitive_is_refused():
    function = surrogate_function("custom_surrogate", **NEEDED["custom_surrogate"])
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


def test_what_is_refused():
    with pytest.raises(TypeError, match="is loaded already; give slope to surroreg"):
        surrogate_function(surroreg.load("fast_sigmoid", at_zero=1), slope=3)
    with pytest.raises(TypeError, match="give a surrogate or the name of one"):
        surrogate_function(3)
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        surrogate_function("atn")
