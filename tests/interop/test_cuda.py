"""What only a GPU can show: the numbers of the CPU, graph capture, and exact spikes after fusion."""

import pytest
import torch
from torch import nn

import surroreg
from surroreg.autograd.rule import rule_of
from tests.interop.cases import (
    FUNCTION_WARNS,
    SCRIPT_WARNS,
    STOCHASTIC,
    assert_gradient,
    assert_same_training,
    batch,
    build,
    gradient,
    model,
    points,
    weights,
)

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)  # one line, not one for each test

pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]
STABLE = [spec for spec in map(surroreg.spec, surroreg.names(namespace="builtin")) if spec.traits.stable_formula]
FUSED = [s for spec in STABLE for s in (spec(), spec(scale=3.0, shift=0.5)) if rule_of(s.spec, False).fused]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_the_cpu(s, dtype):
    x = points(dtype)
    spikes = s(x.cuda())
    assert spikes.is_cuda
    assert torch.equal(spikes.cpu(), s(x))
    eps = torch.finfo(dtype).eps
    assert_gradient(s, x, gradient(s, x.cuda(), weights(x).cuda()).cpu(), weights(x), rtol=8 * eps, atol=eps)


def test_whole_float16_range_is_finite(s):
    x = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.float16).cuda()
    x = x[x.isfinite()]
    assert torch.equal(s(x), (x > 0).half())
    assert gradient(s, x).isfinite().all()


def test_graph_capture(s):
    x = points(torch.float32).cuda().requires_grad_()
    upstream = weights(points(torch.float32)).cuda()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            torch.autograd.grad(s(x), x, upstream)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        spikes = s(x)
        (found,) = torch.autograd.grad(spikes, x, upstream)
    with torch.no_grad():
        x.copy_(1.1 * points(torch.float32))
    graph.replay()
    assert torch.equal(spikes, s(x))
    assert_gradient(s, x.detach().cpu(), found.cpu(), upstream.cpu(), rtol=1e-5, atol=1e-6)


def test_no_synchronisation(s):
    x = points(torch.float32).cuda().requires_grad_()
    upstream = torch.ones_like(x)
    torch.cuda.set_sync_debug_mode("error")
    try:
        torch.autograd.grad(s(x), x, upstream)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_compiled_output_is_exactly_zero_or_one(s, dtype):
    # A product feeds the step: fused multiply-add must not leave a rounding residue in the spikes.
    a, b = (torch.randn(1 << 16).to(dtype).cuda() for _ in range(2))
    f = torch.compile(lambda a, b: s(a * b), fullgraph=True)
    for spikes in (f(a, b), f(a.clone().requires_grad_(), b)):
        assert set(spikes.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(spikes, s(a * b))


def test_compiled_gradient_is_the_eager_one(s):
    x = points(torch.float32).cuda()
    found = gradient(torch.compile(s, fullgraph=True), x, weights(points(torch.float32)).cuda())
    assert_gradient(s, x.cpu(), found.cpu(), weights(x.cpu()), rtol=1e-5, atol=1e-6)


def test_compiled_with_cuda_graphs():
    network = model(surroreg.load("atan")).cuda()
    compiled = torch.compile(network, fullgraph=True, mode="reduce-overhead")
    x = batch().cuda()
    for _ in range(3):
        torch.compiler.cudagraph_mark_step_begin()
        torch.testing.assert_close(compiled(x), network(x))
    assert_same_training(torch.compile(network, fullgraph=True), network, x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_and_scaled_loss(s, dtype):
    layer, x = nn.Linear(4, 64).cuda(), torch.randn(8, 4).cuda()
    with torch.autocast("cuda", dtype):
        spikes = s(layer(x))
    assert spikes.dtype is dtype
    (spikes.float().mean() * 1024).backward()
    assert layer.weight.grad.isfinite().all()


@pytest.mark.parametrize("name", STOCHASTIC)
def test_the_seed_decides(name):
    s, found = build(name), []
    for _ in range(2):
        torch.manual_seed(7)
        found.append(gradient(s, points().cuda()))
    assert torch.equal(*found)


def test_learnt_parameter():
    on_gpu, on_cpu = (
        model(surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0]))), torch.float64) for _ in "ab"
    )
    x = batch(torch.float64)
    ours = torch.autograd.grad(on_gpu.cuda()(x.cuda()).square().sum(), list(on_gpu.parameters()))
    theirs = torch.autograd.grad(on_cpu(x).square().sum(), list(on_cpu.parameters()))
    torch.testing.assert_close([grad.cpu() for grad in ours], list(theirs))


# -- the backward pass that is compiled from the formula ------------------------------------------


@pytest.mark.parametrize("s", FUSED, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_fused_kernel_on_a_gpu_is_used_and_right(s, dtype):
    x = torch.linspace(-3, 3, 601, dtype=torch.float64).to(dtype)
    torch.testing.assert_close(gradient(s, x.cuda()).cpu(), gradient(s, x))
    fused = rule_of(s.spec, False).fused
    assert fused._works
    assert fused._function is not None


@pytest.mark.parametrize("s", FUSED, ids=str)
def test_both_passes_on_a_gpu_launch_two_kernels(s):
    x = torch.randn(1 << 20, device="cuda", requires_grad=True)
    upstream = torch.randn_like(x)
    torch.autograd.grad(s(x), x, upstream)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        torch.autograd.grad(s(x), x, upstream)
        torch.cuda.synchronize()
    kernels = [event for event in profile.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    assert len(kernels) == 2
