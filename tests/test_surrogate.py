"""The loaded object: parameters as attributes, at_zero, derivative, primitive, factories."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import surroreg
from surroreg import Parameter, SurrogateSpec, Traits


def gradient(spike, x):
    x = x.detach().clone().requires_grad_()
    spike(x).sum().backward()
    return x.grad


def test_every_load_is_a_new_independent_object():
    first, second = surroreg.load("atan"), surroreg.load("atan")
    first.alpha = 5
    assert (first.alpha, second.alpha) == (5.0, 2.0)
    assert first != second


@given(st.floats(0.1, 100), st.floats(-3, 3))
def test_assigning_a_parameter_takes_effect_at_the_next_call(slope, x):
    spike = surroreg.load("fast_sigmoid")
    spike.slope = slope
    x = torch.tensor([x], dtype=torch.float64)
    assert torch.equal(gradient(spike, x), gradient(surroreg.load("fast_sigmoid", slope=slope), x))
    assert spike.params == {"slope": slope}


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf])
def test_refused_value_leaves_the_old_one(value):
    spike = surroreg.load("fast_sigmoid", slope=3)
    with pytest.raises(surroreg.ParameterError, match=r"'fast_sigmoid': parameter 'slope' must be"):
        spike.slope = value
    assert spike.slope == 3.0


@pytest.mark.parametrize("value", ["25", None, True, [25], 25j])
def test_value_of_another_type_is_refused(value):
    with pytest.raises(surroreg.ParameterTypeError, match="takes a real number") as caught:
        surroreg.load("fast_sigmoid", slope=value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["slop", "alpha", "beta", "k", "threshold", "steepness", "spiking", "spec"])
def test_unknown_attribute_is_refused(name):
    spike = surroreg.load("fast_sigmoid")
    with pytest.raises(AttributeError, match=r"'fast_sigmoid'") as caught:
        setattr(spike, name, 30)
    assert ("Did you mean 'slope'" in str(caught.value)) == (name == "slop")
    assert spike.slope == 25.0


def test_attributes_of_torch_and_private_ones_can_be_set():
    spike = surroreg.load("fast_sigmoid")
    spike.training, spike.qconfig, spike._mine, spike.child = False, None, 1, torch.nn.Identity()
    spike.forward = lambda x: x  # libraries that offload modules do so
    assert spike(3) == 3
    assert [name for name, _ in spike.named_children()] == ["child"]


UNFIT = {
    "integer": lambda: torch.tensor([1]),
    "empty": lambda: torch.tensor([]),
    "complex": lambda: torch.tensor([1j]),
    "sparse": lambda: torch.tensor([2.0, 0.0]).to_sparse(),
    "jagged": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
    "mkldnn": lambda: torch.ones(2, 2).to_mkldnn(),
    "float8": lambda: torch.ones(1).to(torch.float8_e4m3fn),
    "uninitialised parameter": torch.nn.UninitializedParameter,
    "uninitialised buffer": torch.nn.UninitializedBuffer,
}


@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT)
def test_unfit_tensor_as_parameter_is_refused(make):
    with pytest.raises(
        surroreg.ParameterTypeError, match=r"'fast_sigmoid': parameter 'slope' cannot be .*: (give|init)"
    ):
        surroreg.load("fast_sigmoid", slope=make())


@pytest.mark.parametrize("bad", [torch.tensor([1.0, -1.0]), torch.tensor([math.nan])])
def test_tensor_out_of_bounds_is_refused(bad):
    with pytest.raises(surroreg.ParameterError):
        surroreg.load("fast_sigmoid", slope=bad)


def test_name_can_be_given_by_keyword():
    # Hydra instantiates {"_target_": "surroreg.load", "name": "atan"} so.
    assert repr(surroreg.load(name="atan", alpha=3)) == "surroreg.load('atan', alpha=3.0)"
    assert surroreg.translate(name="norse.tanh", to="surroreg").name == "tanh"
    with pytest.raises(surroreg.SpecError, match="'name' cannot name a parameter"):
        surroreg.Parameter("name", 1.0)


def test_summary_survives_stripped_docstrings():
    code = "import surroreg; print([surroreg.spec(name).summary for name in surroreg.names(namespace='builtin')])"
    plain, stripped = (
        subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True).stdout
        for flags in ([], ["-OO"])
    )
    assert stripped == plain
    assert "''" not in plain


def test_parameter_that_does_not_broadcast_is_refused():
    spike = surroreg.load("fast_sigmoid", slope=torch.ones(5))
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="must broadcast"):
        spike(x).backward()


def test_unknown_and_missing_parameters():
    with pytest.raises(surroreg.ParameterTypeError, match=r"no parameter 'slop'. Did you mean 'slope'\? It takes"):
        surroreg.load("fast_sigmoid", slop=2)
    with pytest.raises(surroreg.ParameterTypeError, match=r"'heaviside' has no parameter 'slope'\. It takes no param"):
        surroreg.load("heaviside", slope=2)
    with pytest.raises(surroreg.ParameterTypeError, match="needs a value for 'custom_surrogate_function'"):
        surroreg.load("custom_surrogate")


@pytest.mark.parametrize("name", [n for n in surroreg.names(namespace="builtin") if n != "custom_surrogate"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_at_zero_moves_only_the_spike_at_zero(name, dtype):
    x = torch.tensor([-1.0, -0.0, 0.0, torch.finfo(dtype).smallest_normal, 1.0], dtype=dtype)
    fires, silent = surroreg.load(name, at_zero=1), surroreg.load(name, at_zero=0)
    for spike, zero in ((fires, 1.0), (silent, 0.0)):
        torch.manual_seed(0)
        leaf = x.clone().requires_grad_()
        spikes = spike(leaf)
        assert spikes.tolist() == [0.0, zero, zero, 1.0, 1.0]
        assert spike(x).equal(spikes)  # the same without a gradient
        spikes.sum().backward()
        if not spike.spec.traits.stochastic:
            torch.testing.assert_close(leaf.grad, spike.derivative(x))
    assert (fires.at_zero, silent.at_zero) == (1, 0)


def test_at_zero_is_checked_and_fixed():
    with pytest.raises(surroreg.ParameterError, match="at_zero must be 0 or 1, not 2"):
        surroreg.load("atan", at_zero=2)
    with pytest.raises(AttributeError):
        surroreg.load("atan").at_zero = 1


def test_primitive_where_there_is_one():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    spike = surroreg.load("atan", alpha=3)
    (slope,) = torch.autograd.grad(spike.primitive(x).sum(), x)
    torch.testing.assert_close(slope, spike.derivative(x).detach())
    assert spike.primitive(x.half()).dtype == torch.float16
    with pytest.raises(surroreg.NoPrimitiveError, match="'triangular' has no primitive"):
        surroreg.load("triangular").primitive(x)


def test_custom_surrogate_gets_input_gradient_spikes_in_order():
    calls = []

    def gradient_of(*arguments):
        calls.append([argument.tolist() for argument in arguments])
        return arguments[1] * 3

    spike = surroreg.load("custom_surrogate", custom_surrogate_function=gradient_of)
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    spike(x).backward(torch.tensor([5.0, 7.0]))
    assert calls == [[[-1.0, 2.0], [5.0, 7.0], [0.0, 1.0]]]
    assert x.grad.tolist() == [15.0, 21.0]


class Legacy(torch.autograd.Function):
    """A spike as other libraries write it."""

    @staticmethod
    def forward(ctx, x, gain):
        ctx.gain = gain
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.gain, None


def legacy(gain):
    return lambda x: Legacy.apply(x, gain)


LEGACY = SurrogateSpec(
    name="legacy",
    factory=legacy,
    parameters=[Parameter("gain", 2.0, gt=0)],
    traits=Traits(fires_at_zero=True),
)


def test_factory_is_taken_as_it_is():
    spike = LEGACY(gain=3)
    x = torch.tensor([-1.0, 0.0, 1.0])
    assert spike(x).tolist() == [0.0, 1.0, 1.0]
    assert gradient(spike, x).tolist() == [3.0] * 3
    spike.gain = 4
    assert gradient(spike, x).tolist() == [4.0] * 3
    with pytest.raises(NotImplementedError, match="built by a factory"):
        spike.derivative(x)
    with pytest.raises(surroreg.ParameterError, match="leave at_zero out"):
        LEGACY(at_zero=0)
    with pytest.raises(TypeError, match="float16, bfloat16"):
        spike(torch.tensor([1]))


def test_factory_that_returns_no_callable_is_refused():
    broken = SurrogateSpec(name="broken", factory=lambda: 3)
    with pytest.raises(surroreg.SpecError, match="returned 3, which cannot be called"):
        broken()


def test_parameter_names_that_the_module_needs_are_refused():
    @surroreg.surrogate(parameters=[Parameter("forward", 1.0)])
    def clash(x, forward):
        return x

    with pytest.raises(surroreg.SpecError, match="cannot have a parameter 'forward'"):
        clash()


def test_unregistered_surrogate_copies_but_refuses_to_pickle():
    import copy
    import pickle

    @surroreg.surrogate(parameters=[Parameter("slope", 1.0)])
    def nameless(x, slope):
        return slope * x.abs()

    spike = nameless(slope=2)
    assert repr(spike) == "nameless(slope=2.0)"
    assert copy.deepcopy(spike).slope == 2.0
    with pytest.raises(pickle.PicklingError, match="register it, or define it at a module's top level"):
        pickle.dumps(spike)
    with pytest.raises(surroreg.SpecError):
        spike.to_config()


@pytest.mark.parametrize(
    "config", [{}, {"params": {}}, {"name": "atan", "alpha": 2.0}, {"name": "atan", "params": {"alpha": math.nan}}]
)
def test_malformed_configs_are_refused(config):
    with pytest.raises(surroreg.SurroregError):
        surroreg.from_config(config)
