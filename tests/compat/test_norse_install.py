"""Installing and uninstalling the adapter for Norse."""

import importlib
import inspect
import subprocess
import sys

import pytest
import torch

import surroreg
from surroreg.compat.norse import install, installed, uninstall
from surroreg.registry import Registry, process
from tests.compat.norse_neurons import (
    ORIGINAL,
    X,
    coba,
    home,
    neuron,
    norse,
    run,
)


def threshold_functions():
    """Every global of a module of Norse that is called threshold, unless that is the module."""
    modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "norse"}
    found = {name: vars(module).get("threshold") for name, module in modules.items()}
    return {name: function for name, function in found.items() if inspect.isfunction(function)}


def test_uninstall_restores_the_function_in_every_module():
    before = threshold_functions()
    assert len(before) == 12
    assert set(before.values()) == {ORIGINAL}
    with installed():
        assert threshold_functions().keys() == before.keys()
        assert ORIGINAL not in threshold_functions().values()
    assert threshold_functions() == before
    cell = norse.LIFCell(p=norse.LIFParameters(method="surroreg:atan"))
    with pytest.raises(ValueError, match="Attempted to apply threshold function surroreg:atan"):
        cell(torch.ones(1))


def test_module_imported_while_installed_is_restored(monkeypatch):
    name = "norse.torch.functional.lif_box"
    monkeypatch.setattr(sys.modules["norse.torch.functional"], "lif_box", sys.modules[name])
    monkeypatch.delitem(sys.modules, name)
    with installed():
        late = importlib.import_module(name)
        p = late.LIFBoxParameters(method="surroreg:atan")
        late.lif_box_feed_forward_step(torch.ones(1), late.LIFBoxFeedForwardState(torch.ones(1)), p)
    assert late.threshold is ORIGINAL


def test_install_replaces_globals_of_norse_alone(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(coba, "spike", ORIGINAL, raising=False)
        patch.setitem(sys.modules, "norse.gone", None)
        patch.setattr(sys.modules["surroreg"], "of_norse", ORIGINAL, raising=False)
        with installed():
            coba.spike(X, "surroreg:atan", 1.0)
            assert sys.modules["surroreg"].of_norse is ORIGINAL
        assert coba.spike is ORIGINAL


def test_install_and_uninstall_nest():
    install()
    with installed():
        install()
        uninstall()
    home.threshold(X, "surroreg:atan", 1.0)
    uninstall()
    assert home.threshold is ORIGINAL
    with pytest.raises(RuntimeError, match="not installed"):
        uninstall()
    with installed():  # and that did no harm
        home.threshold(X, "surroreg:atan", 1.0)


def test_error_inside_the_block_uninstalls():
    with pytest.raises(ZeroDivisionError), installed():
        _ = 1 / 0
    assert home.threshold is ORIGINAL


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("method", ["heaviside", "super", "triangle", "tanh", "circ", "heavi_erfc"])
def test_methods_of_norse_are_unchanged(method):
    x = X.clone().requires_grad_()
    expected = X.clone().requires_grad_()
    found, wanted = home.threshold(x, method, 2.0), ORIGINAL(expected, method, 2.0)
    assert torch.equal(found, wanted)
    if method != "heaviside":
        found.sum().backward()
        wanted.sum().backward()
        assert torch.equal(x.grad, expected.grad)


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("method", ["atan", "surro:atan", ""])
def test_unknown_method_raises_the_error_of_norse(method):
    with pytest.raises(ValueError, match="no such function exist"):
        home.threshold(X, method, 1.0)


def test_method_is_built_once_until_uninstalled(monkeypatch):
    built = []

    def counted(slope):
        built.append(slope)
        return surroreg.load("fast_sigmoid", slope=slope)

    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    surroreg.register(
        surroreg.SurrogateSpec(name="counted", factory=counted, parameters=[surroreg.Parameter("slope", 1.0)])
    )
    with installed():
        for _ in range(2):
            run("LIFCell", neuron("LIFCell", "surroreg:counted(slope=3)"), torch.rand(5, 4, 8))
        with installed():
            pass
        home.threshold(X, "surroreg:counted(slope=3)", 1.0)
        home.threshold(X, "surroreg:counted", 1.0)
    assert built == [3.0, 1.0]
    with installed():
        home.threshold(X, "surroreg:counted", 1.0)
    assert built == [3.0, 1.0, 1.0]


def test_norse_is_not_imported_before_it_is_installed():
    code = "import sys, surroreg.compat.norse as n; assert 'norse' not in sys.modules; n.install()"
    code += "; assert 'norse.torch' in sys.modules"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
