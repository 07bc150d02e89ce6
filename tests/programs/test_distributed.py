"""Programs on two processes over gloo: DDP and FSDP2 give the gradient of one process, with values that change."""

import functools

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend

from tests.interop.test_distributed import RANKS, on_two_ranks
from tests.programs.base import assert_same, gradients, learnt
from tests.programs.catalogue import EVERY, SOME, each, find
from tests.torch_limits import compiles, skip_unless_compiles

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this torch is built without torch.distributed")
SIZE = 8


def expected_steps(program):
    """Return the losses and gradients of a few steps in one process, each with its own values."""
    network, steps = program.network(), []
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for values in program.later:
        program.anneal(network, **values)
        steps.append(gradients(program, network, program.batch(SIZE)))
        for parameter, grad in zip(learnt(network), steps[-1][1:], strict=True):
            parameter.grad = grad
        optimiser.step()
    return steps


def assert_parallel_steps(program, rank, network, call, whole):
    """Train on this process's part of each batch; compare with the steps of one process."""
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    x, y = program.batch(SIZE)
    for values, expected in zip(program.later, expected_steps(program), strict=True):
        program.anneal(network, **values)
        optimiser.zero_grad()
        loss = program.loss(call, (x.chunk(RANKS)[rank], y.chunk(RANKS)[rank]))
        loss.backward()
        total = loss.detach() / RANKS
        dist.all_reduce(total)
        assert_same([total, *(whole(parameter.grad) for parameter in learnt(network))], expected)
        optimiser.step()


def check_ddp(program, rank):
    network = program.network()
    call = nn.parallel.DistributedDataParallel(network, broadcast_buffers=False)
    assert_parallel_steps(program, rank, network, call, whole=lambda grad: grad)


def check_compiled_ddp(program, rank):
    network, counter = program.network(), CompileCounterWithBackend("aot_eager")
    call = nn.parallel.DistributedDataParallel(network, broadcast_buffers=False)
    # DDP itself breaks the graph.
    assert_parallel_steps(program, rank, network, torch.compile(call, backend=counter), whole=lambda grad: grad)
    assert 1 <= counter.frame_count <= 2


def check_fsdp2(program, rank):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    network = fully_shard(program.network(), mesh=init_device_mesh("cpu", (RANKS,)))
    assert_parallel_steps(program, rank, network, network, whole=lambda grad: grad.full_tensor())


def check_program(name, rank):
    program = find(name)
    with program.ready():
        check_ddp(program, rank)
        if compiles(EVERY[name][1]):
            check_compiled_ddp(program, rank)
        check_fsdp2(program, rank)


# A process takes seconds to start, and imports a library for many: so the modes follow each other in one.
@each(SOME)
def test_program_on_two_ranks_has_the_same_gradient(request, program, tmp_path):
    name = request.node.callspec.params["program"]
    on_two_ranks(functools.partial(check_program, name), tmp_path / "store")
    skip_unless_compiles(EVERY[name][1])  # the other modes have passed
