"""What Python shares with the whole process: generators, filters, environment, handlers, threads, files."""

from __future__ import annotations

import builtins
import contextlib
import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from surroreg.conformance.part import Entries, Part

#: Variables with these beginnings belong to torch's compiler, which sets some at its first use.
_OF_THE_COMPILER = ("TORCHINDUCTOR_", "TRITON_")
_HOOKS = (
    (sys, "excepthook"),
    (sys, "displayhook"),
    (sys, "unraisablehook"),
    (sys, "breakpointhook"),
    (sys, "stdin"),
    (threading, "excepthook"),
    (warnings, "formatwarning"),
    (builtins, "print"),
    (builtins, "open"),
    (builtins, "input"),
    (builtins, "__import__"),
)


def _numpy_random() -> Any:
    """Return ``numpy.random`` if somebody has imported it."""
    return sys.modules.get("numpy.random")


def _generators() -> Entries:
    states: dict[str, Any] = {"random": repr(random.getstate()).encode()}
    if (numpy_random := _numpy_random()) is not None:
        kind, keys, *position = numpy_random.get_state()
        states["numpy.random"] = keys.tobytes() + repr((kind, position)).encode()
    return states


def _filters() -> Entries:
    """Return the filters of warnings, but those that a library sets for warnings of its own."""
    filters = []
    entries: list[Any] = list(warnings.filters)
    for action, message, category, module, _ in entries:
        if category.__module__ in ("builtins", "torch", "numpy"):
            patterns = [getattr(pattern, "pattern", pattern) or "*" for pattern in (message, module)]
            filters.append(f"{action} {category.__name__} of {patterns[1]}, message {patterns[0]}")
    return dict.fromkeys(filters, "set") | {"first filter": filters[0] if filters else "none"}


def _environment() -> Entries:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_COMPILER)}


def _set_environment(variables: dict[str, str]) -> None:
    for name in {*_environment()} - {*variables}:
        del os.environ[name]
    os.environ.update(variables)


def _folder() -> Entries:
    try:
        return {"path": os.getcwd()}
    except FileNotFoundError:  # somebody has removed it
        return {"path": None}


def _handlers() -> Entries:
    handlers: dict[str, Any] = {}
    for number in signal.valid_signals():
        handlers[getattr(number, "name", str(number))] = signal.getsignal(number)
    timer = getattr(signal, "ITIMER_REAL", None)
    return handlers | {"timer": timer is not None and signal.getitimer(timer) != (0.0, 0.0)}


def _set_handlers(handlers: dict[str, Any]) -> None:
    for number in signal.valid_signals():
        name = getattr(number, "name", str(number))
        if signal.getsignal(number) is not handlers[name] and handlers[name] is not None:
            signal.signal(number, handlers[name])
    if not handlers["timer"] and _handlers()["timer"]:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _threads() -> Entries:
    """Return the threads that Python started; code in C++ that calls Python makes dummies."""
    return {thread.ident: thread.name for thread in threading.enumerate() if type(thread).__name__ != "_DummyThread"}


def _files() -> Entries:
    """Return the open descriptors and what they refer to; those of devices come with drivers."""
    folder = Path("/proc/self/fd")
    files: dict[str, str] = {}
    if folder.is_dir():
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
                target = os.readlink(folder / name)
                if not target.startswith("/dev/"):
                    files[f"{name} ({target})"] = "open"
    return files


def _children() -> Entries:
    """Return the processes that this process has started and not waited for."""
    children: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):
                for number in Path("/proc/self/task", task, "children").read_text().split():
                    children[number] = "running"
    return children


def _collector() -> Entries:
    return {
        "enabled": gc.isenabled(),
        "thresholds": gc.get_threshold(),
        "flags for debugging": gc.get_debug(),
        "callbacks": tuple(map(id, gc.callbacks)),
    }


def _set_collector(settings: dict[str, Any]) -> None:
    (gc.enable if settings["enabled"] else gc.disable)()
    gc.set_threshold(*settings["thresholds"])
    gc.set_debug(settings["flags for debugging"])
    gc.callbacks[:] = [callback for callback in gc.callbacks if id(callback) in settings["callbacks"]]


def _logging() -> Entries:
    root = logging.getLogger()
    return {
        "level": root.level,
        "handlers": tuple(root.handlers),
        "filters": tuple(root.filters),
        "disabled": root.disabled,
        "disabled up to level": root.manager.disable,
        "logger class": logging.getLoggerClass(),
        "record factory": logging.getLogRecordFactory(),
        "warnings are captured": warnings.showwarning.__module__ == "logging",
    }


def _set_logging(settings: dict[str, Any]) -> None:
    root = logging.getLogger()
    root.setLevel(settings["level"])
    root.handlers[:], root.filters[:] = settings["handlers"], settings["filters"]
    root.disabled = settings["disabled"]
    logging.disable(settings["disabled up to level"])
    logging.setLoggerClass(settings["logger class"])
    logging.setLogRecordFactory(settings["record factory"])
    if _logging()["warnings are captured"] and not settings["warnings are captured"]:
        logging.captureWarnings(False)


def _interpreter() -> Entries:
    settings: dict[str, Any] = {
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "digits of an int as text": getattr(sys, "get_int_max_str_digits", int)(),
        "locale": locale.setlocale(locale.LC_ALL),
        "trace function": sys.gettrace(),
        "profile function": sys.getprofile(),
        "import path": tuple(sys.path),
        "finders of modules": tuple(map(id, sys.meta_path)),
        "hooks of the import path": tuple(map(id, sys.path_hooks)),
    }
    return settings | {f"{module.__name__}.{name}": getattr(module, name) for module, name in _HOOKS}


def _set_interpreter(settings: dict[str, Any]) -> None:
    sys.setrecursionlimit(settings["recursion limit"])
    sys.setswitchinterval(settings["switch interval"])
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(settings["digits of an int as text"])
    locale.setlocale(locale.LC_ALL, settings["locale"])
    if sys.gettrace() is not settings["trace function"]:
        sys.settrace(settings["trace function"])
    if sys.getprofile() is not settings["profile function"]:
        sys.setprofile(settings["profile function"])
    sys.path[:] = settings["import path"]
    sys.meta_path[:] = [finder for finder in sys.meta_path if id(finder) in settings["finders of modules"]]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if id(hook) in settings["hooks of the import path"]]
    for module, name in _HOOKS:
        setattr(module, name, settings[f"{module.__name__}.{name}"])


def _numpy_settings() -> Entries:
    numpy: Any = sys.modules.get("numpy")
    return {} if numpy is None else {**numpy.geterr(), **numpy.get_printoptions()}


def _set_numpy(settings: dict[str, Any]) -> None:
    numpy: Any = sys.modules["numpy"]
    errors = {*numpy.geterr()}
    numpy.seterr(**{name: value for name, value in settings.items() if name in errors})
    options = {*numpy.get_printoptions()}
    numpy.set_printoptions(**{name: value for name, value in settings.items() if name in options})


PARTS = (
    Part("the random generators of Python and numpy", _generators, counts="kept"),
    Part("numpy's settings", _numpy_settings, _set_numpy, counts="kept"),
    Part("the filters of warnings", _filters),
    Part("the environment", _environment, _set_environment),
    Part("the working directory", _folder, lambda folder: os.chdir(folder["path"])),
    Part("the handlers of signals", _handlers, _set_handlers),
    Part("threads", _threads, counts="added"),
    Part("open files", _files, counts="added"),
    Part("child processes", _children, counts="added"),
    Part("the garbage collector", _collector, _set_collector),
    Part("logging", _logging, _set_logging),
    Part("the interpreter", _interpreter, _set_interpreter),
)
