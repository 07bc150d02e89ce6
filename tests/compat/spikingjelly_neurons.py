"""What the tests of the adapter for SpikingJelly share: its modules, its neurons, and surrogates that it has too."""

import importlib
import inspect
import warnings

import pytest
import torch

import surroreg

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
