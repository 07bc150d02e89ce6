"""Norse's own neurons, with surrogates of ours as their method."""

import contextlib
import importlib
import inspect
import subprocess
import sys
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import surroreg
import surroreg.api
from surroreg.compat.norse import install, installed, uninstall
from surroreg.registry import Registry, process

pytest.importorskip("norse", reason="Norse is not installed: its adapter is NOT VERIFIED")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    norse = importlib.import_module("norse.torch")
    home = importlib.import_module("norse.torch.functional.threshold")
    correlation = importlib.import_module("norse.torch.functional.lif_correlation")
    coba, mc, mc_refrac, lsnn, lif, lif_ex, lif_adex = (
        importlib.import_module(f"norse.torch.functional.{name}")
        for name in ("coba_lif", "lif_mc", "lif_mc_refrac", "lsnn", "lif", "lif_ex", "lif_adex")
    )

ORIGINAL = home.threshold
#: Norse's own methods that are the same function as one of ours: method, alpha, ours.
SAME = [
    ("triangle", 0.3, "surroreg:piecewise_linear(slope=1, dampening=0.3)"),
    ("triangle", 2.0, "surroreg:piecewise_linear(dampening=2)"),
    ("tanh", 1.0, "surroreg:tanh"),
    ("tanh", 0.5, "surroreg:tanh(slope=0.5)"),
    ("super", 100.0, "surroreg:fast_sigmoid(slope=1)"),  # which is what 1.1.0 computes whatever its alpha
]
each_same = pytest.mark.parametrize(("method", "alpha", "ours"), SAME)


@pytest.fixture
def adapter():
    with installed():
        yield
    assert home.threshold is ORIGINAL


def threshold_functions():
    """Every global of a module of Norse that is called threshold, unless that is the module."""
    modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "norse"}
    found = {name: vars(module).get("threshold") for name, module in modules.items()}
    return {name: function for name, function in found.items() if inspect.isfunction(function)}


def with_method(parameters, method, alpha):
    if "method" in parameters._fields:
        return parameters._replace(method=method, alpha=torch.as_tensor(alpha))
    inner = {key: value for key, value in parameters._asdict().items() if "method" in getattr(value, "_fields", ())}
    return parameters._replace(**{key: with_method(value, method, alpha) for key, value in inner.items()})


# -- every neuron ---------------------------------------------------------------------------------

PARAMETERS = {"LIFMC": "LIFParameters", "LIFMCRefrac": "LIFRefracParameters"}
NEURONS = sorted(
    name
    for name, thing in vars(norse).items()
    if inspect.isclass(thing)
    and issubclass(thing, nn.Module)
    and name.startswith(("LIF", "IAF", "Izhikevich", "LSNN"))
    and name != "LIFCorrelation"  # below
)


def neuron(name, method, alpha=100.0):
    cls = getattr(norse, name)
    sizes = (8, 6) if "input_size" in inspect.signature(cls).parameters else ()
    torch.manual_seed(0)
    if name.startswith("Izhikevich"):
        behaviour = norse.tonic_spiking
        return cls(*sizes, spiking_method=behaviour._replace(p=with_method(behaviour.p, method, alpha)))
    family = name.removesuffix("Cell").removesuffix("Recurrent")
    parameters = getattr(norse, PARAMETERS.get(family, f"{family}Parameters"))()
    return cls(*sizes, p=with_method(parameters, method, alpha))


def run(name, layer, x):
    if not name.endswith("Cell"):
        return layer(x)[0]
    state, spikes = None, []
    for current in x:
        z, state = layer(current, state)
        spikes.append(z)
    return torch.stack(spikes)


def trained_once(name, method, alpha=100.0):
    layer = neuron(name, method, alpha)
    torch.manual_seed(1)
    x = (torch.rand(30, 4, 8) * (100 if name.startswith("Izhikevich") else 3)).requires_grad_()
    spikes = run(name, layer, x)
    weighted(spikes).backward()
    return [spikes.detach(), x.grad, *(parameter.grad for parameter in layer.parameters())]


def weighted(spikes):
    return (spikes * torch.linspace(-1, 1, spikes.numel()).reshape(spikes.shape)).sum()


def assert_same(ours, theirs):
    torch.testing.assert_close(ours[0], theirs[0], rtol=0, atol=0)
    assert theirs[0].any()
    assert not theirs[0].all()
    for found, expected in zip(ours[1:], theirs[1:], strict=True):
        assert expected.any()
        # Far from threshold 1 - tanh² keeps few digits, and over time they grow.
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())


def test_there_are_the_neurons_that_are_tried():
    assert len(NEURONS) == 31
    assert {"LIFCell", "LIFRecurrentCell", "LIF", "LSNN", "IAF", "Izhikevich", "LIFAdExCell", "LIFRefracCell"} <= {
        *NEURONS
    }


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_is_the_same_with_ours_as_with_its_own(name):
    for method, alpha, ours in SAME[:3]:
        assert_same(trained_once(name, ours), trained_once(name, method, alpha))


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_takes_what_norse_does_not_have(name):
    spikes, *gradients = trained_once(name, "surroreg:atan(alpha=3)")
    torch.testing.assert_close(spikes, trained_once(name, "triangle", 0.3)[0])  # the forward pass is Norse's
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize(("method", "alpha", "ours"), SAME[:3])
def test_functional_modules_without_a_neuron_of_their_own(method, alpha, ours):
    torch.manual_seed(0)
    v, x, i = (torch.randn(4, 6) for _ in range(3))
    current, weights = 3 * torch.rand(4, 6), torch.randn(2, 6, 6)

    def coba_p(method, alpha):
        return with_method(norse.CobaLIFParameters(), method, alpha)

    def lif_p(method, alpha):
        return with_method(norse.LIFParameters(), method, alpha)

    def refrac_p(method, alpha):
        return with_method(norse.LIFRefracParameters(), method, alpha)

    zeros = torch.zeros(4, 6)
    calls = {
        "coba_lif_step": lambda v, m, a: coba.coba_lif_step(
            x, coba.CobaLIFState(zeros + 1, 10 * v - 10, zeros, zeros), *weights, coba_p(m, a)
        ),
        "coba_lif_feed_forward_step": lambda v, m, a: coba.coba_lif_feed_forward_step(
            x, coba.CobaLIFFeedForwardState(10 * v - 10, zeros, zeros), coba_p(m, a)
        ),
        "lif_mc_feed_forward_step": lambda v, m, a: mc.lif_mc_feed_forward_step(
            x, lif.LIFFeedForwardState(v + 1, i), weights[0], lif_p(m, a)
        ),
        "lif_mc_refrac_feed_forward_step": lambda v, m, a: mc_refrac.lif_mc_refrac_feed_forward_step(
            x,
            norse.LIFRefracFeedForwardState(lif.LIFFeedForwardState(v + 1, i), zeros),
            weights[0],
            refrac_p(m, a),
        ),
        "ada_lif_step": lambda v, m, a: lsnn.ada_lif_step(
            x, lsnn.LSNNState(zeros, v + 1, i, zeros), *weights, with_method(norse.LSNNParameters(), m, a)
        ),
        "lif_step_sparse": lambda v, m, a: lif.lif_step_sparse(
            x.to_sparse(), lif.LIFState(zeros.to_sparse(), v + 1, i), *weights, lif_p(m, a)
        ),
        "lif_feed_forward_integral": lambda v, m, a: lif.lif_feed_forward_integral(
            x.expand(3, 4, 6), lif.LIFFeedForwardState(v + 1, i), lif_p(m, a)
        ),
        "lif_current_encoder": lambda v, m, a: lif.lif_current_encoder(current, v + 1, lif_p(m, a)),
        "lif_ex_current_encoder": lambda v, m, a: lif_ex.lif_ex_current_encoder(
            current, v + 1, with_method(norse.LIFExParameters(), m, a)
        ),
        "lif_adex_current_encoder": lambda v, m, a: lif_adex.lif_adex_current_encoder(
            current, v + 1, zeros, with_method(norse.LIFAdExParameters(), m, a)
        ),
        "sign": lambda v, m, a: (home.sign(v, m, a),),
    }
    for call in calls.values():
        results = []
        for arguments in ((ours, 100.0), (method, alpha)):
            leaf = v.clone().requires_grad_()
            spikes = call(leaf, *arguments)[0]
            weighted(spikes.to_dense()).backward()
            results.append([spikes.detach().to_dense(), leaf.grad])
        if call is calls["sign"]:  # which is nowhere zero
            results = [[(spikes + 1) / 2, gradient] for spikes, gradient in results]
        assert_same(*results)


@pytest.mark.usefixtures("adapter")
def test_a_neuron_that_learns_by_correlation():
    results = []
    for method in ("surroreg:piecewise_linear(dampening=0.3)", "triangle"):
        p = with_method(correlation.LIFCorrelationParameters(), method, 0.3)
        layer, state = norse.LIFCorrelation(8, 6, p=p), None
        torch.manual_seed(0)
        weights = [torch.randn(6, 8, requires_grad=True), torch.randn(6, 6, requires_grad=True)]
        spikes = []
        for current in torch.rand(20, 1, 8):  # with a batch of one: its sensors fail with more
            z, state = layer(current, *weights, state)
            spikes.append(z)
        weighted(torch.stack(spikes)).backward()
        results.append([torch.stack(spikes).detach(), *(weight.grad for weight in weights)])
    assert_same(*results)


@pytest.mark.usefixtures("adapter")
def test_training_goes_as_with_norses_own_method():
    losses = []
    for method, alpha, ours in SAME[:1]:
        for chosen in (method, ours):
            torch.manual_seed(0)
            p = norse.LIFParameters(method=chosen, alpha=torch.as_tensor(alpha))
            net = norse.SequentialState(nn.Linear(8, 20), norse.LIFCell(p=p), nn.Linear(20, 4), norse.LIFCell(p=p))
            optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
            x, target = 2 * torch.rand(15, 16, 8), torch.randint(0, 5, (16, 4)).float()
            losses.append([])
            for _ in range(40):
                state, count = None, torch.zeros(16, 4)
                for current in x:
                    spikes, state = net(current, state)
                    count = count + spikes
                loss = (count - target).square().mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses[-1].append(loss.item())
    assert losses[0][-1] < losses[0][0] / 2
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


# torch.compile makes one itself, of which it warns itself.
@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.* should not be instantiated:DeprecationWarning")
@pytest.mark.usefixtures("adapter")
def test_a_compiled_cell_needs_no_call_before():
    x, v = torch.rand(4, 6), torch.rand(4, 6) + 0.5
    results = []
    for method, compiled in (
        ("triangle", False),
        ("triangle", True),
        ("surroreg:piecewise_linear(dampening=0.5)", True),
    ):
        torch.compiler.reset()
        cell = norse.LIFCell(p=norse.LIFParameters(method=method, alpha=torch.as_tensor(0.5)))
        cell = torch.compile(cell, fullgraph=True, backend="aot_eager") if compiled else cell
        leaf = v.clone().requires_grad_()
        spikes, _ = cell(x, lif.LIFFeedForwardState(leaf, torch.zeros(4, 6)))
        weighted(spikes).backward()
        results.append([spikes.detach(), leaf.grad])
    for found in results[1:]:
        assert_same(found, results[0])


# -- the method's text ----------------------------------------------------------------------------


def derivative(method, x, alpha=100.0):
    leaf = x.clone().requires_grad_()
    spikes = home.threshold(leaf, method, alpha)
    spikes.sum().backward()
    return spikes.detach(), leaf.grad


X = torch.linspace(-2.02, 2.03, 101, dtype=torch.float64)


@pytest.mark.usefixtures("adapter")
@each_same
def test_the_same_function_by_either_name(method, alpha, ours):
    torch.testing.assert_close(derivative(ours, X), derivative(method, X, torch.as_tensor(alpha)))


@given(slope=st.floats(2**-10, 2**10) | st.integers(1, 1000), scale=st.floats(2**-10, 2**10), shift=st.floats(-4, 4))
def test_numbers_by_keyword_are_parameters(slope, scale, shift):
    method = f"surroreg:fast_sigmoid(slope={slope}, shift={shift}, scale={scale})"
    with installed():
        _, found = derivative(method, X)
    expected = surroreg.load("fast_sigmoid", slope=slope, scale=scale, shift=shift).derivative(X)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.usefixtures("adapter")
def test_alpha_stays_norses():
    for alpha in (1.0, torch.as_tensor(100.0)):
        torch.testing.assert_close(derivative("surroreg:atan", X, alpha)[1], 1 / (1 + (torch.pi * X).square()))


@pytest.mark.usefixtures("adapter")
def test_at_zero_is_a_keyword():
    zero = torch.zeros(1)
    for method, spike in (("surroreg:atan", 0), ("surroreg:atan(at_zero=1)", 1), ("surroreg:atan(at_zero=0)", 0)):
        assert home.threshold(zero, method, 1.0).item() == spike


@pytest.mark.usefixtures("adapter")
def test_an_alias_and_a_name_with_its_namespace():
    expected = derivative("surroreg:atan(alpha=3)", X)
    for method in ("surroreg:ATan(alpha=3)", "surroreg:builtin/atan(alpha=3)", "surroreg:atan( alpha = 3.0 , )"):
        torch.testing.assert_close(derivative(method, X), expected)


MALFORMED = [
    "(2)",
    "(alpha)",
    "(alpha=)",
    "(alpha=2",
    "(alpha=2))",
    "(alpha=2) + 1",
    "(alpha=2)(alpha=3)",
    "(alpha=2).real",
    "(alpha=2); print(1)",
    "(alpha=2, alpha=3)",
    "(alpha='2')",
    "(alpha=True)",
    "(alpha=None)",
    "(alpha=[2])",
    "(alpha=2j)",
    "(alpha=nan)",
    "(alpha=1+1)",
    "(alpha=abs(2))",
    "(alpha=__import__('os').getpid())",
    "(**{'alpha': 2})",
    "(*[2])",
    "(alpha=2 for x in y)",
    "(alpha=2)\0",
    "(",
    "(((",
]


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_keyword_with_a_number_is_refused_with_an_example(text):
    with pytest.raises(surroreg.ParameterError) as raised:
        home.threshold(X, f"surroreg:atan{text}", 1.0)
    assert repr(f"surroreg:atan{text}") in str(raised.value)
    assert "surroreg:NAME(KEYWORD=NUMBER, ...), such as 'surroreg:fast_sigmoid(slope=1)'" in str(raised.value)


@given(st.text(max_size=8) | st.text("()=,*'1a. +-", max_size=12))
def test_no_text_raises_anything_but_our_errors(text):
    with installed():
        for method in (f"surroreg:{text}", f"surroreg:atan{text}", f"surroreg:atan({text})"):
            with contextlib.suppress(surroreg.SurroregError):
                home.threshold(torch.ones(1), method, 1.0)


@pytest.mark.usefixtures("adapter")
def test_errors_are_those_of_load():
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        norse.LIFCell(p=norse.LIFParameters(method="surroreg:atn"))(torch.ones(1))
    for text in ("", "(alpha=2)"):
        with pytest.raises(surroreg.UnknownSurrogateError, match="no surrogate ''"):
            home.threshold(X, f"surroreg:{text}", 1.0)
    with pytest.raises(surroreg.ParameterTypeError, match=r"no parameter 'alhpa'\. Did you mean 'alpha'"):
        home.threshold(X, "surroreg:atan(alhpa=2)", 1.0)
    for number, problem in (("-1", "must be > 0"), ("1e999", "must be finite")):
        with pytest.raises(surroreg.ParameterError, match=problem):
            home.threshold(X, f"surroreg:atan(alpha={number})", 1.0)
    with pytest.raises(surroreg.ParameterError, match="at_zero must be 0 or 1"):
        home.threshold(X, "surroreg:atan(at_zero=2)", 1.0)


@pytest.mark.usefixtures("adapter")
def test_a_refractory_neuron_that_fires_at_zero_never_does():
    x = 3 * torch.rand(30, 4, 8)
    assert run("LIFRefracCell", neuron("LIFRefracCell", "surroreg:atan"), x).any()
    assert not run("LIFRefracCell", neuron("LIFRefracCell", "surroreg:atan(at_zero=1)"), x).any()


# -- coming and going -----------------------------------------------------------------------------


def test_uninstalled_every_module_has_norses_own_function_again():
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


def test_a_module_imported_in_between_comes_and_goes_with_the_rest(monkeypatch):
    name = "norse.torch.functional.lif_box"
    monkeypatch.setattr(sys.modules["norse.torch.functional"], "lif_box", sys.modules[name])
    monkeypatch.delitem(sys.modules, name)
    with installed():
        late = importlib.import_module(name)
        p = late.LIFBoxParameters(method="surroreg:atan")
        late.lif_box_feed_forward_step(torch.ones(1), late.LIFBoxFeedForwardState(torch.ones(1)), p)
    assert late.threshold is ORIGINAL


def test_a_global_of_any_name_is_exchanged_and_nothing_else(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(coba, "spike", ORIGINAL, raising=False)
        patch.setitem(sys.modules, "norse.gone", None)
        patch.setattr(sys.modules["surroreg"], "of_norse", ORIGINAL, raising=False)
        with installed():
            coba.spike(X, "surroreg:atan", 1.0)
            assert sys.modules["surroreg"].of_norse is ORIGINAL
        assert coba.spike is ORIGINAL


def test_calls_nest():
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


def test_an_error_inside_the_block_uninstalls():
    with pytest.raises(ZeroDivisionError), installed():
        _ = 1 / 0
    assert home.threshold is ORIGINAL


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("method", ["heaviside", "super", "triangle", "tanh", "circ", "heavi_erfc"])
def test_norses_own_methods_keep_working(method):
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
def test_what_is_neither_norses_nor_ours_is_norses_error(method):
    with pytest.raises(ValueError, match="no such function exist"):
        home.threshold(X, method, 1.0)


def test_a_method_is_built_once_and_kept_until_uninstalled(monkeypatch):
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
