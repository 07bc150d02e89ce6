"""What surrounds the numbers: copies, memory, threads, and the description."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.autograd.graph import kept_bytes
from surroreg.conformance.case import Case, pull
from surroreg.conformance.objects import tensors
from surroreg.conformance.table import BLACK_BOX, ConformanceError, NotVerifiedError, check
from surroreg.errors import SpecError
from surroreg.registry import process
from surroreg.specs import SurrogateSpec

THREADS = 8


@check(
    "Pickled, deep-copied and saved surrogates are the surrogate",
    why="Data loaders, multiprocessing, checkpoints and torch.save of a whole model copy what they are given.",
    bug="snntorch#420: Can't pickle local object 'atan.<locals>.inner'.",
    sweep="once",
    devices=("cpu",),
)
def copies(case: Case) -> None:
    """Compare spikes and gradient of each copy; where tensors are held, each has its own."""
    ways: dict[str, Callable[[], Any]] = {"deep-copied": lambda: copy.deepcopy(case.surrogate)}
    unnamed = _without_name(case)
    if not unnamed:
        ways["pickled"] = lambda: pickle.loads(pickle.dumps(case.surrogate))
        ways["saved and loaded"] = lambda: _saved_and_loaded(case.surrogate)
    x = case.random(64)
    spikes, gradient = case(x), case.gradient(x)
    for way, make in ways.items():
        try:
            twin = make()
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            raise ConformanceError(f"the surrogate can be {way}", got=got) from error
        own, others = ({tensor.data_ptr() for tensor in tensors(each)} for each in (case.surrogate, twin))
        if own & others - {0}:  # an empty tensor has no memory
            raise ConformanceError(f"a {way} surrogate has tensors of its own", got="the memory of the original")
        other = case.with_params(case.params)
        other._surrogate = twin
        case.compare(f"a {way} surrogate gives the same spikes", x, other(x), spikes)
        case.compare(f"a {way} surrogate gives the same gradient", x, other.gradient(x), gradient)
    if unnamed:
        raise NotVerifiedError(f"it cannot be copied by name: {unnamed}")


def _without_name(case: Case) -> str:
    """Return why a pickle cannot name the spec of a surrogate; ``""`` where it can, or needs no name."""
    if case.bare is None:
        try:
            process.registry.name_of(case.surrogate.spec)  # type: ignore[attr-defined]
        except SpecError as error:
            return str(error)
    return ""


def _saved_and_loaded(thing: Any) -> Any:
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@check(
    "What the factory returns can be pickled by itself",
    why="surroreg pickles the surrogate by its name; taken out of surroreg, a closure pickles no more.",
    bug="All of snnTorch 1.0.0's surrogates are closures (snntorch#420).",
    gate=BLACK_BOX,
    severity="warning",
    sweep="once",
    devices=("cpu",),
)
def factory_pickles(case: Case) -> None:
    """Pickle the callable, not the surrogate around it."""
    if case.bare is not None:
        raise NotVerifiedError("given as it is, it is pickled by the check of copies")
    made = case.spec.resolve("factory")
    assert made is not None
    try:
        pickle.dumps(made(**case.params))
    except Exception as error:
        promise = "what the factory returns can be pickled"
        raise ConformanceError(promise, got=f"{type(error).__name__}: {error}") from error


class _Mark:
    """Something to hang on a tensor, and to see die with it."""


@check(
    "The graph is freed when the spikes are, without the garbage collector",
    why="A network of many time steps fills the memory before the collector runs.",
    bug="pytorch#25340: a context that refers to its own output is a cycle.",
    sweep="once",
)
def graph_freed(case: Case) -> None:
    """Drop the spikes, with the garbage collector off."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for backward in (False, True):
            marks = _graph(case, backward)
            if any(mark() is not None for mark in marks):
                raise ConformanceError("the graph is freed when the spikes are", got="a reference cycle")
    finally:
        if was_enabled:
            gc.enable()


def _graph(case: Case, backward: bool) -> list[weakref.ref[_Mark]]:
    leaf = case.random(8).requires_grad_()
    membrane = leaf * 1
    spikes = case(membrane)
    marks = [_Mark(), _Mark()]
    membrane.mark, spikes.mark = marks  # type: ignore[attr-defined]
    if backward:
        pull(leaf, spikes)
    return [weakref.ref(mark) for mark in marks]


@check(
    "No more is kept for the backward pass than one tensor, or what the traits say",
    why="What a surrogate keeps is kept for every neuron and time step: it decides which network fits.",
    bug="Plain compositions of operations keep three tensors.",
    severity="warning",
    sweep="once",
)
def memory(case: Case) -> None:
    """Count the bytes of saved tensors, each memory once."""
    x = case.random(1024)
    per_element = kept_bytes(lambda leaf: case.spikes_of(leaf)[1], x) / x.numel()
    case.measures["saved bytes per element"] = per_element
    most = 0 if case.spec.traits.reads == "nothing" else x.element_size()
    if per_element > most:
        promise = f"at most {most} bytes per {case.dtype} element are kept (traits: reads={case.spec.traits.reads!r})"
        raise ConformanceError(promise, got=f"{per_element:g}", expected=f"at most {most}")


@check(
    "Threads do not disturb each other",
    why="Data-parallel training and inference servers call one surrogate from many threads.",
    sweep="once",
)
def threads(case: Case) -> None:
    """Call one surrogate from eight threads at once; compare with one after the other."""
    inputs = [case.random(512, seed=10 + place) for place in range(THREADS)]

    def work(x: Tensor) -> tuple[Tensor, Tensor]:
        leaf, spikes = case.spikes_of(x)
        return spikes, pull(leaf, spikes)

    alone = [work(x) for x in inputs]
    barrier = threading.Barrier(THREADS)

    def together(x: Tensor) -> tuple[Tensor, Tensor]:
        barrier.wait(timeout=60)
        return work(x)

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(together, inputs))
    for x, (spikes, gradient), (want_spikes, want_gradient) in zip(inputs, results, alone, strict=True):
        case.compare("spikes computed in threads are those computed alone", x, spikes, want_spikes)
        if not case.spec.traits.stochastic:  # threads share torch's generator
            case.compare("gradients computed in threads are those computed alone", x, gradient, want_gradient)


@check(
    "The spec says what its users must know",
    why="Catalogue, command line and error messages are made of it.",
    sweep="once",
    devices=("cpu",),
)
def spec_complete(case: Case) -> None:
    """Summary, formula, references, and a sentence for every parameter."""
    if case.bare is not None:
        raise NotVerifiedError("it is a bare callable, without a spec")
    spec = case.spec
    lacks = [] if spec.summary else ["a summary (the first line of the docstring)"]
    numeric = all(p.type in (int, float) for p in spec.parameters)
    if spec.derivative is not None and numeric and spec.formula is None:
        lacks.append("a formula")
    lacks += [] if spec.references else ["a reference"]
    lacks += [f"a doc for parameter {p.name!r}" for p in spec.parameters if not p.doc]
    if lacks:
        raise ConformanceError("a spec has a summary, a formula, a reference, documented parameters", got=_no(lacks))
    if spec.formula is not None and numeric:
        formula.values(spec, [0.5], case.params)
        formula.kinks(spec, case.params)


def _no(lacks: list[str]) -> str:
    return "without " + " and ".join(lacks)


@check(
    "The spec survives JSON",
    why="Configurations, caches and other processes receive a spec as text.",
    sweep="once",
    devices=("cpu",),
)
def spec_round_trip(case: Case) -> None:
    """Write, read, write again; find the same functions."""
    if case.bare is not None:
        raise NotVerifiedError("it is a bare callable, without a spec")
    spec = case.spec
    promise = "SurrogateSpec.from_json(spec.to_json()) is the spec"
    try:
        again = SurrogateSpec.from_json(spec.to_json())
        functions = [
            (again.resolve(role), spec.resolve(role)) for role in ("derivative", "factory", "primitive", "kernel")
        ]
    except (SpecError, TypeError, ValueError) as error:
        raise ConformanceError(promise, got=f"{type(error).__name__}: {error}") from error
    if again.to_dict() != spec.to_dict():
        raise ConformanceError(promise, got="another description")
    for found, wanted in functions:
        if found is not wanted:
            raise ConformanceError(promise, got=repr(found), expected=repr(wanted))
