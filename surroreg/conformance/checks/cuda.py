"""The checks that need a GPU, and the check of the code that a GPU would be given."""

from __future__ import annotations

import torch

from surroreg.conformance import nvrtc
from surroreg.conformance.case import Case, pull
from surroreg.conformance.table import DETERMINISTIC, STABLE, ConformanceError, UnavailableError, check
from surroreg.errors import SpecError
from surroreg.formula.cpp import code

ONLY = ("cuda",)


@check(
    "A formula that is declared stable compiles to a lean GPU kernel",
    why="Code that does not compile is replaced, silently, by a kernel for each operation. Many GPUs compute double "
    "precision 64 times slower.",
    bug="surroreg itself wrote pi/2 as the macro M_PI_2, of double precision, which NVRTC does not know.",
    gate=STABLE,
    sweep="once",
    devices=("cpu",),
)
def formula_compiles(case: Case) -> None:
    """By NVRTC, for the first architecture of every generation that it knows; without a GPU."""
    promise = "the formula compiles for GPUs, without double precision in float32 and without local memory"
    try:
        kernel = code(case.spec)
    except SpecError as error:
        raise ConformanceError(promise, got=error) from error
    try:
        architectures = nvrtc.generations(nvrtc.load().architectures)
    except nvrtc.MissingNvrtcError as error:
        raise UnavailableError(str(error)) from error
    for at, fault in nvrtc.faults(kernel, len(case.spec.parameters), architectures):
        raise ConformanceError(promise, at=at, got=fault)


@check(
    "CPU and CUDA give the same numbers",
    why="A model trained on one and run on the other must be one model.",
    gate=DETERMINISTIC,
    devices=ONLY,
)
def cuda_parity(case: Case) -> None:
    """Spikes to the last bit, gradients to a few roundings."""
    x = torch.cat([case.grid[case.grid == case.grid], case.points])
    host = case.on(torch.device("cpu"))
    case.compare("CUDA gives the spikes of the CPU", x, case(x), host(x.cpu()))
    want = host.gradient(x.cpu())
    wide = want.double().abs()
    allowed = 16 * case.eps * (wide + wide.max()) + torch.finfo(case.dtype).tiny
    case.compare("CUDA gives the gradient of the CPU", x, case.gradient(x), want, allowed)


@check(
    "Neither pass waits for the GPU",
    why="A synchronisation per neuron and time step leaves the GPU idle most of the time.",
    bug=".item(), a branch on a tensor's values, or a copy to the host.",
    sweep="once",
    devices=ONLY,
)
def cuda_no_sync(case: Case) -> None:
    """Under PyTorch's own detector."""
    x = case.random(64)
    case.gradient(x)  # whatever is set up once may wait
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        leaf, spikes = case.spikes_of(x)
        pull(leaf, spikes)
    except RuntimeError as error:
        raise ConformanceError("neither pass waits for the GPU", got=str(error)) from error
    finally:
        torch.cuda.set_sync_debug_mode(before)


@check(
    "Both passes can be captured in a CUDA graph",
    why="Graphs remove the launch cost of small kernels, which is most of a spiking network's time.",
    sweep="once",
    devices=ONLY,
)
def cuda_graph(case: Case) -> None:
    """Capture with one input, replay with another."""
    first, second = case.random(64), case.random(64, seed=1)
    static = first.clone().requires_grad_()
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            pull(static, case(static))
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            spikes = case(static)
            gradient = pull(static, spikes)
    except RuntimeError as error:
        raise ConformanceError("both passes can be captured in a CUDA graph", got=str(error)) from error
    with torch.no_grad():
        static.copy_(second)
    graph.replay()
    torch.cuda.synchronize()
    case.compare("a replayed graph gives the spikes of its new input", second, spikes, case(second))
    if not case.spec.traits.stochastic:  # replay draws anew
        case.compare("a replayed graph gives the gradient of its new input", second, gradient, case.gradient(second))
