"""Copies of every kind: pickle, another process, ``torch.save``, deepcopy, configs, repr."""

import copy
import io
import json
import multiprocessing
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.serialization import safe_globals

import surroreg
import surroreg.api
from surroreg.registry import Registry, process
from tests.interop.cases import LEARNABLE, NAMES, assert_gradient, bell, build, gradient, model, points, weights

CLASSES = [surroreg.Surrogate, nn.Sequential, nn.Linear]


def saved(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return file


def same(a, b):
    """Whether two surrogates are distinct objects with equal parameters and equal gradients."""
    x = points()
    torch.manual_seed(0)
    ours = gradient(a, x, weights(x))
    torch.manual_seed(0)
    theirs = gradient(b, x, weights(x))
    return a is not b and a.spec is b.spec and repr(a) == repr(b) and torch.equal(ours, theirs)


def run_elsewhere(pickled):
    """Call the surrogates in this process; return spikes and gradients as lists."""
    surrogates = pickle.loads(pickled)
    return [(s(points()).tolist(), gradient(s, points(), weights(points())).tolist()) for s in surrogates]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(s, protocol):
    assert same(s, pickle.loads(pickle.dumps(s, protocol)))


def test_pickle_keeps_values():
    s = pickle.loads(pickle.dumps(surroreg.load("spike_rate_escape", slope=3, at_zero=1).train(False)))
    assert s.params == {"beta": 1.0, "slope": 3.0}
    assert s.at_zero == 1
    assert not s.training


def test_a_spawned_process():
    surrogates = [build(name) for name in NAMES]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        results = pool.apply(run_elsewhere, (pickle.dumps(surrogates),))
    for s, (spikes, found) in zip(surrogates, results, strict=True):
        assert spikes == s(points()).tolist()
        assert_gradient(s, points(), torch.tensor(found, dtype=torch.float64), weights(points()))


def test_pickle_of_a_closure_is_refused():
    s = surroreg.load("custom_surrogate", custom_surrogate_function=lambda x, grad, spikes: grad)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(s)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_independent(s, copied):
    clone = copied(s)
    assert same(s, clone)
    name = next((name for name, value in s.params.items() if isinstance(value, float)), None)
    if name:
        setattr(clone, name, 7.0)
        assert s.params != clone.params


@pytest.mark.parametrize("kind", [nn.Parameter, lambda tensor: tensor], ids=["parameter", "buffer"])
def test_shallow_copy_can_replace_a_shared_tensor(kind):
    value = kind(torch.tensor([3.0]))
    s = surroreg.load("atan", alpha=value)
    clone = copy.copy(s)
    assert clone.alpha is value
    clone.alpha = nn.Parameter(torch.tensor([4.0]))
    assert s.alpha is value


def test_deepcopy_of_a_network_separates_learnt_parameters():
    network = model(surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0]))))
    clone = copy.deepcopy(network)
    with torch.no_grad():
        clone[1].alpha.fill_(5.0)
    assert network[1].alpha.item() == 2.0
    assert clone[1].alpha is dict(clone.named_parameters())["1.alpha"]


def test_deepcopy_keeps_sharing_within_the_copy():
    s = surroreg.load("atan")
    first, second = copy.deepcopy([s, s])
    assert first is second
    shared = nn.Parameter(torch.tensor([2.0]))
    one, other = copy.deepcopy([surroreg.load("atan", alpha=shared), surroreg.load("sigmoid", slope=shared)])
    assert one.alpha is other.slope
    assert one.alpha is not shared


def test_whole_network(s):
    loaded = torch.load(saved(model(s)), weights_only=False)
    assert same(s, loaded[1])


def test_whole_network_with_weights_only(s):
    allowed = CLASSES + ([bell] if s.spec.name == "custom_surrogate" else [])
    with safe_globals(allowed):
        loaded = torch.load(saved(model(s)), weights_only=True)
    assert same(s, loaded[1])
    x = torch.randn(3, 4)
    assert torch.equal(loaded(x), model(s)(x))


def test_weights_only_asks_before_it_builds_a_surrogate():
    with pytest.raises(pickle.UnpicklingError, match=r"surroreg\.Surrogate"):
        torch.load(saved(surroreg.load("atan")), weights_only=True)


def test_whole_network_with_a_learnt_parameter_and_weights_only():
    network = model(surroreg.load("atan", alpha=nn.Parameter(torch.tensor([3.0]))))
    with safe_globals(CLASSES):
        loaded = torch.load(saved(network), weights_only=True)
    assert isinstance(loaded[1].alpha, nn.Parameter)
    assert loaded[1].alpha.item() == 3.0


def test_state_dict_with_weights_only(s):
    network = model(s)
    state = torch.load(saved(network.state_dict()), weights_only=True)
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    network.load_state_dict(state)


@pytest.mark.parametrize("kind", [nn.Parameter, lambda tensor: tensor], ids=["parameter", "buffer"])
def test_state_dict_carries_a_tensor(kind):
    source = surroreg.load("atan", alpha=kind(torch.tensor([3.0])))
    target = surroreg.load("atan", alpha=kind(torch.tensor([2.0])))
    target.load_state_dict(torch.load(saved(source.state_dict()), weights_only=True))
    assert target.alpha.item() == 3.0
    assert_gradient(source, points(), gradient(target, points()))


def test_config_through_json(s):
    assert same(s, surroreg.from_config(json.loads(json.dumps(s.to_config()))))


def test_repr_builds_the_same(s):
    assert same(s, eval(repr(s), {"surroreg": surroreg, "torch": torch}))


@pytest.mark.parametrize(("name", "parameter"), LEARNABLE)
def test_config_and_repr_keep_a_learnt_parameter(name, parameter):
    s = build(name, **{parameter: nn.Parameter(torch.tensor([0.5], dtype=torch.float64))}, at_zero=1)
    for other in (
        surroreg.from_config(json.loads(json.dumps(s.to_config()))),
        eval(repr(s), {"surroreg": surroreg, "torch": torch}),
        pickle.loads(pickle.dumps(s)),
    ):
        assert same(s, other)
        assert isinstance(getattr(other, parameter), nn.Parameter)
        assert getattr(other, parameter).dtype is torch.float64
        assert other.at_zero == 1


# -- what an optimiser or a factory has made ------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, 0.0, torch.nan, torch.inf])
def test_parameter_out_of_bounds_is_restored_with_a_warning(value):
    s = surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0])))
    with torch.no_grad():
        s.alpha.fill_(value)
    for restore in (
        lambda: pickle.loads(pickle.dumps(s)),
        lambda: torch.load(saved(s), weights_only=False),
        lambda: torch.load(saved(nn.Sequential(s)), weights_only=False)[0],
    ):
        with pytest.warns(RuntimeWarning, match="restored as it was saved, though 'atan': parameter 'alpha'"):
            restored = restore()
        assert torch.equal(restored.alpha, s.alpha) or restored.alpha.isnan()
    assert torch.equal(copy.deepcopy(s).alpha, s.alpha) or s.alpha.isnan()


class Trainable(nn.Module):
    """A black box that does not pickle, with something to learn."""

    def __init__(self):
        super().__init__()
        self.function = lambda x: (x > 0).to(x.dtype)
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.function(x) * self.weight


def make_trainable():
    return Trainable()


def make_closure():
    return lambda x: (x > 0).to(x.dtype)


TRAINABLE = surroreg.SurrogateSpec(name="trainable", factory=make_trainable)
CLOSURE = surroreg.SurrogateSpec(name="closure", factory=make_closure)


@pytest.mark.parametrize("spec", [TRAINABLE, CLOSURE], ids=["module", "closure"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_what_a_factory_returns_is_copied_with_its_state(spec, copied, monkeypatch):
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    surroreg.register(spec)
    s = spec()
    for parameter in s.parameters():
        nn.init.constant_(parameter, 3.0)
    clone = copied(s)
    assert clone is not s
    assert torch.equal(clone(points()), s(points()))
    assert [p.item() for p in clone.parameters()] == [p.item() for p in s.parameters()]


# -- other processes ------------------------------------------------------------------------------

SENDER = """
import sys
import {pickler} as pickler
import surroreg, torch
from torch import nn

FACTOR = 0.5

def primitive(x, width):
    return FACTOR * width * x

@surroreg.surrogate(parameters=[surroreg.Parameter("width", 1.0, gt=0)], primitive=primitive)
def flat(x, width):
    return FACTOR * width * torch.ones_like(x)

def define():
    @surroreg.surrogate()
    def inner(x):
        return FACTOR * torch.ones_like(x)
    return inner

def factory():
    return flat(width=3.0)

surroreg.register(flat)
learnt = flat(width=nn.Parameter(torch.tensor([6.0])))
box = surroreg.SurrogateSpec(name="box", factory=factory)()
network = nn.ModuleList([surroreg.load("flat", width=2.0), flat(width=2.0, scale=3.0), learnt, define()(), box])
network.append(surroreg.load("heaviside"))
sys.stdout.buffer.write(pickler.dumps(network))
"""

RECEIVER = """
import sys
import {pickler} as pickler
import torch
network = pickler.loads(sys.stdin.buffer.read())
network = pickler.loads(pickler.dumps(network))
x = torch.ones(1, requires_grad=True)
print([torch.autograd.grad(s(x).sum(), x)[0].item() for s in network])
"""


def test_cloudpickle_of_the_main_program_reaches_other_processes():
    pytest.importorskip("cloudpickle")
    sent = run_python(SENDER.format(pickler="cloudpickle"))
    assert json.loads(run_python(RECEIVER.format(pickler="cloudpickle"), sent)) == [1.0, 3.0, 3.0, 0.5, 1.5, 1.0]


def run_python(code, data=b""):
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
