"""Effects on the whole process, each under its name; broken surrogates and broken plugins have them."""

import functools
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import warnings

import torch

KEPT = []  # whatever must stay open


def patches_torch():
    original = torch.nn.functional.hardtanh
    torch.nn.functional.hardtanh = functools.wraps(original)(lambda *args, **options: original(*args, **options))


def patches_a_method():
    torch.Tensor.tanh = lambda self: torch.tanh(self)


def draws_numpy():
    import numpy

    numpy.random.rand()


def raises_where_numpy_warns():
    import numpy

    numpy.seterr(divide="raise")


def prints_past_python():
    os.write(1, b"acme 1.0\n")


def leaves_a_file_open():
    KEPT.append(tempfile.TemporaryFile())  # noqa: SIM115  # this is the defect


EFFECTS = {
    "torch's random generator": lambda: torch.rand(()),
    "torch's settings": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    "denormal numbers": lambda: torch.set_flush_denormal(True),
    "default device": lambda: torch.set_default_device("meta"),
    "printed tensors": lambda: torch.set_printoptions(precision=2),
    "the flags of torch's backends": lambda: setattr(torch.backends.cudnn, "benchmark", True),
    "precision of matrix products": lambda: torch.set_float32_matmul_precision("high"),
    "torch's functions": patches_torch,
    "a method of tensors": patches_a_method,
    "torch's hooks for all modules": lambda: torch.nn.modules.module.register_module_forward_hook(lambda *args: None),
    "the random generators of Python and numpy": random.random,
    "numpy's random generator": draws_numpy,
    "numpy's settings": raises_where_numpy_warns,
    "the filters of warnings": lambda: warnings.filterwarnings("ignore", module="torch.*"),
    "the environment": lambda: os.environ.update(KMP_DUPLICATE_LIB_OK="TRUE"),
    "the working directory": lambda: os.chdir(tempfile.gettempdir()),
    "the handlers of signals": lambda: signal.signal(signal.SIGTERM, lambda *args: None),
    "threads": lambda: threading.Thread(target=threading.Event().wait, daemon=True).start(),
    "open files": leaves_a_file_open,
    "child processes": lambda: KEPT.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])),
    "the garbage collector": gc.disable,
    "logging": lambda: logging.basicConfig(level=logging.DEBUG, force=True),
    "the interpreter": lambda: sys.setrecursionlimit(20_000),
    "the import path": lambda: sys.path.insert(0, tempfile.gettempdir()),
    "standard output": lambda: print("acme 1.0"),
    "standard output, past Python": prints_past_python,
}
