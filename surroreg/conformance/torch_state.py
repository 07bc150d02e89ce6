"""What torch shares with the whole process: generators, settings, flags, its functions and hooks."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import torch

from surroreg.conformance.part import Entries, Part

#: Modules of flags below ``torch.backends``, and those of their attributes that change results or speed.
_FLAGS = {
    "cudnn": ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32"),
    "cuda.matmul": (
        "allow_tf32",
        "allow_fp16_accumulation",
        "allow_fp16_reduced_precision_reduction",
        "allow_bf16_reduced_precision_reduction",
    ),
    "mkldnn": ("enabled", "deterministic", "allow_tf32"),
    "opt_einsum": ("enabled", "strategy"),
    "quantized": ("engine",),
}
_SWITCHES = ("flash_sdp", "mem_efficient_sdp", "math_sdp", "cudnn_sdp")

#: Classes and modules whose functions everybody calls.
_SPACES: dict[str, Any] = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn.functional": torch.nn.functional,
    "torch.nn.Module": torch.nn.Module,
    "torch.nn.Parameter": torch.nn.Parameter,
    "torch.autograd": torch.autograd,
    "torch.autograd.Function": torch.autograd.Function,
    "torch.special": torch.special,
    "torch.linalg": torch.linalg,
    "torch.random": torch.random,
    "torch.func": torch.func,
}

_DETERMINISTIC: Any = torch.utils.deterministic
_FOLDER = str(Path(torch.__file__).parent)

# Numbers of ordinary size, a small and a large one: their text shows the options of printing.
_PRINTED = torch.tensor([1 / 3, 1e-7, 12345.0], dtype=torch.float32, device="cpu")
# A list, so that Python does not multiply before the program runs.
_SMALL = [2.0**-30]


def _generators() -> Entries:
    states = {"cpu": torch.default_generator.get_state()}
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states |= {f"cuda:{place}": state for place, state in enumerate(torch.cuda.get_rng_state_all())}
    return {device: bytes(state.tolist()) for device, state in states.items()}


def _set_generators(states: dict[str, bytes]) -> None:
    for device, state in states.items():
        values = torch.tensor(list(state), dtype=torch.uint8, device="cpu")
        if device == "cpu":
            torch.default_generator.set_state(values)
        else:
            torch.cuda.set_rng_state(values, device)


def _settings() -> Entries:
    return {
        "default dtype": torch.get_default_dtype(),
        # torch.get_default_device of torch 2.9 raises after set_default_device(None).
        "default device": torch.empty(0).device,
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "number of threads": torch.get_num_threads(),
        "number of threads between operations": torch.get_num_interop_threads(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "deterministic algorithms only warn": torch.is_deterministic_algorithms_warn_only_enabled(),
        "fill uninitialized memory": _DETERMINISTIC.fill_uninitialized_memory,
        "anomaly mode": torch.is_anomaly_enabled(),
        "anomaly mode checks for NaN": torch.is_anomaly_check_nan_enabled(),
        "denormal numbers": "kept" if sys.float_info.min * _SMALL[0] else "flushed",
        "printed tensors": str(_PRINTED),
    }


def _set_settings(settings: dict[str, Any]) -> None:
    torch.set_default_dtype(settings["default dtype"])
    if torch.empty(0).device != settings["default device"]:
        # A default of the CPU, said or not, is no default: torch would keep a mode on for it.
        said = settings["default device"]
        torch.set_default_device(None if said.type == "cpu" else said)
    torch.set_grad_enabled(settings["grad mode"])
    torch.set_num_threads(settings["number of threads"])
    torch.use_deterministic_algorithms(
        settings["deterministic algorithms"], warn_only=settings["deterministic algorithms only warn"]
    )
    _DETERMINISTIC.fill_uninitialized_memory = settings["fill uninitialized memory"]
    torch.autograd.set_detect_anomaly(settings["anomaly mode"], settings["anomaly mode checks for NaN"])
    torch.set_flush_denormal(settings["denormal numbers"] == "flushed")
    if str(_PRINTED) != settings["printed tensors"]:
        torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]


def _flags() -> Entries:
    flags: dict[str, Any] = {}
    with warnings.catch_warnings():  # some flags warn that a later release renames them
        warnings.simplefilter("ignore")
        for path, names in _FLAGS.items():
            for name in names:
                flags[f"{path}.{name}"] = _flag(path, name)
        for name in _SWITCHES:
            switch = getattr(torch.backends.cuda, f"{name}_enabled", None)
            flags[f"cuda.{name}"] = switch() if switch is not None else None
        try:
            flags["precision of matrix products"] = torch.get_float32_matmul_precision()
        except RuntimeError:  # two generations of the same setting, which torch refuses to merge
            flags["precision of matrix products"] = "mixed"
    return flags


def _module(path: str) -> Any:
    module: Any = torch.backends
    for name in path.split("."):
        module = getattr(module, name, None)
    return module


def _flag(path: str, name: str) -> Any:
    try:
        return getattr(_module(path), name, None)
    except RuntimeError:
        return "mixed"


def _set_flags(flags: dict[str, Any]) -> None:
    now = _flags()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if now["precision of matrix products"] != flags["precision of matrix products"]:
            torch.set_float32_matmul_precision(flags["precision of matrix products"])
        for path, names in _FLAGS.items():
            for name in names:
                if now[f"{path}.{name}"] != flags[f"{path}.{name}"]:
                    setattr(_module(path), name, flags[f"{path}.{name}"])
        for name in _SWITCHES:
            if now[f"cuda.{name}"] != flags[f"cuda.{name}"]:
                getattr(torch.backends.cuda, f"enable_{name}")(flags[f"cuda.{name}"])


def _functions() -> Entries:
    functions: dict[str, Any] = {}
    for path, space in _SPACES.items():
        # Tensor inherits most methods from a class in C++: a patch of such a method is an entry of Tensor's own.
        scopes = reversed(space.__mro__[:-1]) if isinstance(space, type) else (space,)
        for scope in scopes:
            for name, value in vars(scope).items():
                if callable(value) or isinstance(value, (property, classmethod)):
                    functions[f"{path}.{name}"] = value
    # torch's compiler wraps this function when it is imported.
    code = getattr(torch.manual_seed, "__code__", None)
    if code is not None and code.co_filename.startswith(_FOLDER):
        del functions["torch.manual_seed"]
    return functions


def _set_functions(functions: dict[str, Any]) -> None:
    now = _functions()
    for path, function in functions.items():
        if now.get(path) is not function:
            space, _, name = path.rpartition(".")
            bases = _SPACES[space].__mro__[1:] if isinstance(_SPACES[space], type) else ()
            if any(vars(base).get(name) is function for base in bases):
                delattr(_SPACES[space], name)
            else:
                setattr(_SPACES[space], name, function)


def _hooks() -> Entries:
    """Return the hooks that torch runs for every module, which it keeps in dictionaries of that module."""
    return {
        name: tuple(hooks)
        for name, hooks in vars(torch.nn.modules.module).items()
        if isinstance(hooks, dict) and "global" in name
    }


def _set_hooks(hooks: dict[str, tuple[int, ...]]) -> None:
    for name, kept in hooks.items():
        registered = vars(torch.nn.modules.module)[name]
        for key in [key for key in registered if key not in kept]:
            del registered[key]


PARTS = (
    Part("torch's random generator", _generators, _set_generators, excusable=False),
    Part("torch's settings", _settings, _set_settings, excusable=False),
    Part("the flags of torch's backends", _flags, _set_flags, excusable=False),
    Part("torch's functions", _functions, _set_functions, counts="kept"),
    Part("torch's hooks for all modules", _hooks, _set_hooks),
)
