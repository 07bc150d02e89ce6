"""``surroreg bench --network`` measures whole training steps. No test judges how fast a step is."""

import functools
import json
import warnings
from dataclasses import replace

import pytest
import torch

import surroreg
from surroreg.bench import network
from surroreg.bench.memory import allocations
from surroreg.bench.network import LIMIT, OURS, THEIRS, Training, contestants, measure
from surroreg.bench.networks import ARCHITECTURES, LIBRARIES, Library, Size
from surroreg.cli import main
from surroreg.cli.commands import bench

SIZES = {"dense": Size(8, 3, 12, 16), "convolutional": Size(4, 2, 8, 2), "recurrent": Size(8, 3, 12, 16)}
NETWORKS = [(library, architecture) for library in LIBRARIES for architecture in ARCHITECTURES]
every_network = pytest.mark.parametrize(("library", "architecture"), NETWORKS, ids=["-".join(row) for row in NETWORKS])


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Small networks, on one thread: a second one would only wait."""
    for name, size in SIZES.items():
        monkeypatch.setitem(ARCHITECTURES, name, replace(ARCHITECTURES[name], size=size))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def found(library):
    """Return a library, or skip the test."""
    if not LIBRARIES[library].is_installed:
        pytest.skip(f"{library} is not installed")
    return LIBRARIES[library]


def ready(library):
    """Return a library within its context, without the warnings of its own imports."""
    context = found(library).ready()
    context.__enter__()
    return context


@pytest.fixture
def neurons(library):
    """A library, set up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        with found(library).ready():
            yield found(library)


@every_network
def test_network_trains_with_every_surrogate_but_the_limit(neurons, architecture, monkeypatch):
    monkeypatch.setattr(network, "LEARNING_RATE", 0.01)
    for who, spike in contestants(neurons, "tanh" if neurons.key == "norse" else "atan").items():
        training = Training(neurons, architecture, spike, still=who == LIMIT)
        weights = [parameter.clone() for parameter in training.network.parameters()]
        first = training.forward().item()
        neurons.reset(training.network)
        losses = [training.step().item() for _ in range(20)]
        assert losses[0] == first
        if who == LIMIT:
            assert losses[-1] == pytest.approx(first)
            assert all(map(torch.equal, weights, training.network.parameters()))
        else:
            assert losses[-1] < first


def test_saved_bytes_are_those_computed_by_hand():
    size, floats = SIZES["dense"], 4
    batch, steps, neurons = size.batch, size.steps, size.hidden + 10
    spikes, softmax = floats * batch * steps * size.hidden, floats * batch * 10
    kept = {"straight_through_estimator": 0, "atan": floats * batch * steps * neurons}
    for name, membranes in kept.items():
        step = measure(name, "plain", "dense", "eager", "cpu", rounds=1)
        assert step.saved == {LIMIT: spikes + softmax, OURS: spikes + softmax + membranes}


@every_network
def test_limit_saves_less_by_what_the_surrogate_keeps(neurons, library, architecture):
    name = "tanh" if library == "norse" else "atan"
    step = measure(name, library, architecture, "eager", "cpu", rounds=1)
    size = SIZES[architecture]
    layers = {
        "dense": size.hidden + 10,
        "recurrent": size.hidden,
        "convolutional": size.hidden * 4**2 + 2 * size.hidden * 2**2 + 10,
    }
    membranes = 4 * size.batch * size.steps * layers[architecture]
    assert step.saved[OURS] == step.saved[LIMIT] + membranes
    assert step.saved.get(THEIRS, step.saved[OURS]) == step.saved[OURS]
    assert set(step.times) == set(step.saved) == set(step.peak)
    assert all(step.peak[who] >= step.saved[who] for who in step.saved)


def test_saved_bytes_are_those_in_use_after_the_forward_pass():
    training = Training(LIBRARIES["plain"], "recurrent", lambda: surroreg.load("atan"))
    training.step()
    losses = []
    in_use = sum(allocations(lambda: losses.append(training.forward())))
    assert 0 <= in_use - training.saved() <= 40  # the loss, and other tensors of one element


@pytest.mark.parametrize("library", ["snntorch"])
def test_compiled_step_saves_what_the_compiler_keeps(neurons, library, monkeypatch):
    # Without Inductor a graph is compiled in a fraction of the time. AOTAutograd chooses what is saved.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager_decomp_partition"))
    step = measure("atan", library, "dense", "compiled", "cpu", rounds=1)
    size = SIZES["dense"]
    spikes, softmax = 4 * size.batch * size.steps * size.hidden, 4 * size.batch * 10
    membranes = spikes + softmax * size.steps
    assert spikes <= step.saved[LIMIT] < step.saved[OURS] <= spikes + softmax + membranes


def run(capsys, *arguments):
    code = main(["bench", "--network", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_has_a_row_for_each_surrogate_and_network(capsys):
    options = ("--library", "plain", "--library", "snntorch", "--architecture", "dense", "--rounds", "1")
    code, out, err = run(capsys, "atan", "tanh", *options, "--device", "cpu", "--json")
    assert (code, err) == (0, "")
    steps = json.loads(out)["network"]
    assert [(step["library"], step["name"]) for step in steps] == [
        (library, name) for library in ("plain", "snntorch") for name in ("atan", "tanh")
    ]
    for step in steps:
        assert (step["architecture"], step["mode"], step["device"]) == ("dense", "eager", "cpu")
        has_equal = (step["library"], step["name"]) == ("snntorch", "atan")  # snnTorch has no tanh
        assert set(step["times"]) == {"limit", "surroreg", *(["library"] if has_equal else [])}
        limit, ours = (step["times"][who]["median"] for who in ("limit", "surroreg"))
        assert step["over_limit"]["surroreg"] == pytest.approx(ours / limit - 1)
        if has_equal:
            assert step["ratio"] == pytest.approx(step["times"]["library"]["median"] / ours)


def test_table_names_the_libraries_that_are_left_out(capsys, monkeypatch):
    monkeypatch.setattr(Library, "is_installed", property(lambda library: library.key in ("", "snntorch")))
    code, out, err = run(capsys, "atan", "--architecture", "recurrent", "--rounds", "1", "--device", "cpu")
    assert (code, err) == (0, "")
    rows = [line.split()[:4] for line in out.splitlines() if line.startswith("atan")]
    assert rows == [["atan", library, "recurrent", "eager"] for library in ("plain", "snntorch")]
    left_out = [line.split()[-1] for line in out.splitlines() if line.startswith("left out")]
    assert left_out == ["spikingjelly_single_step", "spikingjelly_multi_step", "norse"]


def test_library_that_is_asked_for_and_missing_exits_with_2(capsys, monkeypatch):
    monkeypatch.setattr(Library, "is_installed", property(lambda library: not library.key))
    code, out, err = run(capsys, "atan", "--library", "norse")
    assert (code, out) == (2, "")
    assert "pip install norse" in err


@pytest.mark.parametrize("arguments", [["--network", "--size", "10"], ["--library", "norse"]])
def test_option_without_effect_exits_with_2(capsys, arguments):
    assert main(["bench", "atan", *arguments]) == 2
    assert arguments[-2] in capsys.readouterr().err


def test_command_offers_all_libraries_and_architectures():
    assert tuple(LIBRARIES) == bench.LIBRARIES
    assert tuple(ARCHITECTURES) == bench.ARCHITECTURES
