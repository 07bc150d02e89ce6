"""Configs, descriptions and checkpoints are data: reading and showing them imports nothing and runs nothing."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch.serialization import safe_globals

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec, UnknownSurrogateError
from surroreg.registry import process

#: Modules that nobody has imported, and that would end the process.
TRAPS = ("unittest.__main__:x", "this:s", "idlelib.idle:x", "trap:evil", "trap:spec")

TRAP = """
import pathlib
pathlib.Path(__file__).with_name("sprung").touch()
import surroreg
@surroreg.surrogate()
def spec(x): return x
def evil(*arguments): return arguments
raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def sprung(tmp_path, monkeypatch):
    """Offer a module ``trap`` to be imported. Afterwards no trap has been imported."""
    (tmp_path / "trap.py").write_text(TRAP)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "sprung"
    assert not (tmp_path / "sprung").exists()
    assert not {"trap", "this", "unittest.__main__", "idlelib.idle"} & {*sys.modules}


def black_box(f):
    return lambda x: (x > 0).to(x.dtype)


BOX = SurrogateSpec(name="boxed", factory=black_box, parameters=[Parameter("f", type=Callable)])


@surroreg.surrogate()
def unregistered(x):
    """A surrogate that no plugin offers, and nobody registers."""
    return x


@pytest.fixture
def boxed():
    """A registered surrogate whose parameter is a callable."""
    surroreg.register(BOX)


# -- configs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRAPS)
def test_name_in_a_config_imports_nothing(name):
    with pytest.raises(UnknownSurrogateError, match=r"not imported.*allow_imports=True"):
        surroreg.from_config({"name": name})


@pytest.mark.parametrize("name", TRAPS)
def test_callable_in_a_config_imports_nothing(boxed, name):
    with pytest.raises(SpecError, match=r"not imported.*allow_imports=True"):
        surroreg.from_config({"name": "local/boxed", "params": {"f": name}})


def test_config_with_an_imported_callable_is_read(boxed):
    again = surroreg.from_config(surroreg.load("local/boxed", f=black_box).to_config())
    assert again.f is black_box


@pytest.mark.parametrize("name", ["os:environ", "sys:modules", f"{__name__}:black_box", "surroreg:load", "torch:hub"])
def test_config_names_nothing_but_surrogates(name):
    with pytest.raises(UnknownSurrogateError, match=r"is not a surrogate|nothing at"):
        surroreg.from_config({"name": name})


def test_config_asks_no_module_for_a_lazy_import():
    # torch imports _dynamo when it is asked for it.
    code = (
        "import sys, torch, surroreg\n"
        "try: surroreg.from_config({'name': 'torch:_inductor.config'})\n"
        "except surroreg.UnknownSurrogateError as error: print('torch._inductor' in sys.modules, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False no surrogate 'torch:_inductor.config': there is nothing at")


CONFIG = {"name": "atan", "params": {"alpha": 2.0}}


@pytest.mark.parametrize(
    "config",
    [
        None,
        5,
        "atan",
        [],
        {},
        {"name": 5},
        {"name": ["atan"]},
        {**CONFIG, "parameters": {}},
        {5: 6, "name": "atan"},
        {**CONFIG, "params": None},
        {**CONFIG, "params": ["alpha"]},
        {**CONFIG, "params": {5: 2.0}},
        {**CONFIG, "params": {"alpha": {}}},
        {**CONFIG, "params": {"alpha": {"tensor": [2.0]}}},
        {**CONFIG, "params": {"alpha": {"tensor": "two", "dtype": "float32", "learnable": False}}},
        {**CONFIG, "params": {"alpha": {"tensor": [2.0], "dtype": "hub", "learnable": False}}},
        {**CONFIG, "params": {"alpha": {"tensor": [2.0], "dtype": ["float32"], "learnable": False}}},
        {**CONFIG, "params": {"alpha": {"tensor": [2.0], "dtype": "float32", "learnable": "yes"}}},
        {**CONFIG, "params": {"alpha": {"tensor": [[2.0], []], "dtype": "float32", "learnable": True}}},
        {**CONFIG, "params": {"alpha": {"tensor": [10**400], "dtype": "float32", "learnable": True}}},
    ],
    ids=repr,
)
def test_malformed_config_is_a_spec_error(config):
    with pytest.raises(SpecError, match=r"a config is|of a config|describes no tensor"):
        surroreg.from_config(config)


def test_caller_can_allow_imports(sprung):
    (sprung.parent / "friendly.py").write_text("import surroreg\n@surroreg.surrogate()\ndef bell(x): return x\n")
    config = {"name": "friendly:bell"}
    with pytest.raises(UnknownSurrogateError):
        surroreg.from_config(config)
    assert surroreg.from_config(config, allow_imports=True).spec.origin == "friendly:bell"
    assert surroreg.from_config(config).spec.name == "bell"  # it is imported now
    del sys.modules["friendly"]


def test_allowed_module_that_exits_is_an_error(tmp_path):
    code = (
        "import surroreg\ntry: surroreg.from_config({'name': 'unittest.__main__:x'}, allow_imports=True)\n"
        "except surroreg.UnknownSurrogateError as error: print(error)\n"
    )
    # The module runs the tests of the current folder: none.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, "SystemExit" in done.stdout) == (0, True)


# -- descriptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRAPS)
@pytest.mark.parametrize("role", ["derivative", "factory"])
def test_description_is_read_and_shown_without_an_import(role, name):
    described = {
        "name": "odd",
        role: name,
        "parameters": [{"name": "f", "type": "callable", "default": name}],
        "examples": [{"f": name}],
    }
    spec = SurrogateSpec.from_json(json.dumps(described))
    assert spec.to_dict()[role] == name
    assert SurrogateSpec.from_dict(spec.to_dict()).to_dict() == spec.to_dict()
    assert "is not imported only to be looked at" in spec._repr_html_()
    assert spec.origin == name
    with pytest.raises(SpecError):
        process.registry.name_of(spec)


def test_description_with_a_scale_imports_nothing():
    described = {"base": {"name": "odd", "derivative": "trap:evil"}, "parameters": [{"name": "scale", "type": "float"}]}
    spec = SurrogateSpec.from_dict(described)
    assert [parameter.name for parameter in spec.parameters] == ["scale"]
    assert SurrogateSpec.from_dict(spec.to_dict()).to_dict() == spec.to_dict()


@pytest.mark.parametrize(
    "text",
    ["", "{", "5", "null", "[" * 100_000, '{"name": ' * 50_000, "NaN", b"\xff", 5, None, '{"name": "a"}', '{"a": 1}'],
    ids=lambda text: repr(text)[:20],
)
def test_text_that_describes_no_spec_is_a_spec_error(text):
    with pytest.raises(SpecError):
        SurrogateSpec.from_json(text)


GOOD = {"name": "odd", "derivative": "m:f"}


@pytest.mark.parametrize(
    "described",
    [
        5,
        None,
        [GOOD],
        {**GOOD, 5: 6},
        {**GOOD, "parameters": 5},
        {**GOOD, "parameters": [5]},
        {**GOOD, "parameters": [{}]},
        {**GOOD, "parameters": [{"name": "a"}]},
        {**GOOD, "parameters": [{"name": "a", "type": "tensor"}]},
        {**GOOD, "parameters": [{"name": "a", "type": ["float"]}]},
        {**GOOD, "parameters": [{"name": "a", "type": "float", "colour": "red"}]},
        {**GOOD, "traits": 5},
        {**GOOD, "traits": {"odd": True}},
        {**GOOD, "traits": {5: True}},
        {**GOOD, "summary": None},
        {**GOOD, "references": [5]},
        {**GOOD, "examples": [5]},
        {**GOOD, "aliases": "Odd"},
        {"base": 5},
        {"base": {"base": GOOD}},
        {"base": GOOD, "parameters": [{"name": "scale"}]},
        {"base": GOOD, "parameters": 5},
    ],
    ids=repr,
)
def test_malformed_description_is_a_spec_error(described):
    with pytest.raises(SpecError, match=r"[a-z]{3}"):
        SurrogateSpec.from_dict(described)


# -- checkpoints ------------------------------------------------------------------------------------


def saved(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return file


def loaded(thing):
    with safe_globals([surroreg.Surrogate]):
        return torch.load(saved(thing), weights_only=True)


def with_state(monkeypatch, name, **changes):
    """Return a surrogate whose saved state has changes."""
    surrogate = surroreg.load(name)
    state = {**surrogate.__getstate__(), **changes}
    monkeypatch.setattr(surroreg.Surrogate, "__getstate__", lambda self: state)
    return surrogate


class Called:
    """An object that is saved as a call of a safe class."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return surroreg.Surrogate, self.arguments


@pytest.mark.parametrize("name", TRAPS)
def test_name_in_a_checkpoint_imports_nothing(monkeypatch, name):
    with pytest.raises(UnknownSurrogateError, match="not imported"):
        loaded(with_state(monkeypatch, "atan", spec=name))


@pytest.mark.parametrize("name", TRAPS)
def test_call_in_a_checkpoint_imports_nothing(name):
    with pytest.raises(TypeError, match="takes a SurrogateSpec"):
        loaded(Called(name, {}))
    with pytest.raises(TypeError, match="takes a SurrogateSpec"):
        loaded(Called("local/boxed", {"f": name}))


@pytest.mark.parametrize("name", TRAPS)
def test_callable_in_a_checkpoint_imports_nothing(monkeypatch, boxed, name):
    with pytest.raises(surroreg.ParameterTypeError, match=r"was saved as .*, no callable"):
        loaded(with_state(monkeypatch, "atan", spec="local/boxed", numbers={"f": name}))


@pytest.mark.parametrize(
    "changes",
    [
        {"numbers": None},
        {"numbers": {"forward": 5.0}},
        {"numbers": {"spec": "trap:evil"}},
        {"numbers": {5: 5.0}},
        {"module": None},
        {"module": [5]},
        {"spec": None},
        {"spec": 5},
        {"spec": "no_such_surrogate"},
        {"spec": "no_such_plugin/atan"},
    ],
    ids=repr,
)
def test_malformed_checkpoint_is_an_error_of_surroreg(monkeypatch, changes):
    with pytest.raises((surroreg.SurroregError, TypeError), match=r"[a-z]{3}") as raised:
        loaded(with_state(monkeypatch, "atan", **changes))
    assert "surroreg" in raised.traceback[-1].path.parts


def test_unregistered_spec_needs_a_plain_pickle():
    network = unregistered()
    with safe_globals([surroreg.Surrogate]), pytest.raises(pickle.UnpicklingError, match="import_object"):
        torch.load(saved(network), weights_only=True)
    assert torch.load(saved(network), weights_only=False).spec is unregistered
    assert pickle.loads(pickle.dumps(unregistered)) is unregistered
