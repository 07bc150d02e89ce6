"""The README's table of other libraries, line by line, against the installed libraries."""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import surroreg
import torch
from torch import Tensor

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
Spike = Callable[[Tensor], Tensor]

# No surrogate has an edge at these inputs, for any values in this file.
NEAR = torch.logspace(-4, -0.01, 200, dtype=torch.float64)
GRID = torch.cat([torch.linspace(-6.013, 6.017, 1204, dtype=torch.float64), NEAR, -NEAR])
# Surrogates have edges at these inputs: binary fractions, so no library rounds them to one side.
EDGES = torch.tensor([-4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64)


def imported(name: str) -> Any:
    """Import a module of a library, and ignore its warnings."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        # rockpool tries to import samna. The samna of PyPI runs pip when it is imported.
        patch.setitem(sys.modules, "samna", None)
        return importlib.import_module(name)


# -- how each library is asked: its surrogate as a function of x = membrane - T, and a default of its own ----------


def spikingjelly() -> Any:
    try:
        return imported("spikingjelly.activation_based.surrogate")
    except ModuleNotFoundError as error:
        pytest.skip(f"SpikingJelly is not installed, so its lines are NOT VERIFIED: {error}")


def of_spikingjelly(name: str, T: float, **params: Any) -> Spike:
    return getattr(spikingjelly(), name)(**params)  # type: ignore[no-any-return]


def default_in_spikingjelly(name: str, parameter: str) -> Any:
    return getattr(getattr(spikingjelly(), name)(), parameter)


def of_norse(name: str, T: float, alpha: float) -> Spike:
    threshold = imported("norse.torch.functional.threshold").threshold
    return lambda x: threshold(x, name, alpha)  # type: ignore[no-any-return]


def default_in_norse(name: str, parameter: str) -> Any:
    return getattr(imported("norse.torch").LIFParameters(), parameter)


def of_sinabs(name: str, T: float, **params: Any) -> Spike:
    activation = imported("sinabs.activation")
    slope = getattr(activation, name)(**params)
    return lambda x: activation.SingleSpike.apply(x + T, T, slope)  # type: ignore[no-any-return]


def default_in_sinabs(name: str, parameter: str) -> Any:
    return getattr(getattr(imported("sinabs.activation"), name)(), parameter)


def of_rockpool(name: str, T: float, window: float) -> Spike:
    function = getattr(imported("rockpool.nn.modules.torch.lif_torch"), name)
    numbers = [torch.tensor(number, dtype=torch.float64) for number in (T, window, 2.0**16)]
    return lambda x: function.apply(x + T, *numbers)  # type: ignore[no-any-return]


def default_in_rockpool(name: str, parameter: str) -> Any:
    function = getattr(imported("rockpool.nn.modules.torch.lif_torch"), name)
    return inspect.signature(function.forward).parameters[parameter].default


class Library(NamedTuple):
    """How to build a library's surrogate, and the precision of its numbers: some go through float32."""

    make: Callable[..., Spike]
    default: Callable[[str, str], Any]
    rtol: float
    factors: tuple[float, ...] = (1.0, 0.6, 2.5)
    thresholds: tuple[float, ...] = (1.0,)


LIBRARIES = {
    "SpikingJelly": Library(of_spikingjelly, default_in_spikingjelly, 1e-12),
    "Norse": Library(of_norse, default_in_norse, 1e-6, (1.0, 0.02, 0.003)),
    "sinabs": Library(of_sinabs, default_in_sinabs, 1e-6, thresholds=(1.0, 0.75, 2.0)),
    "rockpool": Library(of_rockpool, default_in_rockpool, 1e-6, thresholds=(1.0, 0.75, 2.0)),
}


# -- the table -----------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One line: a library's surrogate with its defaults, and its expression here."""

    library: str
    name: str
    defaults: dict[str, Any]
    here: str

    def __repr__(self) -> str:
        return f"{self.library}.{self.name}"

    def theirs(self, T: float, params: dict[str, Any]) -> Spike:
        return LIBRARIES[self.library].make(self.name, T, **params)

    def ours(self, x: Tensor, T: float, params: dict[str, Any]) -> list[Tensor]:
        """The factor times the surrogate that the expression names: by its kernel, and by its derivative."""
        factor, _, call = self.here.rpartition(" * ")
        known = {**params, "T": T, "sqrt": math.sqrt}
        name, keywords = taken_apart(call)
        spike = surroreg.load(f"zoo/{name}", **{key: evaluated(value, known) for key, value in keywords.items()})
        times = evaluated(ast.parse(factor or "1", mode="eval").body, known)
        return [times * gradient(spike, x), times * spike.derivative(x)]

    def values(self) -> Iterator[dict[str, Any]]:
        """The defaults, then one parameter varied at a time."""
        yield self.defaults
        for key, default in self.defaults.items():
            others = [default + 1, default + 4] if isinstance(default, int) and key == "n" else [0.2, 0.7]
            if isinstance(default, float) and default:
                others = [default * factor for factor in LIBRARIES[self.library].factors[1:]]
            for value in others:
                yield {**self.defaults, key: value}


def taken_apart(call: str) -> tuple[str, dict[str, ast.expr]]:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return node.func.id, {str(keyword.arg): keyword.value for keyword in node.keywords}


def evaluated(node: ast.expr, known: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "README.md", "eval"), {"__builtins__": {}}, known)


def rows() -> Iterator[Row]:
    library = ""
    for first, there, here in re.findall(r"^\|([^|]*)\| `([^`|]+\))` \| `([^`|]+\))`", README, re.M):
        library = first.split()[0] if first.strip() else library
        if library in LIBRARIES:
            name, keywords = taken_apart(there)
            yield Row(library, name, {key: ast.literal_eval(value) for key, value in keywords.items()}, here)


ROWS = list(rows())
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


def gradient(spike: Spike, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(spike(leaf).sum(), leaf)
    return found


def test_the_table_is_read_to_the_end() -> None:
    counted = {library: sum(row.library == library for row in ROWS) for library in LIBRARIES}
    assert counted == {"SpikingJelly": 11, "Norse": 2, "sinabs": 5, "rockpool": 2}


@each_row
def test_the_defaults_that_are_stated_are_the_librarys(row: Row) -> None:
    for key, stated in row.defaults.items():
        assert float(LIBRARIES[row.library].default(row.name, key)) == stated


@each_row
def test_the_gradient_is_the_librarys(row: Row) -> None:
    library = LIBRARIES[row.library]
    for T in library.thresholds:
        for params in row.values():
            theirs = gradient(row.theirs(T, params), GRID)
            assert theirs.abs().max() > 0.01
            bound = library.rtol * float(theirs.abs().max())
            for ours in row.ours(GRID, T, params):
                torch.testing.assert_close(ours, theirs.double(), rtol=library.rtol, atol=bound)


@each_row
def test_at_edges_the_gradient_is_the_librarys_too(row: Row) -> None:
    library = LIBRARIES[row.library]
    theirs = gradient(row.theirs(1.0, row.defaults), EDGES)
    for ours in row.ours(EDGES, 1.0, row.defaults):
        torch.testing.assert_close(ours, theirs.double(), rtol=library.rtol, atol=1e-7)


def test_edges_that_are_binary_fractions_at_other_widths() -> None:
    surrogate = spikingjelly()
    pairs = [
        (surroreg.load("zoo/box", width=0.5), surrogate.Rect(alpha=2.0), 0.25),
        (
            surroreg.load("zoo/piecewise_leaky_relu", half_width=0.5, leak=0.125),
            surrogate.PiecewiseLeakyReLU(0.5, 0.125),
            0.5,
        ),
        (surroreg.load("zoo/fake_numerical_gradient", alpha=0.25), surrogate.FakeNumericalGradient(0.25), 4.0),
    ]
    for ours, theirs, edge in pairs:
        x = torch.tensor([-edge, edge], dtype=torch.float64)
        assert torch.equal(gradient(ours, x), gradient(theirs, x))
        assert torch.equal(ours.derivative(x), gradient(theirs, x))


def test_fake_numerical_gradient_at_minus_zero_is_finite() -> None:
    x = torch.tensor([-0.0])
    assert gradient(spikingjelly().FakeNumericalGradient(), x) == -math.inf
    assert gradient(surroreg.load("zoo/fake_numerical_gradient"), x) == torch.tensor([0.3])


def test_circular_far_out_keeps_digits_that_norse_loses() -> None:
    x = torch.tensor([100.0], dtype=torch.float16)
    exact = 1 / (1 + 100.0**2) ** 1.5
    assert abs(float(gradient(of_norse("circ", 1.0, 1.0), x)) / exact - 1) > 1
    assert abs(2 * float(gradient(surroreg.load("zoo/circular"), x)) / exact - 1) < 0.1
