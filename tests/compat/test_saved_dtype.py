"""Adapters hand ``saved_dtype`` on; translation into another library reports that the library has none."""

import json

import pytest
import torch

import surroreg
from surroreg.autograd.graph import kept_bytes
from surroreg.cli import main
from surroreg.compat.norse import installed, threshold
from surroreg.compat.rockpool import spike_generation_fn
from surroreg.compat.sinabs import spike_fn, surrogate_grad_fn
from surroreg.compat.spikingjelly import surrogate_function
from tests.interop.cases import gradient, points

SAVED = "float8_e5m2"


def of_norse(x):
    pytest.importorskip("norse", reason="norse is not installed: its adapter is NOT VERIFIED")
    with installed():
        return threshold(x, f"surroreg:atan(alpha=2, saved_dtype={SAVED!r})", 100.0)


ADAPTED = {
    "spikingjelly": lambda x: surrogate_function("atan", saved_dtype=SAVED)(x),
    "spikingjelly, loaded": lambda x: surrogate_function(surroreg.load("atan", saved_dtype=SAVED), at_zero=0)(x),
    "sinabs": lambda x: spike_fn("atan", saved_dtype=SAVED).apply(x, 0.0, None),
    "rockpool": lambda x: spike_generation_fn("atan", saved_dtype=SAVED).apply(x, torch.tensor(0.0), 0.5, 1.0),
    "norse": of_norse,
    "translated": lambda x: surroreg.translate("spikingjelly.ATan", saved_dtype=SAVED).load()(x),
}


@pytest.mark.parametrize("adapter", ADAPTED)
def test_adapted_surrogate_keeps_one_byte(adapter):
    x = points(torch.float32).requires_grad_()
    expected = surroreg.load("atan").derivative(x.detach().to(torch.float8_e5m2).float())
    torch.testing.assert_close(gradient(ADAPTED[adapter], x), expected)
    assert kept_bytes(ADAPTED[adapter], x) <= x.numel() + 4


def test_gradient_alone_refuses_a_saved_dtype():
    with pytest.raises(surroreg.ParameterTypeError, match="Use spike_fn"):
        surrogate_grad_fn("atan", saved_dtype=SAVED)


def test_loaded_surrogate_beside_a_saved_dtype_is_refused():
    with pytest.raises(surroreg.ParameterTypeError, match=r"give saved_dtype to surroreg\.load"):
        spike_fn(surroreg.load("atan"), saved_dtype=SAVED)


def test_translation_shows_that_a_library_keeps_the_input():
    theirs = surroreg.translate("atan", to="snntorch", saved_dtype=torch.bfloat16)
    assert theirs.saved_dtype == "bfloat16"
    assert str(theirs) == ("snntorch.surrogate.atan(alpha=2.0), which keeps its input as it is rather than in bfloat16")
    ours = surroreg.translate("snntorch.atan", saved_dtype="bfloat16")
    assert str(ours) == "surroreg.load('atan', alpha=2.0, saved_dtype='bfloat16')"
    with pytest.raises(surroreg.ParameterError, match="saved_dtype must be one of"):
        surroreg.translate("snntorch.atan", saved_dtype="int8")


def test_commands_take_a_saved_dtype(capsys):
    assert main(["translate", "snntorch.atan", "--saved-dtype", "bfloat16", "--json"]) == 0
    translation = json.loads(capsys.readouterr().out)["translation"]
    assert translation["saved_dtype"] == "bfloat16"
    assert translation["line"].endswith("saved_dtype='bfloat16')")
    assert main(["demo", "fast_sigmoid", "--epochs", "1", "--saved-dtype", SAVED]) == 0
    assert f"surroreg.load('fast_sigmoid', slope=25.0, saved_dtype={SAVED!r})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--saved-dtype", "int8"], ["saved_dtype must be one of", "'int8'"]),
        (["demo", "heaviside", "--saved-dtype", "bfloat16"], ["'heaviside' keeps only the spikes", "leave"]),
        (["demo", "--set", "saved_dtype=bfloat16"], ["Give --saved-dtype"]),
    ],
)
def test_wrong_saved_dtype_exits_with_2(capsys, arguments, words):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(word in err for word in words)
