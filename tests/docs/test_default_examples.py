"""The first example for each library has the gradient of that library's default neuron."""

import contextlib
import importlib
import re
import warnings
from pathlib import Path

import pytest
import torch

import surroreg

DOCS = Path(__file__).parents[2] / "docs"
TITLES = {"snntorch": "snnTorch", "spikingjelly": "SpikingJelly", "norse": "Norse"}
GUIDES = {
    "snntorch": "guides/snntorch.md",
    "spikingjelly": "guides/spikingjelly.md",
    "norse": "guides/norse.md",
    "sinabs": "guides/sinabs-rockpool.md",
    "rockpool": "guides/sinabs-rockpool.md",
}
#: The imports that the one-line examples rely on.
IMPORTS = {
    "snntorch": "import snntorch as snn",
    "spikingjelly": "from spikingjelly.activation_based import neuron\n"
    "from surroreg.compat.spikingjelly import surrogate_function",
    "norse": "from norse.torch import LIFParameters",
    "sinabs": "import sinabs.layers\nfrom surroreg.compat.sinabs import spike_fn, surrogate_grad_fn",
    "rockpool": "from rockpool.nn.modules import LIFTorch\nfrom surroreg.compat.rockpool import spike_generation_fn",
}
DEFAULTS = {
    "snntorch": "snn.Leaky(beta=0.9)",
    "spikingjelly": "neuron.LIFNode()",
    "norse": "LIFParameters()",
    "sinabs": "sinabs.layers.LIF(tau_mem=20.0)",
    "rockpool": "LIFTorch(10)",
}
# Less than one unit above threshold, where every library gives at most one spike; away from every edge.
X = torch.linspace(-2.013, 0.977, 101, dtype=torch.float64)


def imported(library):
    """Return the names that the examples rely on, or skip the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        pytest.importorskip(library, reason=f"{library} is not installed: its example is NOT VERIFIED")
        scope = {"surroreg": surroreg, "torch": torch}
        exec(IMPORTS[library], scope)
    return scope


def spikes_and_gradient(library, neuron):
    """Return the spikes and the gradient of a neuron whose membrane is X above its threshold, 1."""
    x = X.clone().requires_grad_()
    if library == "snntorch":
        spikes = neuron.spike_grad(x)
    elif library == "spikingjelly":
        spikes = neuron.surrogate_function(x)
    elif library == "norse":
        p = getattr(neuron, "p", neuron)
        spikes = importlib.import_module("norse.torch.functional.lif").threshold(x, p.method, p.alpha)
    elif library == "sinabs":
        spikes = neuron.spike_fn.apply(x + 1, 1.0, neuron.surrogate_grad_fn)
    else:
        one = torch.ones(())
        spikes = neuron.spike_generation_fn(x + 1, one, neuron.learning_window, neuron.max_spikes_per_dt)
    return spikes.detach().double(), torch.autograd.grad(spikes.sum(), x)[0]


def first_of_guide(library, scope):
    """Run a guide up to its first neuron, and return the neuron."""
    text = (DOCS / GUIDES[library]).read_text(encoding="utf-8")
    text = text.partition(f"## {library}\n")[2] or text
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
        exec(code, scope)
        for name in ("lif", "cell", "layer"):
            if name in scope:
                return scope[name]
    raise AssertionError(f"{GUIDES[library]} makes no neuron")


def first_of_table(library, scope):
    """Return the neuron, or the parameters, of the line in the table of libraries."""
    text = (DOCS / "libraries.md").read_text(encoding="utf-8")
    (code,) = re.findall(rf"^\| {TITLES.get(library, library)} \| `([^`]+)`", text, re.M)
    return eval(code, scope)


def first_of_docstring(library, scope):
    """Return the parameters in the docstring of Norse's adapter."""
    module = importlib.import_module(f"surroreg.compat.{library}")
    return eval(re.search(r"p = (.*)", module.__doc__)[1], scope)


EXAMPLES = [*((library, example) for library in GUIDES for example in (first_of_guide, first_of_table))]
EXAMPLES += [("norse", first_of_docstring)]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize(("library", "example"), EXAMPLES)
def test_first_example_has_the_gradient_of_the_default(library, example):
    scope = imported(library)
    default = spikes_and_gradient(library, eval(DEFAULTS[library], scope))
    with contextlib.ExitStack() as stack:
        if library == "norse":
            stack.enter_context(importlib.import_module("surroreg.compat.norse").installed())
        spikes, gradient = spikes_and_gradient(library, example(library, scope))
    assert default[1].abs().max() > 0
    torch.testing.assert_close(spikes, default[0])
    torch.testing.assert_close(gradient, default[1], rtol=1e-12, atol=1e-12)
