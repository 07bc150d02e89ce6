"""Two processes over gloo: DDP, FSDP2 and DTensor give the gradients of one process."""

import multiprocessing
import os

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import nn

import surroreg
from tests.interop.cases import assert_gradient, build, model, weights

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this torch is built without torch.distributed")
close = torch.testing.assert_close
RANKS = 2
NAMES = ["atan", "heaviside", "spike_rate_escape"]  # one that keeps its input, one its output, one with two parameters


#: The modules that every rank imports. They start no thread, so a process that has imported them can be forked.
SHARED = ["torch._dynamo", "torch.distributed.fsdp", "torch.distributed.tensor"]


def on_two_ranks(check, store):
    """Run ``check(rank)`` in two processes that know of each other; fail as it fails.

    Both are forks of a server that has imported PyTorch: an import takes longer than the checks.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload(SHARED)
    torch.multiprocessing.start_processes(run_rank, (check, str(store)), nprocs=RANKS, start_method="forkserver")


def run_rank(rank, check, store):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    check(rank)
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)  # past the interpreter's shutdown, during which torch's own threads now and then abort


def whole_batch():
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def loss_of(out):
    return out.square().sum(1).mean()


def expected_gradients(network):
    return torch.autograd.grad(loss_of(network(whole_batch())), list(network.parameters()))


def networks():
    """Return networks round a few surrogates, and round one that learns."""
    learnt = surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0])))
    return [model(s, torch.float64) for s in [*map(build, NAMES), learnt]]


def check_ddp(rank):
    for network in networks():
        expected = expected_gradients(network)
        parallel = nn.parallel.DistributedDataParallel(network)
        loss_of(parallel(whole_batch().chunk(RANKS)[rank])).backward()
        close([p.grad for p in network.parameters()], list(expected))


def check_compiled_ddp(rank):
    network = networks()[0]
    expected = expected_gradients(network)
    parallel = torch.compile(nn.parallel.DistributedDataParallel(network), backend="aot_eager")
    loss_of(parallel(whole_batch().chunk(RANKS)[rank])).backward()
    close([p.grad for p in network.parameters()], list(expected))


def check_fsdp2(rank):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (RANKS,))
    for network in networks():
        expected = expected_gradients(network)
        fully_shard(network, mesh=mesh)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        for step in range(2):  # the second finds the parameters as the first left them
            optimiser.zero_grad()
            loss_of(network(whole_batch().chunk(RANKS)[rank])).backward()
            found = [p.grad.full_tensor() for p in network.parameters()]
            if step == 0:
                close(found, list(expected))
            optimiser.step()
        assert all(grad.isfinite().all() for grad in found)


def check_dtensor(mesh, compiled):
    from torch.distributed.tensor import DTensor, Shard, distribute_tensor

    whole = whole_batch()
    for name in NAMES:
        s = build(name)
        call = torch.compile(s, backend="aot_eager", fullgraph=True) if compiled else s
        x = distribute_tensor(whole, mesh, [Shard(0)]).requires_grad_()
        spikes = call(x)
        assert isinstance(spikes, DTensor)
        assert spikes.placements == (Shard(0),)
        (found,) = torch.autograd.grad(spikes, x, distribute_tensor(weights(whole), mesh, [Shard(0)]))
        assert torch.equal(spikes.full_tensor(), s(whole))
        assert_gradient(s, whole, found.full_tensor(), weights(whole))


def check_networks(rank):
    check_ddp(rank)
    check_compiled_ddp(rank)
    check_fsdp2(rank)


def check_tensors(rank):
    from torch.distributed.device_mesh import init_device_mesh

    # One mesh: with a second, equal one torch 2.13 compiles no Function, whoever wrote it.
    mesh = init_device_mesh("cpu", (RANKS,))
    check_dtensor(mesh, compiled=False)
    check_dtensor(mesh, compiled=True)


# A process takes longer to start than a check: so they follow each other.
@pytest.mark.parametrize("check", [check_networks, check_tensors])
def test_two_ranks(check, tmp_path):
    on_two_ranks(check, tmp_path / "store")
