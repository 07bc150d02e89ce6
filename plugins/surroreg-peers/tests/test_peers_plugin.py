"""The originals, through the registry, and the messages if a library is missing. The plugin must be installed."""

import importlib
import importlib.util
import pickle
import warnings

import pytest
import torch
from surroreg_peers import norse, snntorch, spikingjelly

import surroreg
import surroreg.api
from surroreg.cli import main
from surroreg.registry import Registry, process

PLUGINS = {plugin.LIBRARY: plugin for plugin in (snntorch, spikingjelly, norse)}
X = torch.linspace(-2.01, 2.03, 101)

#: A name in the registry, with values of parameters, and its original.
ORIGINALS = [
    ("snntorch/atan", {"alpha": 3.0}, lambda home: home.atan(alpha=3.0)),
    ("snntorch/sfs", {"slope": 5.0, "B": 0.5}, lambda home: home.SFS(slope=5.0, B=0.5)),
    ("snntorch/spike_rate_escape", {}, lambda home: home.spike_rate_escape()),
    ("spikingjelly/erf", {"alpha": 2.0}, lambda home: home.Erf(alpha=2.0)),
    ("spikingjelly/s2nn", {"beta": 0.5}, lambda home: home.S2NN(beta=0.5)),
    ("spikingjelly/squarewave_fourier_series", {"n": 4}, lambda home: home.SquarewaveFourierSeries(n=4)),
    ("norse/triangle", {"alpha": 0.3}, lambda home: lambda x: home.triangle_fn(x, 0.3)),
    ("norse/super", {}, lambda home: lambda x: home.superspike_fn(x, torch.tensor(100.0))),
    ("norse/circ", {"alpha": 1.0}, lambda home: lambda x: home.heavi_circ_fn(x, 1.0)),
]
HOMES = {
    "snntorch": "snntorch.surrogate",
    "spikingjelly": "spikingjelly.activation_based.surrogate",
    "norse": "norse.torch.functional.threshold",
}


def home(library):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: its surrogates are NOT VERIFIED")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        return importlib.import_module(HOMES[library])


def spikes_and_gradient(function):
    leaf = X.clone().requires_grad_()
    spikes = function(leaf)
    return spikes.detach(), torch.autograd.grad(spikes.sum(), leaf)[0]


@pytest.mark.parametrize(("name", "params", "original"), ORIGINALS, ids=[row[0] for row in ORIGINALS])
def test_loaded_surrogate_equals_the_original(name, params, original):
    library = name.partition("/")[0]
    theirs = spikes_and_gradient(original(home(library)))
    loaded = surroreg.load(name, **params)
    for copy in (loaded, pickle.loads(pickle.dumps(loaded))):
        for found, wanted in zip(spikes_and_gradient(copy), theirs, strict=True):
            assert torch.equal(found, wanted)


@pytest.mark.parametrize("library", PLUGINS)
def test_every_offered_surrogate_is_built(library):
    home(library)
    names = surroreg.names(namespace=library)
    assert names == sorted(f"{library}/{spec.name}" for spec in PLUGINS[library].OFFERED)
    needed = {"custom_surrogate_function": "surroreg.builtin.custom:unit_box", "max_spike_count": 2}
    for name in names:
        required = {p.name: needed[p.name] for p in surroreg.spec(name).parameters if p.required}
        assert surroreg.load(name, **required).spec is surroreg.spec(name)


def test_a_built_in_is_not_hidden():
    assert surroreg.load("atan").spec is surroreg.spec("builtin/atan")


@pytest.mark.parametrize("name", ["triangle", "superspike", "SuperSpike", "poisson_pass", "leaky_k_relu"])
def test_bare_name_does_not_reach_an_original(name):
    qualified = [
        full for full in surroreg.names() if full.partition("/")[0] in PLUGINS and full.endswith(f"/{name.lower()}")
    ]
    if not qualified:
        pytest.skip("its library is not installed: NOT VERIFIED")
    with pytest.raises(surroreg.UnknownSurrogateError, match="Only by qualified name: ") as raised:
        surroreg.load(name, alpha=1)
    assert repr(qualified[0]) in str(raised.value)


def test_bare_name_of_an_original_is_answered_with_ours():
    with pytest.raises(surroreg.UnknownSurrogateError, match="Ask for 'piecewise_linear'"):
        surroreg.load("triangle")
    with pytest.raises(surroreg.UnknownSurrogateError, match="Ask for 'fast_sigmoid'"):
        surroreg.load("superspike")


@pytest.fixture
def bare(monkeypatch):
    """A registry that finds none of the libraries."""
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name in PLUGINS else found(name, *rest))
    monkeypatch.setattr(process, "registry", Registry())


@pytest.mark.parametrize("library", PLUGINS)
def test_missing_library_lists_nothing_and_load_names_it(bare, library):
    assert [name for name in surroreg.names() if name.startswith(library)] == []
    with pytest.raises(surroreg.PluginLoadError, match=f"{library} is not installed.*pip install {library}"):
        surroreg.names(namespace=library)
    with pytest.raises(surroreg.PluginLoadError, match=f"cannot load '{library}/atan'.*pip install {library}"):
        surroreg.load(f"{library}/atan")
    (info,) = [info for info in surroreg.plugins() if info.namespace == library]
    assert (info.status, info.surrogates) == ("unavailable", ())


def test_doctor_with_missing_library_finds_nothing_wrong(bare, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert out.count("unavailable") == 3
    assert "pip install spikingjelly" in out
    assert out.rstrip().endswith("Nothing is wrong with the plugins.")


def test_list_with_missing_library_names_the_package(bare, capsys):
    assert main(["list", "norse/*"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "pip install norse" in err


@pytest.mark.parametrize("library", PLUGINS)
def test_conformance_with_missing_library_is_not_verified(bare, library, capsys):
    assert main(["check", library]) == 1  # nothing was checked
    assert "4 checks NOT VERIFIED (plugin" in (out := capsys.readouterr().out)
    assert f"pip install {library}" in out
