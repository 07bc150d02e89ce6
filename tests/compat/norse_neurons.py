"""What the tests of the adapter for Norse share: its modules, its neurons, and methods that are the same."""

import importlib
import inspect
import warnings

import pytest
import torch
from torch import nn

from tests.compat.comparison import weighted

pytest.importorskip("norse", reason="Norse is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    norse = importlib.import_module("norse.torch")
    home = importlib.import_module("norse.torch.functional.threshold")
    correlation = importlib.import_module("norse.torch.functional.lif_correlation")
    coba, mc, mc_refrac, lsnn, lif, lif_ex, lif_adex = (
        importlib.import_module(f"norse.torch.functional.{name}")
        for name in ("coba_lif", "lif_mc", "lif_mc_refrac", "lsnn", "lif", "lif_ex", "lif_adex")
    )

ORIGINAL = home.threshold
#: Norse's own methods that are the same function as one of ours: method, alpha, ours.
SAME = [
    ("triangle", 0.3, "surroreg:piecewise_linear(slope=1, dampening=0.3)"),
    ("triangle", 2.0, "surroreg:piecewise_linear(dampening=2)"),
    ("tanh", 1.0, "surroreg:tanh"),
    ("tanh", 0.5, "surroreg:tanh(slope=0.5)"),
    ("super", 100.0, "surroreg:fast_sigmoid(slope=1)"),  # which is what 1.1.0 computes whatever its alpha
]
each_same = pytest.mark.parametrize(("method", "alpha", "ours"), SAME)


def with_method(parameters, method, alpha):
    if "method" in parameters._fields:
        return parameters._replace(method=method, alpha=torch.as_tensor(alpha))
    inner = {key: value for key, value in parameters._asdict().items() if "method" in getattr(value, "_fields", ())}
    return parameters._replace(**{key: with_method(value, method, alpha) for key, value in inner.items()})


PARAMETERS = {"LIFMC": "LIFParameters", "LIFMCRefrac": "LIFRefracParameters"}
NEURONS = sorted(
    name
    for name, thing in vars(norse).items()
    if inspect.isclass(thing)
    and issubclass(thing, nn.Module)
    and name.startswith(("LIF", "IAF", "Izhikevich", "LSNN"))
    and name != "LIFCorrelation"  # below
)


def neuron(name, method, alpha=100.0):
    cls = getattr(norse, name)
    sizes = (8, 6) if "input_size" in inspect.signature(cls).parameters else ()
    torch.manual_seed(0)
    if name.startswith("Izhikevich"):
        behaviour = norse.tonic_spiking
        return cls(*sizes, spiking_method=behaviour._replace(p=with_method(behaviour.p, method, alpha)))
    family = name.removesuffix("Cell").removesuffix("Recurrent")
    parameters = getattr(norse, PARAMETERS.get(family, f"{family}Parameters"))()
    return cls(*sizes, p=with_method(parameters, method, alpha))


def run(name, layer, x):
    if not name.endswith("Cell"):
        return layer(x)[0]
    state, spikes = None, []
    for current in x:
        z, state = layer(current, state)
        spikes.append(z)
    return torch.stack(spikes)


def trained_once(name, method, alpha=100.0):
    layer = neuron(name, method, alpha)
    torch.manual_seed(1)
    x = (torch.rand(30, 4, 8) * (100 if name.startswith("Izhikevich") else 3)).requires_grad_()
    spikes = run(name, layer, x)
    weighted(spikes).backward()
    return [spikes.detach(), x.grad, *(parameter.grad for parameter in layer.parameters())]


def assert_same(ours, theirs):
    torch.testing.assert_close(ours[0], theirs[0], rtol=0, atol=0)
    assert theirs[0].any()
    assert not theirs[0].all()
    for found, expected in zip(ours[1:], theirs[1:], strict=True):
        assert expected.any()
        # Far from threshold 1 - tanh² keeps few digits, and over time they grow.
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())


X = torch.linspace(-2.02, 2.03, 101, dtype=torch.float64)


def derivative(method, x, alpha=100.0):
    leaf = x.clone().requires_grad_()
    spikes = home.threshold(leaf, method, alpha)
    spikes.sum().backward()
    return spikes.detach(), leaf.grad
