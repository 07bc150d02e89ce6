"""One object and the next: what either was used for, or how many there are, changes no number."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

from surroreg.conformance import objects
from surroreg.conformance.case import DTYPES, Case, pull
from surroreg.conformance.table import ConformanceError, NotVerifiedError, check

#: Calls after which a surrogate that counts them, and the memory that it keeps, show.
CALLS = 1024
#: Calls, and objects, per measurement of memory.
ROUND = 64

Use = Callable[[Callable[[Tensor], Tensor], Tensor], object]


def _trained(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the gradient of a surrogate, without the tests of a case."""
    leaf = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(surrogate(leaf).sum(), leaf)
    return gradient


def _in_dtype(dtype: torch.dtype, surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    _trained(surrogate, x.to(dtype))


def _trace(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    from torch.fx.experimental.proxy_tensor import make_fx  # imports torch's compiler

    make_fx(lambda t: _trained(surrogate, t), tracing_mode="fake")(x)


def _infer(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    with torch.inference_mode():
        surrogate(x.clone())


def _without_grad(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    with torch.no_grad():
        surrogate(x)


def _autocast(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        _trained(surrogate, x.float())


def _evaluate(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    if isinstance(surrogate, nn.Module):
        surrogate.eval()


def _evaluate_and_train(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    _evaluate(surrogate, x)
    _infer(surrogate, x)
    if isinstance(surrogate, nn.Module):
        surrogate.train()


def _often(surrogate: Callable[[Tensor], Tensor], x: Tensor) -> None:
    for _ in range(CALLS):
        surrogate(x)
    for _ in range(CALLS // 8):
        _trained(surrogate, x)


#: What an object may have been used for before it is trained.
USES: dict[str, Use] = {
    "a call in inference mode": _infer,
    "a call under no_grad": _without_grad,
    "a call without requires_grad": lambda surrogate, x: surrogate(x),
    "a call on the meta device": lambda surrogate, x: _trained(surrogate, x.to("meta")),
    **{f"a call in {dtype}": functools.partial(_in_dtype, dtype) for dtype in DTYPES},
    "a call with another shape": lambda surrogate, x: _trained(surrogate, x.reshape(1, -1)[:, :5]),
    "an empty call": lambda surrogate, x: _trained(surrogate, x[:0]),
    "a call with infinities and NaN": lambda surrogate, x: _trained(surrogate, x / 0 * x.sign().clamp(min=0)),
    "a call with large numbers": lambda surrogate, x: _trained(surrogate, x * 1e4),
    "a trace by make_fx": _trace,
    "a call under vmap": lambda surrogate, x: torch.func.vmap(surrogate)(x),
    "a call under torch.func.grad": lambda surrogate, x: torch.func.grad(lambda t: surrogate(t).sum())(x),
    "a call under autocast": _autocast,
    ".eval()": _evaluate,
    ".eval() and .train()": _evaluate_and_train,
    f"{CALLS} calls": _often,
}


@check(
    "Whatever an object was used for before, it trains as a new one",
    why="A network is validated, traced, moved and evaluated between its steps of training; none may change the next.",
    bug="A constant that is made at the first call is an inference tensor, or a fake one, for ever.",
    sweep="once",
)
def used_before(case: Case) -> None:
    """Use a new object in one way, then compare spikes and gradient with those of an unused object."""
    x = torch.cat([case.random(31), case.tensor([-2.5, -0.25, 0.25, 2.5])])
    spikes, gradient = case(x).detach(), case.gradient(x)
    for place, (use, prepare) in enumerate(USES.items()):
        # Another length each: some surrogates keep constants per shape in a table of their module.
        few = x[: 12 + place]
        other = case.with_params(case.params)
        with contextlib.suppress(Exception):  # it may refuse: then that changes nothing, either
            prepare(other.surrogate, few.clone())
        try:
            got_spikes, got_gradient = other(few.clone()).detach(), other.gradient(few)
        except ConformanceError:
            raise ConformanceError(f"after {use} an object can be trained", got="spikes without a gradient") from None
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            raise ConformanceError(f"after {use} an object can be trained", got=got) from error
        case.compare(f"after {use} spikes are those of a new object", few, got_spikes, spikes[: len(few)])
        if not case.spec.traits.stochastic:  # another length draws other numbers
            want = gradient[: len(few)]
            allowed = 64 * case.eps * (want.abs() + want.abs().max())
            case.compare(f"after {use} the gradient is that of a new object", few, got_gradient, want, allowed)


@check(
    "Two objects do not disturb each other",
    why="Layers have surrogates of their own, with other slopes, and are annealed and moved one by one.",
    bug="A slope that is kept in the module: the surrogate that was built last decides for all.",
    sweep="once",
    devices=("cpu",),
)
def objects_apart(case: Case) -> None:
    """Two of equal values share no state; two of different values alternate, built in either order."""
    if case.bare is not None:
        raise NotVerifiedError("given as it is, it is the only object of its kind")
    one, other = case.build(), case.build()
    shared = {id(part) for part in objects.parts(one)} & {id(part) for part in objects.parts(other)}
    if shared:
        kinds = sorted({type(part).__name__ for part in objects.parts(one) if id(part) in shared})
        raise ConformanceError("two objects of equal values share no state", got=f"both have the same {kinds[0]}")
    values = objects.at_other_values(case)
    if values is None:
        return
    x = case.random(31)
    cases = [case, case.with_params(values)]
    alone = [single.with_params(single.params).gradient(x) for single in cases]
    for order in ((0, 1), (1, 0)):
        built = {place: cases[place].with_params(cases[place].params) for place in order}
        for place in order:
            built[place].surrogate  # noqa: B018  # builds it: after the other, and before either is called
        called = {place: built[place].spikes_of(x) for place in (0, 1)}
        for place in (0, 1):
            case.reseed()
            promise = f"beside an object of other values the gradient at {dict(cases[place].params)} stays"
            case.compare(promise, x, pull(*called[place]), alone[place])


@check(
    "Live memory grows neither with the calls of an object nor with the objects that were built",
    why="Training calls a surrogate millions of times; what each call adds fills the memory in the end.",
    bug="A list of all membranes, for a plot; a table of all objects, for a lookup.",
    sweep="once",
    devices=("cpu",),
)
def memory_constant(case: Case) -> None:
    """Count the blocks of memory that Python has in use, round after round; the least growth is that of every round."""
    x = case.random(8)
    for subject, act, warm in (
        ("a call", lambda: _trained(case.surrogate, x), 2 * ROUND),
        # A table that numbers objects takes no memory for the first 256 numbers, which Python keeps anyway.
        ("an object that is built and dropped", case.build, 5 * ROUND),
    ):
        # Python's own caches grow, too, but ever less: only what goes on growing is kept by the surrogate.
        growth = sys.maxsize
        for _ in range(5):
            growth = min(growth, _growth(act, warm))
            if growth < ROUND // 2:
                break
        else:
            promise = f"{subject} leaves nothing in memory"
            raise ConformanceError(promise, got=f"{growth} blocks more after {ROUND}", expected="none")


def _growth(act: Callable[[], object], warm: int) -> int:
    """Return by how many blocks the memory in use grows in a round at least."""
    sizes = []
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(warm):
            act()
        for _ in range(5):
            gc.collect(0)  # only what is new: all that torch and others hold takes twenty times as long
            sizes.append(sys.getallocatedblocks())
            for _ in range(ROUND):
                act()
    finally:
        if was_enabled:
            gc.enable()
    return min(after - before for before, after in itertools.pairwise(sizes))


@check(
    "A surrogate that was used on the CPU can be moved",
    why="A network is built and tried on the CPU, then moved; what it keeps must follow.",
    bug="A constant that is made at the first call, and kept in a plain attribute, stays on the first device.",
    sweep="once",
    devices=("meta", "cuda"),
)
def moved(case: Case) -> None:
    """Use it on the CPU, move it, and use it there; a surrogate that fails there anyway is another check's."""
    x = case.random(5)
    new = case.with_params(case.params)
    try:
        gradient = _trained(new.surrogate, x)
    except Exception as error:
        raise NotVerifiedError(f"a new one does not work on {case.device.type}: {error}") from None
    used = case.on(torch.device("cpu"))
    _trained(used.surrogate, x.cpu() if case.device.type != "meta" else torch.ones(5, dtype=case.dtype))
    promise = f"after a call on the CPU it can be moved to {case.device.type}"
    try:
        got = _trained(objects.moved(used.surrogate, case.device, bare=case.bare is not None), x)
    except Exception as error:
        raise ConformanceError(promise, got=f"{type(error).__name__}: {error}") from error
    if got.device != gradient.device:
        raise ConformanceError(promise, got=f"a gradient on {got.device}", expected=str(gradient.device))
