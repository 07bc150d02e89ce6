"""What PyTorch makes of a module besides calling it: replicas, parametrizations, averages, copies, meta tensors."""

import copy
import pickle
import threading

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel
from torch.utils.flop_counter import FlopCounterMode

import surroreg
from tests.interop.cases import assert_gradient, batch, build, gradient, gradients, model, points

close = torch.testing.assert_close


class Positive(nn.Module):
    """A constraint as PyTorch's own parametrizations are written."""

    def forward(self, x):
        return x.exp()

    def right_inverse(self, x):
        return x.log()


def learnt(value=2.0):
    return surroreg.load("atan", alpha=nn.Parameter(torch.tensor([value])))


def constrained():
    s = learnt()
    parametrize.register_parametrization(s, "alpha", Positive())
    return s


def replica(module):
    """Return a replica as nn.DataParallel fills it: parameters become copies that carry a gradient."""
    copied = module._replicate_for_data_parallel()
    for key, tensor in [*module._parameters.items(), *module._buffers.items()]:
        setattr(copied, key, tensor.clone())
    return copied


def test_replica_has_the_same_gradient(s):
    torch.manual_seed(0)
    copied = replica(s)
    assert torch.equal(copied(points()), s(points()))
    assert_gradient(s, points(), gradient(copied, points()))


@pytest.mark.parametrize("value", [nn.Parameter(torch.tensor([3.0])), torch.tensor([3.0]), 3.0])
def test_replica_sends_gradients_to_the_original(value):
    s = surroreg.load("atan", alpha=value)
    copied = replica(s)
    assert_gradient(s, points(), gradient(copied, points()))
    if isinstance(value, nn.Parameter):
        copied(points()).sum().backward()
        close(s.alpha.grad, torch.autograd.grad(s.primitive(points()).sum(), s.alpha)[0])


def test_replica_of_spikingjelly_adapter():
    pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed")
    from surroreg.compat.spikingjelly import surrogate_function

    s = surrogate_function("atan")
    assert_gradient(s, points(), gradient(replica(s), points()))


def test_parametrized_parameter_is_used_and_learnt():
    s = constrained()
    assert_gradient(surroreg.load("atan", alpha=2.0), points(), gradient(s, points()), rtol=1e-6, atol=0)
    s(points()).sum().backward()
    assert s.parametrizations.alpha.original.grad.any()
    s.alpha = torch.tensor([5.0])
    close(s.parametrizations.alpha.original.detach(), torch.tensor([5.0]).log())
    assert s.params["alpha"].item() == pytest.approx(5.0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: AveragedModel(module).module])
def test_copy_of_parametrized_surrogate_is_independent(copied):
    s = constrained()
    clone = copied(s)
    assert_gradient(s, points(), gradient(clone, points()))
    with torch.no_grad():
        clone.parametrizations.alpha.original.fill_(1.0)
    assert s.alpha.item() == pytest.approx(2.0)
    assert clone.alpha.item() == pytest.approx(2.71828, rel=1e-5)
    assert_gradient(clone, points(), gradient(clone, points()))


def test_removed_parametrization_leaves_a_parameter():
    s = constrained()
    parametrize.remove_parametrizations(s, "alpha")
    assert type(s) is surroreg.Surrogate
    assert isinstance(s.alpha, nn.Parameter)
    assert_gradient(s, points(), gradient(s, points()))


def test_pickle_of_parametrized_surrogate_is_refused_by_torch():
    with pytest.raises(RuntimeError, match="parametrized modules is only supported through state_dict"):
        pickle.dumps(constrained())


def test_averaged_model_averages_learnt_parameters():
    network = model(learnt())
    averaged = AveragedModel(network)
    averaged.update_parameters(network)
    with torch.no_grad():
        network[1].alpha.fill_(4.0)
    averaged.update_parameters(network)
    assert averaged.module[1].alpha.item() == 3.0
    gradients(averaged, batch())


# -- tensors without values -------------------------------------------------------------------


def test_meta_parameter_is_printed_but_not_described():
    s = learnt().to("meta")
    assert "device='meta'" in repr(nn.Sequential(s))
    with pytest.raises(surroreg.SpecError, match="on meta has no values"):
        s.to_config()
    assert "device='meta'" in repr(eval(repr(s), {"surroreg": surroreg, "torch": torch}))


def test_learnt_parameter_under_fake_mode():
    with FakeTensorMode():
        network = nn.Sequential(nn.Linear(4, 8), learnt())
        network(torch.randn(3, 4)).sum().backward()
        assert network[1].alpha.grad.shape == (1,)
        assert "atan" in repr(network)


def test_real_parameter_loads_under_fake_mode():
    value = nn.Parameter(torch.tensor([2.0]))
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert surroreg.load("atan", alpha=value).alpha is value


@pytest.mark.parametrize("shape", [(), (1,), (2,)])
def test_learnt_parameter_meets_jagged_tensors(shape):
    values = torch.tensor([[-0.3, 0.2], [0.7, -1.0], [0.1, 0.4]])
    s = surroreg.load("atan", alpha=nn.Parameter(torch.full(shape, 2.0)))
    leaf = values.clone().requires_grad_()
    s(torch.nested.nested_tensor_from_jagged(leaf, torch.tensor([0, 1, 3]))).values().sum().backward()
    expected = torch.autograd.grad(s(values).sum(), s.alpha)[0]
    close(s.alpha.grad, expected)
    assert expected.any()


@pytest.mark.parametrize("make", [lambda: surroreg.load("atan"), learnt], ids=["number", "learnt"])
def test_functionalize_gives_the_eager_numbers(make):
    s, x = make(), points(torch.float32)
    assert torch.equal(torch.func.functionalize(s)(x), s(x))
    total = torch.func.grad(lambda x: s(x).sum())
    close(torch.func.functionalize(total)(x), s.derivative(x).detach())
    close(gradient(torch.func.functionalize(s), x), s.derivative(x).detach())


# -- threads ----------------------------------------------------------------------------------


def test_threads_set_and_use_numbers_at_once():
    s, x, errors = surroreg.load("spike_rate_escape"), points(), []
    done = threading.Event()

    def uses():
        return s.slope, repr(s), s.params, s.to_config(), s.derivative(x), copy.deepcopy(s), pickle.dumps(s)

    def repeat(action):
        try:
            while not done.is_set():
                action()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=repeat, args=(action,)) for action in (uses, lambda: gradient(s, x))]
    for thread in threads:
        thread.start()
    for step in range(1, 2001):
        s.slope, s.beta = float(step), 1.0 + step % 3
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert_gradient(surroreg.load("spike_rate_escape", slope=2000.0, beta=s.beta), x, gradient(s, x))


def test_threads_that_set_two_parameters_lose_neither():
    s, x = surroreg.load("spike_rate_escape"), points()
    barrier = threading.Barrier(2)

    def setter(name):
        for step in range(1, 301):
            barrier.wait()
            setattr(s, name, float(step))
            barrier.wait()
            assert torch.equal(gradient(s, x), gradient(build("spike_rate_escape", **s.params), x))

    threads = [threading.Thread(target=setter, args=(name,)) for name in ("beta", "slope")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert s.params == {"beta": 300.0, "slope": 300.0}
    assert_gradient(s, x, gradient(s, x))


# -- dispatch modes -----------------------------------------------------------------------------


def test_dispatch_modes_leave_values_readable():
    s = learnt()
    with FlopCounterMode(display=False):  # any mode: profilers, counters
        assert repr(s) == "surroreg.load('atan', alpha=torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float32)))"
        assert s.to_config()["params"]["alpha"]["tensor"] == [2.0]
        with pytest.raises(surroreg.ParameterError, match="must be > 0"):
            s.alpha = torch.tensor([-1.0])
