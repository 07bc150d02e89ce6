"""SpikingJelly's own object in place of a surrogate, for its kernels."""

import importlib

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import surroreg
from surroreg.compat.spikingjelly import FUSED, SpikingJellySurrogate, surrogate_function
from tests.compat.spikingjelly_neurons import (
    FAST,
    NEEDED,
    Plain,
    X,
    functional,
    gradient,
    gradient_in,
    kernels,
    neuron,
    run,
    surrogate,
)

fused = pytest.mark.parametrize(("name", "params"), [case[:2] for case in FAST], ids=str)
against_theirs = pytest.mark.parametrize(("name", "params", "theirs"), FAST, ids=str)


def test_fused_classes_are_those_that_the_kernels_know():
    assert set(kernels._SURROGATE_IDS) == FUSED


@against_theirs
def test_fused_gives_the_class_that_computes_the_same(name, params, theirs):
    for function in (
        surrogate_function(name, fused=True, **params),
        surrogate_function(surroreg.load(name, at_zero=1, **params), fused=True),
    ):
        assert type(function) is type(theirs)
        assert function.alpha == theirs.alpha
        expected = gradient(surrogate_function(name, **params))
        torch.testing.assert_close(gradient(function), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("name", "params", "theirs"),
    [
        ("zoo/exponential", {"width": 0.5}, surrogate.PiecewiseExp(alpha=2.0)),
        ("zoo/gaussian", {"sigma": 0.5**0.5}, surrogate.Erf(alpha=1.0)),
    ],
    ids=str,
)
def test_fused_gives_the_classes_that_the_zoo_has(name, params, theirs):
    function = surrogate_function(name, fused=True, **params)
    assert type(function) is type(theirs)
    assert function.alpha == pytest.approx(theirs.alpha)
    assert type(surrogate_function(name, **params)) is SpikingJellySurrogate
    expected = gradient(surrogate_function(name, **params))
    torch.testing.assert_close(gradient(function), expected, rtol=1e-9, atol=1e-9)


@against_theirs
def test_fused_object_is_known_to_the_kernels_ours_is_not(name, params, theirs):
    assert kernels._surrogate_spec(surrogate_function(name, fused=True, **params)) == kernels._surrogate_spec(theirs)
    assert kernels._surrogate_spec(surrogate_function(name, **params)) is None


@pytest.mark.parametrize("step_mode", ["s", "m"])
@fused
def test_fused_neuron_gives_the_gradient_of_the_default(name, params, step_mode):
    found = []
    for function in (surrogate_function(name, fused=True, **params), surrogate_function(name, **params)):
        torch.manual_seed(0)
        leaf = (3 * torch.rand(6, 4, 5)).requires_grad_()
        run(neuron.LIFNode(surrogate_function=function, step_mode=step_mode), leaf).sum().backward()
        found.append(leaf.grad)
    assert found[0].any()
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
@pytest.mark.parametrize("is_fused", [True, False])
def test_kernels_are_reached_by_fused_float32_alone(is_fused, dtype, monkeypatch):
    operators, calls = importlib.import_module("spikingjelly._ops.lif"), []
    original = operators._forward
    monkeypatch.setattr(operators, "_forward", lambda *args: calls.append(args) or original(*args))
    node = neuron.LIFNode(surrogate_function=surrogate_function("atan", fused=is_fused), step_mode="m")
    run(node, torch.rand(4, 3, dtype=dtype))
    assert bool(calls) == (is_fused and dtype == torch.float32)


@pytest.mark.parametrize("choice", ["triton", "cuda", "torch"])
def test_default_with_a_chosen_implementation_is_refused(choice, monkeypatch):
    operators = importlib.import_module("spikingjelly._ops.lif")
    monkeypatch.setattr(operators._selection, "_requested", choice)  # from SJ_LIF_CUDA_IMPLEMENTATION
    node = neuron.LIFNode(surrogate_function=surrogate_function("atan"))
    assert run(node, torch.rand(4, 3)).shape == (4, 3)  # the choice is for CUDA
    functional.reset_net(node)
    with FakeTensorMode(), pytest.raises(RuntimeError, match="SJ_LIF_CUDA_IMPLEMENTATION"):
        node(torch.rand(4, 3, device="cuda"))


def test_explicit_precision_takes_the_fused_object_alone():
    x, v = torch.rand(4, 3), torch.zeros(3)
    with pytest.raises(TypeError, match="requires a supported built-in surrogate"):
        functional.lif_multi_step(x, v, surrogate_function=surrogate_function("atan"), neuron_storage="fp16")
    with pytest.raises(RuntimeError, match="requires CUDA"):
        functional.lif_multi_step(
            x, v, surrogate_function=surrogate_function("atan", fused=True), neuron_storage="fp16"
        )


@fused
def test_fused_object_is_annealed_by_its_alpha(name, params):
    x = X.float()
    node = neuron.IFNode(surrogate_function=surrogate_function(name, fused=True, **params), step_mode="m")
    before = gradient_in(node, x)
    node.surrogate_function.slope = 30  # SpikingJelly says nothing
    assert torch.equal(gradient_in(node, x), before)
    node.surrogate_function.alpha *= 2
    assert not torch.equal(gradient_in(node, x), before)


@fused
def test_fused_object_has_none_of_the_promises(name, params):
    function = surrogate_function(name, fused=True, **params)
    assert not isinstance(function, surroreg.Surrogate)
    assert not hasattr(function, "to_config")
    assert not hasattr(function, "derivative")
    assert function(torch.tensor([-1, 0, 1])).dtype == torch.int64
    with pytest.raises(RuntimeError, match="vmap"):
        torch.func.vmap(torch.func.grad(function))(X)


@pytest.mark.parametrize(("name", "x"), [("atan", 54.5625), ("sigmoid", 2.123), ("fast_sigmoid", 260.0)])
def test_fused_object_loses_a_float16_gradient_ours_keeps(name, x):
    slope = {"atan": {"alpha": 3.0}, "sigmoid": {"slope": 4.0}, "fast_sigmoid": {"slope": 2.0}}[name]
    x = torch.tensor([x], dtype=torch.float16)
    assert gradient(surrogate_function(name, fused=True, **slope), x).item() == 0
    assert gradient(surrogate_function(name, **slope), x).item() > 0


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("atan", {"at_zero": 0}, "these fire at exactly zero, and at_zero=0 is asked for"),
        ("atan", {"saved_dtype": "bfloat16"}, "these keep the input as it is, and saved_dtype='bfloat16' is asked for"),
        ("fast_sigmoid", {"slope": 10.0}, r"the nearest is .*SoftSign\(alpha=10.0\), times 0.2\."),
        ("spike_rate_escape", {}, r"the nearest is .*PiecewiseExp\(alpha=1.0\), times 50, moved by 1\."),
        ("sigmoid", {"slope": 4.0, "shift": 0.5}, r"the nearest is .*Sigmoid\(alpha=4.0\), moved by 0.5\."),
        ("heaviside", {}, "its equivalent, LeakyKReLU, is not among these"),
        ("straight_through_estimator", {}, "its equivalent, DeterministicPass, is not among these"),
        ("atan", {"alpha": torch.tensor(2.0)}, "these take a number, and 'alpha' is a tensor"),
        ("atan", {"alpha": nn.Parameter(torch.tensor([2.0]))}, "these take a number, and 'alpha' is a tensor"),
        ("inverse_spike_operator", {}, "none of these computes the same"),
        ("stochastic_spike_operator", {}, "none of these computes the same"),
        ("custom_surrogate", NEEDED["custom_surrogate"], "none of these computes the same"),
    ],
)
def test_fused_without_an_equivalent_is_refused(name, options, reason):
    with pytest.raises(surroreg.NoEquivalentError, match=reason) as refused:
        surrogate_function(name, fused=True, **options)
    assert str(refused.value).startswith(f"fused=True has nothing for surroreg.load({name!r}")
    assert "SpikingJelly's kernels know ATan, Erf, PiecewiseExp" in str(refused.value)
    assert "Leave fused=True out: the neuron then takes its general path" in str(refused.value)
    assert isinstance(surrogate_function(name, **options), SpikingJellySurrogate)


def test_fused_of_a_black_box_is_refused():
    box = surroreg.SurrogateSpec(name="box", factory=lambda: Plain(), traits=surroreg.Traits(fires_at_zero=True))()
    with pytest.raises(surroreg.NoEquivalentError, match="a surrogate without a registered name cannot"):
        surrogate_function(box, fused=True)


def test_spec_without_a_registered_name_is_accepted():
    @surroreg.surrogate()
    def half(x):
        """Half."""
        return torch.full_like(x, 0.5)

    function = surrogate_function(half(at_zero=1))
    assert isinstance(function, SpikingJellySurrogate)
    assert torch.equal(gradient(function), torch.full_like(X, 0.5))
    with pytest.raises(surroreg.NoEquivalentError, match="a surrogate without a registered name cannot"):
        surrogate_function(half(at_zero=1), fused=True)
