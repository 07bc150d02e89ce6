"""Compiled programs with other surrogates, whose values change: the present gradient, and two compilations at most."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend

import surroreg
from surroreg import Parameter, surrogate
from tests.programs.base import assert_trains_the_same, compiled, differ, gradients, surrogates
from tests.programs.catalogue import COMPILER_WARNS, SOME, each

pytestmark = COMPILER_WARNS
each_mode = pytest.mark.parametrize("dynamic", [None, True], ids=["static", "dynamic"])


@each(SOME)
def test_program_under_inductor_trains_and_anneals(program):
    network = program.network()
    call, counter = compiled(network, "inductor")
    for values in (program.params, *program.later):
        program.anneal(network, **values)
        assert_trains_the_same(program, call, network, [program.batch()])
    assert 1 <= counter.frame_count <= 2


# -- other surrogates -----------------------------------------------------------------------------


def assert_anneals(program, network, settings, dynamic):
    """Train a step at each setting by way of the compiled network, with the eager gradients; compile twice at most."""
    call, counter = compiled(network, dynamic=dynamic)
    before = None
    for size, values in zip((8, 5, 12) if dynamic else (8, 8, 8), settings, strict=True):
        program.anneal(network, **values)
        after = gradients(program, network, program.batch())
        assert before is None or differ(after, before)
        assert_trains_the_same(program, call, network, [program.batch(size)])
        before = after
    assert 1 <= counter.frame_count <= 2


@each_mode
@each(SOME)
def test_scale_and_shift_annealed_change_the_gradient(program, dynamic):
    network = program.network(name="atan", alpha=2.0, scale=1.0, shift=0.0)
    settings = [{"scale": 2.0, "shift": 0.1}, {"scale": 0.5, "shift": -0.3}, {"alpha": 3.0, "scale": 1.5}]
    assert_anneals(program, network, settings, dynamic)


@each_mode
@each(SOME)
def test_surrogate_of_a_plugin_annealed_compiles_twice(zoo, program, dynamic):
    network = program.network(name="zoo/gaussian", sigma=0.5)
    assert_anneals(program, network, [{"sigma": 0.3}, {"sigma": 0.8}, {"sigma": 1.5}], dynamic)


def three_times(f, x):
    """Return the sum of three calls at three distances."""
    return f(x) + 2 * f(x - 0.5) + 3 * f(x + 0.5)


HEIGHT = 0.7


def wave_primitive(x, width):
    """Arc tangent, from -0.35 to 0.35."""
    return HEIGHT / math.pi * torch.atan(x / width)


@surrogate(
    formula="7/10/(pi*width*(1 + (x/width)**2))",
    parameters=[Parameter("width", 0.5, gt=0, doc="Half of the width at half of the height.")],
    primitive=wave_primitive,
)
def wave(x, width):
    """A bump with two numbers that are no parameters."""
    return HEIGHT / (math.pi * width * (1 + (x / width).square()))


@each_mode
@each(SOME)
def test_derivative_with_constants_annealed_compiles_twice(zoo, program, dynamic):
    surroreg.register(wave)
    network = program.network(name="wave", width=0.5)
    assert_anneals(program, network, [{"width": 0.3}, {"width": 0.8}, {"width": 1.5}], dynamic)


@each_mode
def test_derivative_with_constants_is_right_in_one_graph(dynamic):
    s, counter = wave(width=0.5), CompileCounterWithBackend("aot_eager")
    call = torch.compile(partial(three_times, s), fullgraph=True, backend=counter, dynamic=dynamic)
    x = torch.linspace(-2.1, 2.0, 12)
    for width in (0.3, 0.8, 1.5):
        s.width = width
        leaf = x.clone().requires_grad_()
        (found,) = torch.autograd.grad(call(leaf).sum(), leaf)
        torch.testing.assert_close(found, three_times(s.derivative, x))
    assert 1 <= counter.frame_count <= 2


# -- learnable parameters -------------------------------------------------------------------------


@each_mode
@each(SOME)
def test_learnable_values_compiled_learn_as_in_eager_mode(program, dynamic):
    network = program.network(name="atan", alpha=nn.Parameter(torch.tensor([2.0])))
    alphas = [spike.alpha for spike in surrogates(network)]
    assert len({id(alpha) for alpha in alphas}) == 2
    call, counter = compiled(network, dynamic=dynamic)
    sizes = (8, 5, 12) if dynamic else (8, 8, 8)
    assert_trains_the_same(program, call, network, [program.batch(size) for size in sizes])
    assert all(alpha.item() != 2.0 for alpha in alphas)
    assert 1 <= counter.frame_count <= (program.dynamic_graphs if dynamic else 1)


@each(SOME)
def test_learnable_and_annealed_values_compile_twice(program):
    beta = nn.Parameter(torch.tensor([1.0]))
    network = program.network(name="spike_rate_escape", beta=beta, slope=1.0)
    assert_anneals(program, network, [{"slope": 0.7}, {"slope": 1.5}, {"slope": 3.0}], dynamic=None)


# -- stochastic surrogates ------------------------------------------------------------------------


@each_mode
@each(SOME)
def test_noise_compiled_repeats_under_a_seed(program, dynamic):
    network, batch = program.network(name="stochastic_spike_operator", variance=0.2), program.batch()
    call, counter = compiled(network, dynamic=dynamic)
    for variance in (0.2, 0.4, 0.8):
        program.anneal(network, variance=variance)
        found = []
        for seed in (1, 1, 2):
            torch.manual_seed(seed)
            found.append(gradients(program, call, batch))
        torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
        assert differ(found[2], found[0])
        assert torch.equal(found[0][0], gradients(program, network, batch)[0])
    assert 1 <= counter.frame_count <= 2


@each_mode
def test_noise_compiled_spares_what_fires(dynamic):
    s, counter = surroreg.load("stochastic_spike_operator"), CompileCounterWithBackend("aot_eager")
    call = torch.compile(partial(three_times, s), fullgraph=True, backend=counter, dynamic=dynamic)
    x = torch.linspace(-2.1, 2.0, 24)
    for variance in (0.2, 0.4, 0.8):
        s.variance = variance
        leaf = x.clone().requires_grad_()
        out = call(leaf)
        assert torch.equal(out, three_times(s, x))
        (found,) = torch.autograd.grad(out.sum(), leaf)
        torch.testing.assert_close(found[x > 0.5], torch.full_like(found[x > 0.5], 6.0))
        noise = found[x < -0.5]  # of each call, at most half of the variance to either side
        assert (noise.abs() <= 3 * variance).all()
        assert noise.abs().max() > variance / 2
    assert 1 <= counter.frame_count <= 2
