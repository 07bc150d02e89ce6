"""The drop-in for ``snntorch.surrogate``, side by side with that."""

import copy
import inspect
import pickle

import pytest
import torch
from snntorch import surrogate as theirs

import surroreg
from surroreg.compat import snntorch as ours

X = torch.linspace(-3.21, 3.17, 801)
UPSTREAM = torch.linspace(-2, 2, 801)


def public(kind):
    return sorted(name for name, thing in vars(theirs).items() if not name.startswith("_") and kind(thing))


FACTORIES, CLASSES = public(inspect.isfunction), public(inspect.isclass)
#: The gradients of these are products and sums of the same numbers in the same order.
EXACT = {"straight_through_estimator", "triangular", "heaviside", "SSO", "custom_surrogate"}
#: Two more values for the parameters of each, by position.
VALUES = {
    "straight_through_estimator": [()],
    "triangular": [(), (0.5,)],
    "fast_sigmoid": [(), (10,), (0.5,)],
    "atan": [(), (0.5,), (7,)],
    "heaviside": [()],
    "sigmoid": [(), (2,), (5.5,)],
    "spike_rate_escape": [(), (2,), (0.5, 3)],
    "SSO": [(), (0.3,), (-1, 0.5)],
    "SFS": [(), (10,), (5, -0.5)],
    "custom_surrogate": [(lambda input_, grad_input, spikes: grad_input * (input_.abs() + 3 * spikes),)],
}
CASES = [(name, params) for name, many in VALUES.items() for params in many]
each_case = pytest.mark.parametrize(("name", "params"), CASES, ids=[f"{n}{i}" for i, (n, _) in enumerate(CASES)])
#: The class behind a factory of theirs, where that is not its name in capitals.
NAMES = {"SSO": "StochasticSpikeOperator", "LSO": "LeakySpikeOperator", "SFS": "SparseFastSigmoid", "atan": "ATan"}


def class_of(name):
    return NAMES.get(name) or "".join(part.capitalize() for part in name.split("_"))


def keywords(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def gradient(function, x=X, upstream=UPSTREAM):
    leaf = x.clone().requires_grad_()
    torch.manual_seed(0)
    spikes = function(leaf)
    spikes.backward(upstream)
    return spikes.detach(), leaf.grad


def assert_same(name, found, expected):
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=0)
    rtol = 0 if name in EXACT else 2e-6
    torch.testing.assert_close(found[1], expected[1], rtol=rtol, atol=0)
    assert expected[1].any()


# -- the same names -------------------------------------------------------------------------------


def test_all_of_snntorchs_names_are_here_and_no_others():
    assert sorted(ours.__all__) == sorted([*FACTORIES, *CLASSES])
    assert {*FACTORIES} == {*VALUES, "LSO"}
    assert {*CLASSES} == {class_of(name) for name in FACTORIES}


@pytest.mark.parametrize("name", FACTORIES)
def test_a_factory_takes_the_same_parameters(name):
    assert keywords(getattr(ours, name)) == keywords(getattr(theirs, name))


@pytest.mark.parametrize("name", FACTORIES)
def test_a_class_takes_as_many_parameters_and_needs_none(name):
    given = [{"custom_surrogate": VALUES["custom_surrogate"][0][0]}.get(name, 1.0)] * 3
    names = list(inspect.signature(getattr(theirs, class_of(name)).forward).parameters)[2:]  # without ctx and input_
    apply = getattr(ours, class_of(name)).apply
    assert apply(X, *given[: len(names)]).any()
    with pytest.raises(TypeError, match="positional argument"):
        apply(X, *given[: len(names) + 1])
    if name != "custom_surrogate":
        assert apply(X).any()


# -- the same numbers -----------------------------------------------------------------------------


@each_case
def test_a_factory_gives_the_same_spikes_and_gradients(name, params):
    made = getattr(ours, name)(*params)
    assert isinstance(made, surroreg.Surrogate)
    x = X.clamp(-1.5, 1.5) if name == "sigmoid" else X  # below, theirs overflows
    assert_same(name, gradient(made, x), gradient(getattr(theirs, name)(*params), x))


@each_case
def test_a_class_gives_the_same_spikes_and_gradients(name, params):
    cls = class_of(name)
    full = [
        *params,
        *(p.default for p in list(inspect.signature(getattr(theirs, name)).parameters.values())[len(params) :]),
    ]
    x = X.clamp(-1.5, 1.5) if name == "sigmoid" else X
    expected = gradient(lambda x: getattr(theirs, cls).apply(x, *full), x)
    assert_same(name, gradient(lambda x: getattr(ours, cls).apply(x, *params), x), expected)
    assert_same(name, gradient(lambda x: getattr(ours, cls).apply(x, *full), x), expected)


@pytest.mark.parametrize("make", [ours.LSO, lambda *slope: lambda x: ours.LeakySpikeOperator.apply(x, *slope)])
def test_leaky_spike_operator_is_the_leaky_relu_gradient(make):
    with pytest.raises(TypeError):
        theirs.LSO()(X)
    for slope in ((), (0.3,)):
        leaf = X.clone().requires_grad_()
        torch.nn.functional.leaky_relu(leaf, *(slope or (0.1,))).backward(UPSTREAM)
        torch.testing.assert_close(gradient(make(*slope))[1], leaf.grad)


# -- what only ours do ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_is_kept(dtype):
    for function in (ours.fast_sigmoid(), ours.FastSigmoid.apply):
        spikes, slope = gradient(function, X.to(dtype), UPSTREAM.to(dtype))
        assert (spikes.dtype, slope.dtype) == (dtype, dtype)


def test_a_slope_can_be_set_and_a_surrogate_pickled():
    made = ours.fast_sigmoid(slope=25)
    made.slope = 10
    assert_same("fast_sigmoid", gradient(pickle.loads(pickle.dumps(made))), gradient(theirs.fast_sigmoid(slope=10)))
    for copied in (copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))):
        assert_same("atan", gradient(copied(ours.ATan.apply)), gradient(theirs.atan()))


def test_a_learnable_parameter_learns_through_apply():
    slope = torch.nn.Parameter(torch.tensor([5.0]))
    ours.FastSigmoid.apply(X, slope).backward(UPSTREAM)
    expected = torch.tensor([5.0], requires_grad=True)
    (X / (1 + expected * X.abs())).backward(UPSTREAM)
    torch.testing.assert_close(slope.grad, expected.grad)


def test_a_slope_that_changes_at_every_call():
    for slope in [*range(1, 600), 1]:
        found = gradient(lambda x, slope=slope: ours.FastSigmoid.apply(x, slope), X[:9], UPSTREAM[:9])
        expected = gradient(lambda x, slope=slope: theirs.FastSigmoid.apply(x, slope), X[:9], UPSTREAM[:9])
        assert_same("fast_sigmoid", found, expected)


# torch.compile makes one itself, of which it warns itself.
@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.* should not be instantiated:DeprecationWarning")
def test_apply_compiles_at_its_first_call():
    torch.compiler.reset()
    compiled = torch.compile(lambda x: 2 * ours.ATan.apply(x, 3.5), fullgraph=True, backend="aot_eager")
    spikes, slope = gradient(theirs.atan(3.5))
    found = gradient(compiled)
    torch.testing.assert_close(found, (2 * spikes, 2 * slope))


@pytest.mark.parametrize("wrong", [{"slope": -1}, {"slope": 0}, {"slope": float("nan")}])
def test_a_slope_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(surroreg.ParameterError, match="'slope' must be"):
        ours.fast_sigmoid(**wrong)
    with pytest.raises(surroreg.ParameterError, match="'slope' must be"):
        ours.FastSigmoid.apply(X, *wrong.values())


# -- programs that were written for theirs --------------------------------------------------------

IMPORT = "from snntorch import surrogate\n"
OURS = "from surroreg.compat import snntorch as surrogate\n"

FEEDFORWARD = """
import snntorch as snn
from snntorch import surrogate
import torch
import torch.nn as nn

torch.manual_seed(0)
beta, num_steps = 0.9, 15
spike_grad = surrogate.fast_sigmoid(slope=25)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 30)
        self.lif1 = snn.Leaky(beta=beta, spike_grad=spike_grad)
        self.fc2 = nn.Linear(30, 4)
        self.lif2 = snn.Leaky(beta=beta, spike_grad=spike_grad)

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for step in range(num_steps):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec), torch.stack(mem2_rec)

net = Net()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3, betas=(0.9, 0.999))
data, targets = torch.rand(32, 12), torch.randint(0, 4, (32,))
losses = []
for iteration in range(25):
    net.train()
    spk_rec, mem_rec = net(data)
    loss_val = torch.zeros(1)
    for step in range(num_steps):
        loss_val += loss_fn(mem_rec[step], targets)
    optimizer.zero_grad()
    loss_val.backward()
    optimizer.step()
    losses.append(loss_val.item())
"""

# Few steps, and small ones: when a last digit decides over a spike, the counts part.
SEQUENTIAL = """
import snntorch as snn
from snntorch import functional as SF
from snntorch import surrogate
from snntorch import utils
import torch
import torch.nn as nn

torch.manual_seed(1)
spike_grad = surrogate.SPIKE_GRAD
net = nn.Sequential(
    nn.Conv2d(1, 4, 3),
    nn.MaxPool2d(2),
    snn.Leaky(beta=0.9, spike_grad=spike_grad, init_hidden=True),
    nn.Flatten(),
    nn.Linear(36, 20),
    snn.Synaptic(alpha=0.8, beta=0.9, spike_grad=spike_grad, init_hidden=True, learn_beta=True),
    nn.Linear(20, 10),
    snn.RLeaky(beta=0.8, linear_features=10, spike_grad=spike_grad, init_hidden=True, output=True),
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
loss_fn = SF.mse_count_loss(correct_rate=0.8, incorrect_rate=0.2)
data, targets = 3 * torch.rand(12, 16, 1, 8, 8), torch.randint(0, 10, (16,))

def forward_pass(net, data):
    spk_rec = []
    utils.reset(net)
    for step in range(data.size(0)):
        spk_out, mem_out = net(data[step])
        spk_rec.append(spk_out)
    return torch.stack(spk_rec)

losses = []
for iteration in range(15):
    loss_val = loss_fn(forward_pass(net, data), targets)
    optimizer.zero_grad()
    loss_val.backward()
    optimizer.step()
    losses.append(loss_val.item())
"""

SPIKE_GRADS = ["fast_sigmoid(slope=25)", "fast_sigmoid(5)", "atan()", "sigmoid(slope=2)", "heaviside()", "SSO()"]
SPIKE_GRADS += ["straight_through_estimator()", "spike_rate_escape(beta=2, slope=1)", "SFS(10, -1)"]
SPIKE_GRADS += ["Heaviside.apply", "StraightThroughEstimator.apply"]


def losses(program):
    names = {}
    exec(program, names)
    return names["losses"]


def test_feedforward_tutorial_runs_with_our_import_line():
    assert FEEDFORWARD.count(IMPORT) == 1
    expected = losses(FEEDFORWARD)
    assert expected[-1] < expected[0] / 1.2
    found = losses(FEEDFORWARD.replace(IMPORT, OURS))
    assert found[:12] == pytest.approx(expected[:12], rel=1e-5)
    assert found == pytest.approx(expected, rel=0.01)  # sooner or later a last digit decides over a spike


@pytest.mark.parametrize("spike_grad", SPIKE_GRADS)
def test_a_sequential_program_runs_with_its_import_line_changed(spike_grad):
    program = SEQUENTIAL.replace("SPIKE_GRAD", spike_grad)
    assert program.count(IMPORT) == 1
    expected = losses(program)
    assert len({*expected}) > 10
    assert losses(program.replace(IMPORT, OURS)) == pytest.approx(expected, rel=1e-4)


def test_documented_use_that_fails_in_snntorch_works():
    program = SEQUENTIAL.replace("SPIKE_GRAD", "FastSigmoid.apply")
    with pytest.raises(TypeError, match="slope"):
        losses(program)
    expected = losses(SEQUENTIAL.replace("SPIKE_GRAD", "fast_sigmoid()"))
    assert losses(program.replace(IMPORT, OURS)) == pytest.approx(expected, rel=1e-4)
