"""Copies of every kind: pickle, another process, ``torch.save``, deepcopy, configs, repr."""

import copy
import io
import json
import multiprocessing
import pickle

import pytest
import torch
from interop_cases import LEARNABLE, NAMES, assert_gradient, bell, build, gradient, model, points, weights
from torch import nn
from torch.serialization import safe_globals

import surroreg

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
