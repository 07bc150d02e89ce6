"""Private APIs of PyTorch: one file names them, and surroreg computes the same without each of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch._inductor.config

import surroreg
from surroreg.autograd import private
from surroreg.autograd.private import gradient_metadata, kernel_profiling

PACKAGE = Path(surroreg.__file__).parent

# PyTorch itself needs these, so they are away only while surroreg looks for them.
AT_IMPORT = [
    "_C._are_functorch_transforms_active",
    "_C._get_tracing_state",
    "_C._functorch.is_legacy_batchedtensor",
    "_C._len_torch_dispatch_stack",
    "cuda.jiterator._create_jit_fn",
]
# surroreg looks for these at every call.
AT_CALL = {
    "forward_ad._current_level": "private.forward_ad = None",
    "_C._functorch.get_interpreter_stack": "private._private = lambda path, fallback: fallback",
    "_FunctionBase.apply": "private.direct_apply = lambda function: function.apply",
    "_dynamo_marked_constant": "private.while_tracing = lambda function: function",
}

PROGRAM = """
import gc, json, os, sys, warnings
import torch, torch._dynamo, torch._inductor.compile_fx, torch.export  # takes longer than all the rest

# PyTorch prepares its compiler and its forward mode at the first use: once for all forks, rather than in each of them.
torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
for f in (torch.sin, torch.func.grad(torch.sin)):
    torch.compile(f, backend="aot_eager")(torch.ones((), requires_grad=True))
torch.func.jvp(torch.sin, (torch.ones(8),), (torch.ones(8),))
torch._dynamo.reset()
torch._dynamo.guards.profile_guard_manager = lambda *_: 0.0  # it empties the processor's cache, to measure for a log
gc.collect()
gc.freeze()  # a collection would copy all memory that the forks share

cases = json.loads(sys.argv[1])
for name, (away, instead) in cases.items():
    if not os.fork():  # a child, in which surroreg is not imported yet
        break
    if os.wait()[1]:
        sys.exit(f"it fails without {name}")
else:
    sys.exit()
if away:
    home, _, name = away.rpartition(".")
    owner = eval("torch." + home)
    found = getattr(owner, name)
    delattr(owner, name)
from surroreg.autograd import private
exec(instead)
if "while_tracing" in instead:  # what is decorated was decorated already
    for function in (private.admit, private.is_exporting):
        del function._dynamo_marked_constant
if away:
    setattr(owner, name, found)

import surroreg
from torch import nn
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

warnings.simplefilter("ignore")
x = torch.linspace(-1, 1, 8)
results = {}

def train(spike, wrap=lambda network: network, loss=lambda network, x: network(x).square().sum()):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 8), spike, nn.Linear(8, 8), spike)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    step = wrap(network)
    for _ in range(2):
        optimiser.zero_grad()
        loss(step, x).backward()
        optimiser.step()
    return [parameter.double().sum().item() for parameter in network.parameters()]

def learnt():
    return surroreg.load("atan", alpha=nn.Parameter(torch.tensor([2.0])))

def compiled(network):
    return torch.compile(network, backend="aot_eager")

def annealed(network):
    def step(x):
        network[1].alpha += 0.5
        return run(x)
    run = compiled(network)
    return step

results["eager"] = train(surroreg.load("atan"))
results["half"] = train(surroreg.load("fast_sigmoid"), lambda network: network.bfloat16(),
                        lambda network, x: network(x.bfloat16()).square().sum())
results["learnt"] = train(learnt())
results["compiled"] = train(surroreg.load("atan"), compiled)
results["annealed"] = train(surroreg.load("atan"), annealed)
results["compiled learnt"] = train(learnt(), compiled)
results["checkpoint"] = train(
    surroreg.load("atan"), loss=lambda network, x: checkpoint(network, x, use_reentrant=False).square().sum()
)
for name, s in {"number": surroreg.load("atan"), "tensor": surroreg.load("atan", alpha=torch.tensor([2.0]))}.items():
    total = lambda x: s(x).sum()
    results[f"grad {name}"] = torch.func.grad(total)(x).tolist()
    results[f"vmap {name}"] = torch.func.vmap(torch.func.grad(total))(x[:, None]).flatten().tolist()
    results[f"jvp {name}"] = torch.func.jvp(s, (x,), (torch.ones(8),))[1].tolist()
    results[f"compiled grad {name}"] = torch.compile(torch.func.grad(total), backend="aot_eager")(x).tolist()
    with forward_ad.dual_level():
        results[f"dual {name}"] = forward_ad.unpack_dual(s(forward_ad.make_dual(x, torch.ones(8)))).tangent.tolist()
    leaf = x.clone().requires_grad_()
    first, = torch.autograd.grad(total(leaf), leaf, create_graph=True)
    results[f"second {name}"] = torch.autograd.grad(first.sum(), leaf)[0].tolist()
    results[f"batched {name}"] = torch.autograd.grad(
        s(leaf), leaf, torch.eye(8), is_grads_batched=True
    )[0].diagonal().tolist()
    traced = torch.jit.trace(s, leaf)
    results[f"traced {name}"] = torch.autograd.grad(traced(leaf).sum(), leaf)[0].tolist()
    exported = torch.export.export(nn.Sequential(s), (leaf,)).module()
    results[f"exported {name}"] = torch.autograd.grad(exported(leaf).sum(), leaf)[0].tolist()
print(json.dumps(results), flush=True)
os._exit(0)  # to take down the modules of torch, which a fork shares, costs as much as the cases
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the cases are forks of one process")
def test_missing_private_api_changes_no_number():
    cases = {"nothing": ("", ""), **{name: (name, "") for name in AT_IMPORT}}
    cases |= {name: ("", instead) for name, instead in AT_CALL.items()}
    done = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(cases)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = dict(zip(cases, map(json.loads, done.stdout.splitlines()), strict=True))
    whole = results["nothing"]
    assert all(any(numbers) for numbers in whole.values())
    assert len({tuple(whole[name]) for name in ("eager", "annealed", "learnt")}) == 3
    for case, found in results.items():
        assert found.keys() == whole.keys()
        for name, numbers in whole.items():
            assert found[name] == pytest.approx(numbers, rel=1e-5, abs=1e-7), f"{name} without {case}"


def test_private_names_of_torch_stand_in_one_file():
    private = re.compile(r"\b(?:torch|autograd|forward_ad|_C)\.(?:\w+\.)*_(?!_)\w+|from torch\S*\._\S+ import")
    for path in PACKAGE.rglob("*.py"):
        if path.name != "private.py" and "template" not in path.parts:
            found = private.findall(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found}"


def test_gradient_of_a_leaf_is_described_by_the_leaf():
    leaf = object()
    assert gradient_metadata(SimpleNamespace(variable=leaf), 0) is leaf
    assert gradient_metadata(SimpleNamespace(), 0) is None


def test_operations_are_watched_where_torch_has_a_mode_for_it(monkeypatch):
    seen = []
    x = torch.zeros(3)
    for mode in (True, False):
        if not mode:
            monkeypatch.setattr(private, "_private", lambda path, fallback: fallback)
        with private.watching(lambda operation, args, kwargs: seen.append((str(operation), args, dict(kwargs)))):
            x.add_(1)
    assert seen == [("aten.add_.Tensor", (x, 1), {})]
    assert x.tolist() == [2, 2, 2]


@pytest.mark.parametrize("found", [None, SimpleNamespace(), SimpleNamespace(cpp=SimpleNamespace())])
def test_profiling_without_the_option_of_inductor_does_nothing(monkeypatch, found):
    with kernel_profiling():
        assert torch._inductor.config.cpp.enable_kernel_profile
    monkeypatch.setattr(private, "_private", lambda path, fallback: found)
    with kernel_profiling() as context:
        assert context is None
