"""``torch.compile``: one graph, the eager numbers, few recompilations."""

import math
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter, CompileCounterWithBackend

import surroreg
from tests.interop.cases import (
    DETERMINISTIC,
    FUNCTION_WARNS,
    NAMES,
    SCRIPT_WARNS,
    assert_gradient,
    assert_same_training,
    batch,
    build,
    gradient,
    gradients,
    model,
    points,
    weights,
)
from tests.torch_limits import skip_unless_compiles

pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]


def compiled(f, backend="aot_eager", **options):
    return torch.compile(f, fullgraph=True, backend=backend, **options)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_gradient(s, backend):
    x = points()
    f = compiled(s, backend)
    assert torch.equal(f(x.clone().requires_grad_()), s(x))
    assert_gradient(s, x, gradient(f, x, weights(x)), weights(x))


def test_without_gradient(s):
    x, f = points(), compiled(s)
    assert torch.equal(f(x), s(x))
    with torch.no_grad():
        assert torch.equal(f(x.clone().requires_grad_()), s(x))
    with torch.inference_mode():
        assert torch.equal(f(points()), s(x))


def test_inductor_all_in_one_graph():
    # One function over every surrogate: one compilation instead of one for each.
    every = nn.ModuleList(build(name) for name in NAMES)
    x = points(torch.float32)
    f = compiled(lambda x: torch.stack([s(x) for s in every]), "inductor")
    spikes = f(x)
    leaf = x.clone().requires_grad_()
    trained = f(leaf)
    for k, s in enumerate(every):
        assert torch.equal(spikes[k], s(x))
        assert torch.equal(trained[k], s(x))
        upstream = torch.zeros_like(trained)
        upstream[k] = weights(x)
        (found,) = torch.autograd.grad(trained, leaf, upstream, retain_graph=True)
        assert_gradient(s, x, found, weights(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(s, dtype):
    x = points(dtype)
    f = compiled(s)
    assert torch.equal(f(x.clone().requires_grad_()), s(x))
    assert_gradient(s, x, gradient(f, x))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_network(name):
    network = model(build(name))
    assert_same_training(compiled(network), network, batch())


def test_bare_callable_and_wrapping_function():
    s, x = surroreg.load("atan"), points()
    assert_gradient(s, x, gradient(compiled(s), x))
    assert_gradient(s, x, gradient(compiled(lambda x: s(x)), x))
    assert_gradient(s, x, gradient(compiled(s.forward), x))


def test_module_compiled_in_place():
    s, x = surroreg.load("atan"), points()
    s.compile(fullgraph=True, backend="aot_eager")
    assert_gradient(s, x, gradient(s, x))


def test_no_graph_break(s):
    assert torch._dynamo.explain(s)(points().requires_grad_()).graph_break_count == 0


FACTOR = 0.37


@surroreg.surrogate(parameters=[surroreg.Parameter("width", 1.0, gt=0)])
def constants(x, width):
    """A derivative that reads a constant of a library and one of its module."""
    return FACTOR * width * (-(math.pi * x).square()).exp()


class Twice(nn.Module):
    """A network that calls each of two surrogates at every step."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second, self.layer = first, second, nn.Linear(4, 4)

    def forward(self, x):
        membrane = 0
        for _ in range(2):
            membrane = 0.5 * membrane + self.layer(self.first(x - 0.1))
            x = self.second(membrane)
        return x


TENSORS = [name for name in DETERMINISTIC if any(p.type is float for p in surroreg.spec(name).parameters)]
ADJUSTED = {name: lambda name=name: build(name) for name in TENSORS}
ADJUSTED |= {"scaled": lambda: build("atan", scale=2.0, shift=0.1), "constants": constants}


@pytest.mark.parametrize("dynamic", [None, True])
@pytest.mark.parametrize("make", ADJUSTED.values(), ids=ADJUSTED)
def test_annealed_network_is_compiled_once(make, dynamic):
    counter = CompileCounterWithBackend("aot_eager")
    network = Twice(make(), make())
    f = torch.compile(network, fullgraph=True, backend=counter, dynamic=dynamic)
    for step in range(1, 5):
        for depth, spike in enumerate((network.first, network.second)):
            for name, value in spike.params.items():
                setattr(spike, name, 0.5 + step / 4 + depth if isinstance(value, float) else value)
        x = batch(size=step + 2) if dynamic else batch()
        torch.testing.assert_close(gradients(f, x), gradients(network, x))
    assert counter.frame_count <= (2 if dynamic is None else 1)


@surroreg.surrogate(parameters=[surroreg.Parameter("width", 1.0, gt=0)])
def asking(x, width):
    """A derivative that asks for the value of its parameter."""
    return math.sqrt(width) * torch.exp(-x.abs()) if width > 1 else width * torch.exp(-x.square())


@pytest.mark.parametrize("transform", [lambda f: f, torch.func.vmap], ids=["plain", "vmap"])
def test_derivative_that_asks_for_a_value_is_compiled_for_each(transform):
    counter = CompileCounterWithBackend("aot_eager")
    network = Twice(asking(), asking())
    f = torch.compile(transform(lambda x: network(x)), fullgraph=True, backend=counter)
    for width in (0.5, 2.0, 3.0):
        network.first.width, network.second.width = width, 2 * width
        torch.testing.assert_close(gradients_of(f, network), gradients_of(network, network))
    assert counter.frame_count <= 4  # three values; torch 2.9 makes one of them symbolic on the way


def gradients_of(f, network):
    return torch.autograd.grad(f(batch()).square().sum(), list(network.parameters()))


@surroreg.surrogate(
    parameters=[surroreg.Parameter("order", 2, type=int, ge=1), surroreg.Parameter("soft", True, type=bool)]
)
def constant_kinds(x, order, soft):
    """A derivative with parameters that are no floats, on which Python branches."""
    return sum(torch.exp(-k * x.abs()) for k in range(1, order + 1)) if soft else torch.ones_like(x)


def test_integers_and_booleans_are_constants_of_a_graph():
    s, counter = constant_kinds(), CompileCounterWithBackend("aot_eager")
    f = torch.compile(s, fullgraph=True, backend=counter)
    for order, soft in ((2, True), (3, True), (3, False), (2, True)):
        s.order, s.soft = order, soft
        assert_gradient(s, points(), gradient(f, points()))
    assert counter.frame_count == 3


def test_another_surrogate_in_its_place_is_compiled_anew():
    network, counter = Twice(build("atan"), build("atan")), CompileCounterWithBackend("aot_eager")
    f = torch.compile(network, fullgraph=True, backend=counter)
    for spike in (build("atan", alpha=3.0), build("sigmoid"), build("sigmoid", at_zero=1), build("tanh", scale=2.0)):
        network.second = spike
        torch.testing.assert_close(gradients_of(f, network), gradients_of(network, network))
    assert counter.frame_count == 4


def test_loading_imports_no_compiler():
    code = "import surroreg, surroreg.compat.norse, sys; surroreg.load('atan'); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_graph_has_one_node_a_call():
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    network = Twice(build("atan"), build("sigmoid"))
    torch.compile(network, fullgraph=True, backend=backend)(batch())
    (graph,) = graphs
    assert [getattr(node.target, "__name__", "") for node in graph.graph.nodes].count("surrogate") == 4


# The neurons keep their state as an attribute, at which Dynamo looks.
STATE_WARNS = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")


@STATE_WARNS
def test_step_of_a_snntorch_network_is_one_graph():
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    skip_unless_compiles("snntorch")
    layers = [torch.nn.Linear(8, 16), snn.Leaky(beta=0.9, spike_grad=build("atan")), torch.nn.Linear(16, 4)]
    layers += [snn.Leaky(beta=0.8, spike_grad=build("fast_sigmoid"))]

    def step(x, first, second):
        spikes, first = layers[1](layers[0](x), first)
        spikes, second = layers[3](layers[2](spikes), second)
        return spikes + second

    state = torch.zeros(5, 16), torch.zeros(5, 4)
    assert_trains_the_same(step, layers[0].weight, 3 * torch.randn(5, 8), *state)


@STATE_WARNS
def test_step_of_a_spikingjelly_network_is_one_graph():
    pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed")
    from spikingjelly.activation_based import functional, neuron

    layers = [torch.nn.Linear(8, 16), neuron.LIFNode(surrogate_function=build("atan", at_zero=1))]
    layers += [torch.nn.Linear(16, 4), neuron.LIFNode(surrogate_function=build("sigmoid", at_zero=1))]
    network = torch.nn.Sequential(*layers)

    def step(x):
        functional.reset_net(network)
        return network(x) + layers[3].v

    network(torch.ones(5, 8))  # the first call makes the state
    assert_trains_the_same(step, layers[0].weight, 3 * torch.randn(5, 8))


def assert_trains_the_same(step, weight, *inputs):
    """Compare outputs and a gradient of a step with those of the step compiled without a graph break."""
    found = []
    for run in (step, torch.compile(step, fullgraph=True, backend="aot_eager")):
        out = run(*inputs)
        found.append((out, *torch.autograd.grad(out.square().sum(), weight)))
    assert found[0][1].count_nonzero() > 0
    torch.testing.assert_close(found[1], found[0])


def test_one_compilation_for_many_calls():
    s, counter = surroreg.load("atan"), CompileCounter()
    f = torch.compile(s, fullgraph=True, backend=counter)
    for _ in range(5):
        f(points().requires_grad_())
    assert counter.frame_count == 1


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_dynamic_shapes(backend):
    network = model(surroreg.load("atan"))
    f = compiled(network, backend, dynamic=True)
    for size in (6, 3, 11):
        assert_same_training(f, network, batch(size=size))


# Whatever saves its output warns so, torch.relu too.
@STATE_WARNS
def test_compiled_autograd(s):
    x = points()
    with torch._dynamo.compiled_autograd._enable(torch.compile(backend="eager", fullgraph=True)):
        assert_gradient(s, x, gradient(s, x, weights(x)), weights(x))


def test_under_autocast():
    s = surroreg.load("atan")
    layer, x = nn.Linear(4, 16), batch()

    def step(x):
        with torch.autocast("cpu", torch.bfloat16):
            return s(layer(x))

    expected, found = step(x), compiled(step)(x)
    assert found.dtype is torch.bfloat16
    assert torch.equal(found, expected)
    (ours,) = torch.autograd.grad(found.sum(), layer.weight)
    (theirs,) = torch.autograd.grad(expected.sum(), layer.weight)
    torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_inductor_output_is_exactly_zero_or_one(dtype):
    # A product feeds the step: a compiler that fuses it differently in two places would leave a residue.
    s = surroreg.load("atan")
    a, b = torch.randn(2, 4096).to(dtype).unbind()
    a.requires_grad_()
    f = compiled(lambda a, b: s(a * b), "inductor")
    for spikes in (f(a, b), f(a.detach(), b)):
        assert set(spikes.unique().tolist()) == {0.0, 1.0}


def test_infinite_and_nan(s):
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    f = compiled(s)
    assert f(x.clone().requires_grad_()).tolist() == [0, 1, 0]
    assert gradient(f, x)[:2].isfinite().all()


def test_at_zero(s):
    x = torch.zeros(3, requires_grad=True)
    assert compiled(build(s.spec.name, at_zero=1))(x).tolist() == [1, 1, 1]


def test_time_loop():
    s, layer, xs = surroreg.load("fast_sigmoid"), nn.Linear(4, 4), torch.randn(5, 6, 4)

    def run(xs):
        membrane, count = torch.zeros(6, 4), 0
        for x in xs:
            membrane = 0.9 * membrane + layer(x)
            spikes = s(membrane - 0.2)
            membrane, count = membrane - spikes * 0.2, count + spikes
        return count

    found, expected = compiled(run)(xs), run(xs)
    assert torch.equal(found, expected)
    ours, theirs = (torch.autograd.grad(out.square().sum(), layer.weight)[0] for out in (found, expected))
    torch.testing.assert_close(ours, theirs)


def test_double_backward_through_a_compiled_function_is_refused():
    # PyTorch's limit; what matters is that no wrong number comes out of it.
    x = points().requires_grad_()
    (first,) = torch.autograd.grad(compiled(surroreg.load("atan"))(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="does not currently support double backward"):
        first.sum().backward()


def test_refusals_are_the_same():
    f = compiled(surroreg.load("atan"))
    with pytest.raises(Exception, match=r"float64, not torch.int64"):
        f(torch.ones(3, dtype=torch.int64))
