"""Specs as JSON, pickles and copies."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest
import torch

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, Traits

PLAIN = {"name": "bump", "derivative": "somewhere:bump"}
BUILTINS = surroreg.names(namespace="builtin")


@pytest.mark.parametrize("name", BUILTINS)
def test_builtin_survives_json_pickle_and_copies(name):
    spec = surroreg.spec(name)
    described = spec.to_dict()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    for other in (
        SurrogateSpec.from_json(spec.to_json()),
        SurrogateSpec.from_dict(described),
        pickle.loads(pickle.dumps(spec)),
        copy.copy(spec),
        copy.deepcopy(spec),
    ):
        assert other.to_dict() == described
        assert other.parameters == spec.parameters
        assert other.traits == spec.traits
        assert other.references == spec.references
        given = {p.name: "operator:mul" for p in spec.parameters if p.required}
        x = torch.linspace(-2, 2, 9)
        if not given and not spec.traits.stochastic:
            assert torch.equal(other().derivative(x), spec().derivative(x))


def test_surrogate_of_a_pickled_spec_can_be_found_again():
    other = pickle.loads(pickle.dumps(surroreg.spec("atan")))
    config = surroreg.load("atan", alpha=3).to_config()
    assert other(alpha=3).to_config() == config
    assert pickle.loads(pickle.dumps(other(alpha=3))).to_config() == config


def test_deep_copy_is_the_spec_itself():
    spec = surroreg.spec("atan")
    assert copy.deepcopy({"spec": spec})["spec"] is spec


def test_every_part_of_a_spec_survives_json():
    spec = SurrogateSpec(
        name="full",
        derivative=lambda x, a, n, b, f: x,
        parameters=[
            Parameter("a", 0.0, ge=0, lt=1e6, symbol="α", doc="Größe."),
            Parameter("n", 0, type=int, gt=-1, le=3),
            Parameter("b", False, type=bool),
            Parameter("f", type=Callable),
        ],
        deprecated_aliases=["Fuller"],
        traits=Traits(fires_at_zero=True, stochastic=True, non_negative=False, reads="sign", kinks=("a", "-a")),
    )
    other = SurrogateSpec.from_json(spec.to_json())
    assert other.to_dict() == spec.to_dict()
    assert other.parameters == spec.parameters
    assert other.traits == spec.traits


@pytest.mark.parametrize(
    "described",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"name": "bump"}, id="no function"),
        pytest.param({"derivative": "m:f"}, id="no name"),
        pytest.param({**PLAIN, "derivatve": "m:f"}, id="unknown key"),
        pytest.param({**PLAIN, "references": ["nowhere"]}, id="bad reference"),
        pytest.param({**PLAIN, "traits": {"evne": True}}, id="unknown trait"),
        pytest.param({**PLAIN, "traits": {"reads": "spikes"}}, id="bad trait"),
        pytest.param({**PLAIN, "parameters": [{"name": "a", "type": "float", "gte": 0}]}, id="unknown bound"),
        pytest.param({**PLAIN, "parameters": [{"name": "a", "type": "complex"}]}, id="unknown type"),
        pytest.param({**PLAIN, "parameters": [{"type": "float"}]}, id="nameless parameter"),
    ],
)
def test_bad_description_is_a_spec_error(described):
    with pytest.raises(SpecError):
        SurrogateSpec.from_json(json.dumps(described))
