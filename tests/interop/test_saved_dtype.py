"""``load(..., saved_dtype=...)``: the input is kept in fewer bytes, in every form of the spike."""

import copy
import io
import json
import pickle

import pytest
import torch
from torch import nn
from torch.fx import symbolic_trace
from torch.utils.checkpoint import checkpoint

import surroreg
from surroreg.autograd.graph import kept_bytes
from surroreg.specs.validation import SAVED_DTYPES
from tests.interop.cases import (
    FUNCTION_WARNS,
    SCRIPT_WARNS,
    TRACE_WARNS,
    batch,
    build,
    gradient,
    model,
    points,
    weights,
)
from tests.interop.test_memory import INPUT, NOTHING, OUTPUT

pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS, TRACE_WARNS]
SMALL = "float8_e5m2"
each_dtype = pytest.mark.parametrize("saved", SAVED_DTYPES)


def nearest(x, saved):
    """Return the numbers of the narrower dtype that are nearest to ``x``."""
    return x.detach().to(getattr(torch, saved)).to(x.dtype)


def assert_nearest(found, s, x, saved, upstream=1.0):
    """Assert that a gradient is the derivative at the nearest numbers of the narrower dtype."""
    torch.manual_seed(0)
    expected = upstream * s.derivative(nearest(x, saved))
    assert not torch.equal(expected, upstream * s.derivative(x)), "a test that the input itself would pass"
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)


# -- the gradient, eager ------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("name", sorted(INPUT))
def test_gradient_is_the_derivative_at_the_nearest_number(name, saved):
    s, x = build(name, saved_dtype=saved), points(torch.float32)
    torch.testing.assert_close(s(x), build(name)(x), rtol=0, atol=0)
    torch.manual_seed(0)
    found = gradient(s, x, weights(x))
    torch.manual_seed(0)
    torch.testing.assert_close(found, gradient(build(name), nearest(x, saved), weights(x)))


@each_dtype
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_input_is_kept_in_the_bytes_of_the_narrower_dtype(dtype, saved):
    x, narrow = torch.randn(100, 10, dtype=dtype).requires_grad_(), getattr(torch, saved)
    fewest = min(dtype.itemsize, narrow.itemsize)
    assert kept_bytes(build("atan", saved_dtype=saved), x) <= 1000 * fewest + dtype.itemsize
    if narrow.itemsize >= dtype.itemsize:
        torch.testing.assert_close(gradient(build("atan", saved_dtype=saved), x), gradient(build("atan"), x))


@each_dtype
def test_every_number_of_the_narrower_dtype_is_kept(saved):
    narrow = getattr(torch, saved)
    codes = torch.arange(2 ** (8 * narrow.itemsize), dtype=torch.int64)
    x = codes.to(torch.uint8 if narrow.itemsize == 1 else torch.uint16).view(narrow).float()
    x = x[x.isfinite()].reshape(-1, 2)
    # A derivative that is its input shows what was kept.
    s = build("custom_surrogate", custom_surrogate_function=lambda x, grad, spikes: grad * x, saved_dtype=saved)
    torch.testing.assert_close(gradient(s, x), x, rtol=0, atol=0)


@each_dtype
@pytest.mark.parametrize("layout", ["transposed", "every other", "expanded", "channels last", "one number", "empty"])
def test_strided_inputs_keep_their_places(layout, saved):
    x = {
        "transposed": torch.randn(6, 5).t(),
        "every other": torch.randn(6, 10)[:, ::2],
        "expanded": torch.randn(6, 1).expand(6, 5),
        "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "one number": torch.tensor(0.3),
        "empty": torch.empty(0, 4),
    }[layout]
    s = build("atan", saved_dtype=saved)
    leaf = x.detach().requires_grad_()
    found = torch.autograd.grad(s(leaf).sum(), leaf)[0]
    torch.testing.assert_close(found, s.derivative(nearest(x, saved)))


@each_dtype
def test_what_is_out_of_range_gives_a_finite_gradient(saved):
    x = torch.tensor([-torch.inf, -1e30, -7e4, 7e4, 1e30, torch.inf, torch.nan])
    s = build("fast_sigmoid", saved_dtype=saved)
    for found in (gradient(s, x), torch.func.vmap(torch.func.grad(s))(x)):
        assert (found[:-1].abs() < 1e-8).all()
        assert found[-1].isnan()
    assert s(x).tolist() == [0, 0, 0, 1, 1, 1, 0]


@each_dtype
@pytest.mark.parametrize("form", ["eager", "vmap", "compiled"])
def test_jump_at_zero_keeps_small_numbers_on_their_side(form, saved):
    x = torch.tensor([-1e-30, -1e-6, 0.0, 1e-6, 1e-30])
    s = build("inverse_spike_operator", saved_dtype=saved)
    found = {
        "eager": lambda: gradient(s, x),
        "vmap": lambda: torch.func.vmap(torch.func.grad(s))(x),
        "compiled": lambda: gradient(torch.compile(s, backend="aot_eager", fullgraph=True), x),
    }[form]()
    torch.testing.assert_close(found, torch.tensor([0.0, 0, 0, 1, 1]), rtol=0.01, atol=0)


@pytest.mark.parametrize(
    ("name", "params"), [("sparse_fast_sigmoid", {"B": 0.0}), ("sparse_fast_sigmoid", {"shift": -1.0})], ids=str
)
def test_jump_that_a_value_moves_to_zero_keeps_sides(name, params):
    x = torch.tensor([-2e-6, 2e-6])
    found = gradient(build(name, saved_dtype=SMALL, **params), x)
    torch.testing.assert_close(found, gradient(build(name, **params), x), rtol=0.01, atol=0)
    assert found[0] == 0
    assert found[1] > 0


# -- every other form ---------------------------------------------------------------------------------


def compiled(s, x, backend="aot_eager"):
    return gradient(torch.compile(s, fullgraph=True, backend=backend), x)


def gathered(f, x):
    """Return the gradient that ``backward`` gathers; the reentrant kind knows no other way."""
    x.requires_grad_()
    f(x).sum().backward()
    return x.grad


FORMS = {
    "compiled": compiled,
    "inductor": lambda s, x: compiled(s, x, "inductor"),
    "dynamic": lambda s, x: gradient(torch.compile(s, fullgraph=True, backend="aot_eager", dynamic=True), x),
    "exported": lambda s, x: gradient(torch.export.export(nn.Sequential(s), (x.requires_grad_(),)).module(), x),
    "fx": lambda s, x: gradient(symbolic_trace(nn.Sequential(s)), x),
    "jit": lambda s, x: gradient(torch.jit.trace(nn.Sequential(s), (x.clone().requires_grad_(),)), x),
    "grad": lambda s, x: torch.func.grad(lambda x: s(x).sum())(x),
    "compiled grad": lambda s, x: torch.compile(torch.func.grad(lambda x: s(x).sum()), backend="aot_eager")(x),
    "vmap": lambda s, x: torch.func.vmap(torch.func.grad(s))(x),
    "jvp": lambda s, x: torch.func.jvp(s, (x,), (torch.ones_like(x),))[1],
    "batched": lambda s, x: torch.func.jacrev(s)(x).diagonal(),
    "checkpoint": lambda s, x: gradient(lambda x: checkpoint(s, x, use_reentrant=False), x),
    "reentrant": lambda s, x: gathered(lambda x: checkpoint(s, x, use_reentrant=True), x),
}


@each_dtype
@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_gradient_at_the_nearest_number(form, saved):
    s, x = build("atan", saved_dtype=saved), points(torch.float32)
    assert_nearest(FORMS[form](s, x).detach(), s, points(torch.float32), saved)


@pytest.mark.parametrize("wide", [torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("form", ["compiled", "exported", "vmap", "jvp"])
def test_other_dtypes_in_other_forms(form, wide):
    s, x = build("atan", saved_dtype=SMALL), points(wide)
    found = FORMS[form](s, x).detach()
    torch.testing.assert_close(found, s.derivative(nearest(points(wide), SMALL)))


@each_dtype
@pytest.mark.parametrize("form", ["eager", "func", "is_grads_batched"])
def test_second_derivative_is_taken_at_the_nearest_number(form, saved):
    s, x = build("atan", saved_dtype=saved), points().requires_grad_()
    at = nearest(x, saved).requires_grad_()
    (expected,) = torch.autograd.grad(s.derivative(at).sum(), at)
    if form == "func":
        found = torch.func.vmap(torch.func.grad(torch.func.grad(s)))(x.detach())
    else:
        (first,) = torch.autograd.grad(s(x).sum(), x, create_graph=True)
        if form == "eager":
            (found,) = torch.autograd.grad(first.sum(), x)
        else:
            eye = torch.eye(len(x), dtype=x.dtype)
            found = torch.autograd.grad(first, x, eye, is_grads_batched=True)[0].diagonal()
    torch.testing.assert_close(found, expected)


def test_gradient_penalty_trains():
    """A loss of the gradient itself, as in a gradient penalty, reaches the weights before the surrogate."""
    s = build("atan", saved_dtype=SMALL)
    network, x = model(s), batch().requires_grad_()
    (first,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
    first.square().sum().backward()
    assert all(parameter.grad.any() for parameter in network.parameters() if parameter.grad is not None)
    assert next(network.parameters()).grad.any()


@each_dtype
def test_learnt_parameter_reads_the_kept_input(saved):
    x, alpha = points(torch.float32), nn.Parameter(torch.tensor([2.0]))
    s = build("atan", alpha=alpha, saved_dtype=saved)
    assert kept_bytes(s, x.clone().requires_grad_()) <= getattr(torch, saved).itemsize * x.numel() + 4
    (found,) = torch.autograd.grad(s(x) @ weights(x), alpha)
    (expected,) = torch.autograd.grad(s.primitive(nearest(x, saved)) @ weights(x), alpha)
    torch.testing.assert_close(found, expected)
    call = torch.compile(s, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(torch.autograd.grad(call(x) @ weights(x), alpha)[0], expected)


def test_learnt_scale_keeps_the_input_where_spikes_were_enough():
    x, scale = points(torch.float32).requires_grad_(), nn.Parameter(torch.tensor([1.0]))
    s = build("heaviside", scale=scale, saved_dtype="bfloat16")
    assert kept_bytes(s, x) <= 2 * x.numel() + 4
    s(x).sum().backward()
    torch.testing.assert_close(scale.grad, build("heaviside").primitive(nearest(x, "bfloat16")).sum().reshape(1))


@pytest.mark.parametrize(
    ("backend", "saved"), [("aot_eager", "bfloat16"), ("inductor", "bfloat16"), ("inductor", SMALL)]
)
def test_compiled_network_keeps_fewer_bytes(backend, saved):
    def weigh(**options):
        torch._dynamo.reset()
        layers = [nn.Linear(64, 64), build("atan", **options), nn.Linear(64, 64), build("atan", **options)]
        return kept_by_graph(
            torch.compile(nn.Sequential(*layers), backend=backend, fullgraph=True), torch.randn(256, 64)
        )

    def kept_by_graph(call, x):
        kept = {}

        def pack(tensor):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            call(x)
        return sum(kept.values())

    spared = 4 - getattr(torch, saved).itemsize
    assert weigh() - weigh(saved_dtype=saved) == pytest.approx(2 * spared * 256 * 64, rel=0.05)  # of two layers


def test_value_set_takes_effect_and_compiles_once_more_at_most():
    s, x = build("atan", saved_dtype=SMALL), points(torch.float32)
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    call = torch.compile(s, fullgraph=True, backend=counter)
    for alpha in (2.0, 3.0, 4.0, 5.0):
        s.alpha = alpha
        for f in (s, call):
            assert_nearest(gradient(f, x), s, x, SMALL)
    assert counter.frame_count <= 2


# -- description, copies ------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [torch.float8_e5m2, SMALL], ids=str)
def test_dtype_is_given_as_a_dtype_or_by_name(given):
    s = surroreg.load("atan", saved_dtype=given)
    assert s.saved_dtype == SMALL
    assert repr(s) == "surroreg.load('atan', alpha=2.0, saved_dtype='float8_e5m2')"
    assert surroreg.load("atan").saved_dtype is None


def round_trips(s):
    checkpoint, buffer = {"network": s}, io.BytesIO()
    torch.save(checkpoint, buffer)
    buffer.seek(0)
    with torch.serialization.safe_globals([surroreg.Surrogate]):
        yield torch.load(buffer, weights_only=True)["network"]
    yield surroreg.from_config(json.loads(json.dumps(s.to_config())))
    yield pickle.loads(pickle.dumps(s))
    yield copy.deepcopy(s)
    yield copy.copy(s)
    yield eval(repr(s))
    yield s.scaled(factor=1.0)
    yield s.shifted(by=0.0)


def test_every_copy_keeps_the_dtype():
    s, x = build("atan", at_zero=1, saved_dtype="float8_e4m3fn"), points(torch.float32)
    for again in round_trips(s):
        assert (again.saved_dtype, again.at_zero) == ("float8_e4m3fn", 1)
        assert_nearest(gradient(again, x), s, x, "float8_e4m3fn")


def test_checkpoint_of_an_earlier_version_loads():
    state = surroreg.load("atan", alpha=3.0).__getstate__()
    del state["saved_dtype"]
    s = surroreg.Surrogate.__new__(surroreg.Surrogate)
    s.__setstate__(state)
    assert (s.alpha, s.saved_dtype) == (3.0, None)


# -- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", ["bfloat", "float8", "float8_e4m3", torch.int8, torch.float8_e4m3fnuz, 8, "", [1]], ids=str
)
def test_other_dtypes_are_refused_with_what_is_taken(wrong):
    with pytest.raises(surroreg.ParameterError) as refused:
        surroreg.load("atan", saved_dtype=wrong)
    assert all(dtype in str(refused.value) for dtype in SAVED_DTYPES)


@pytest.mark.parametrize("wide", [torch.float32, "float32", torch.float64], ids=str)
def test_wide_dtype_is_refused_with_what_to_leave_out(wide):
    with pytest.raises(surroreg.ParameterError, match="Leave it out"):
        surroreg.load("atan", saved_dtype=wide)


@pytest.mark.parametrize("name", sorted(NOTHING | OUTPUT))
def test_surrogate_that_keeps_no_input_says_so(name):
    with pytest.raises(surroreg.ParameterError, match=r"keeps (nothing|only the spikes).*leave saved_dtype"):
        build(name, saved_dtype="bfloat16")


@pytest.mark.parametrize("name", sorted(OUTPUT))
def test_at_zero_or_shift_makes_a_surrogate_keep_its_input(name):
    for options in ({"at_zero": 1}, {"shift": 0.25}):
        s, x = build(name, saved_dtype=SMALL, **options), points(torch.float32).requires_grad_()
        assert kept_bytes(s, x) <= x.numel() + 4
        torch.manual_seed(0)
        found = gradient(s, x)
        torch.manual_seed(0)
        torch.testing.assert_close(found, gradient(build(name, **options), nearest(x, SMALL)))


def test_black_box_says_that_it_decides_by_itself():
    spec = surroreg.SurrogateSpec(name="box", factory=lambda: lambda x: (x > 0).to(x.dtype))
    with pytest.raises(surroreg.ParameterError, match=r"'box' is a black box.*leave saved_dtype"):
        spec(saved_dtype="bfloat16")


def test_torch_without_the_dtype_is_named_at_load(monkeypatch):
    from surroreg.autograd import narrow, rule

    monkeypatch.delattr(torch, SMALL)
    narrow.dtype_of.cache_clear()
    rule.rule_of.cache_clear()
    with pytest.raises(surroreg.SpecError, match=rf"torch {torch.__version__.split('+')[0]}.* cannot keep float8_e5m2"):
        surroreg.load("atan", saved_dtype=SMALL)


def test_config_with_another_dtype_is_refused():
    with pytest.raises(surroreg.ParameterError, match="saved_dtype"):
        surroreg.from_config({"name": "atan", "params": {}, "saved_dtype": "int8"})


def test_parameter_of_that_name_cannot_be_declared():
    with pytest.raises(surroreg.SpecError, match="saved_dtype"):
        surroreg.Parameter("saved_dtype", 1.0)
