"""Checks in processes of their own: what a process needs for them, and what they leave unchanged."""

from __future__ import annotations

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def python(place, code, *blocked, **variables):
    place.write("program.py", BLOCK.format(blocked=blocked) + code)
    return place.run("python", "program.py", **variables)


def test_missing_hypothesis_is_reported_with_what_to_install(place):
    code = """
import surroreg
for ask in (lambda: surroreg.conformance.check, lambda: __import__("surroreg.conformance.runner")):
    try:
        ask()
    except ImportError as error:
        print(error)
from surroreg.cli import main
sys.exit(main(["check", "atan"]))
"""
    done = python(place, code, "hypothesis")
    assert done.code == 2
    assert "conformance needs hypothesis: pip install 'surroreg[conformance]'" in done.stdout
    assert "pip install 'surroreg[conformance]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_checks_need_no_pytest(place):
    code = """
import surroreg
assert surroreg.conformance.check("atan", checks="forward_step", devices=["cpu"], examples=3).ok
from surroreg.cli import main
sys.exit(main(["check", "atan", "--check", "not_dead"]))
"""
    done = python(place, code, "pytest", "_pytest")
    assert (done.code, done.stderr) == (0, "")


BRANCHES = """
import surroreg, torch
from torch.autograd import Function

class Branches(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        if not x.is_meta and bool(x.isnan().any()):
            x = x.nan_to_num()
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (1 + x.abs()) ** 2

report = surroreg.conformance.check(Branches.apply, devices=["cpu"], examples=3)
print({result.check: result.status for result in report.results}["export"])
"""


def test_torch_says_nothing_beside_the_report(place):
    done = python(place, BRANCHES)
    assert (done.code, done.stdout, done.stderr) == (0, "skipped\n", "")


STATE = """
import gc, os, random, warnings
import torch, surroreg
import torch._dynamo.config, torch._inductor.config, torch._functorch.config
import numpy
if sys.version_info < (3, 11):
    import exceptiongroup  # which hypothesis imports there, and which sets the excepthook

def state():
    return {
        "generator": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "threads": torch.get_num_threads(),
        "interop threads": torch.get_num_interop_threads(),
        "grad mode": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "dynamo": torch._dynamo.config.get_config_copy(),
        "functorch": torch._functorch.config.get_config_copy(),
        "random": random.getstate(),
        "numpy": numpy.random.get_state()[1].tolist(),
        # The compiler of torch 2.9 sets this variable for its child processes.
        "environment": {key: value for key, value in os.environ.items() if key != "TORCHINDUCTOR_CACHE_DIR"},
        "folder": os.getcwd(),
        "path": list(sys.path),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
        "names": surroreg.names(),
        "stdout": (sys.stdout, sys.stderr, sys.excepthook),
        "recursion": sys.getrecursionlimit(),
    }

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.set_grad_enabled(False)
torch.rand(3)
random.random()
warnings.simplefilter("error")
before = state()
report = surroreg.conformance.check("acme", devices=["cpu", "meta"], examples=3)
assert report.ok, report.failures
after = state()
for name in before:
    assert before[name] == after[name], name
print(len(report.results))
"""


def test_checks_leave_global_state_unchanged(place):
    place.install("acme")
    done = python(place, STATE)
    assert (done.code, done.stderr) == (0, "")
    assert int(done.stdout) > 50
    assert place.files == {"program.py"}
