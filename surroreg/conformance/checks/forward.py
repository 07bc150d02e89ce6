"""The forward pass: exactly a Heaviside step, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from surroreg.conformance.case import Case, shown
from surroreg.conformance.examples import try_numbers
from surroreg.conformance.objects import learns
from surroreg.conformance.table import ConformanceError, NotVerifiedError, check
from surroreg.errors import in_one_line


def _expect_step(case: Case, x: Tensor) -> None:
    x = x[x == x]
    x = x[x != 0].requires_grad_()  # as in training; zero and NaN have checks of their own
    case.compare("the spike is 1 above zero and 0 below", x, case(x), (x > 0).double())


@check(
    "The spike is 1 above zero and 0 below",
    why="Neurons that send anything but 0 and 1, or fire elsewhere than at the threshold, are no spiking neurons.",
    bug="Soft or sign-valued spikes; x > 1e-6 in place of x > 0, which loses the smallest numbers.",
)
def forward_step(case: Case) -> None:
    """Try awkward numbers, then what hypothesis finds."""
    _expect_step(case, case.grid)
    try_numbers(case, lambda numbers: _expect_step(case, case.tensor(numbers)))


@check(
    "At exactly zero the spike is what is declared",
    why="A membrane that is reset to the threshold sits at exactly zero; libraries disagree on what happens then.",
    bug="snnTorch and Norse do not fire at zero, SpikingJelly does, and none of them says so.",
)
def forward_at_zero(case: Case) -> None:
    """Try both zeros."""
    x = case.tensor([0.0, -0.0]).requires_grad_()
    if case.bare is not None:  # it declares nothing, but both zeros are one number
        spikes = case(x).detach()
        if spikes[0] not in (0, 1):
            raise ConformanceError("the spike at zero is 0 or 1", at="x = 0.0", got=shown(spikes[0]))
        case.compare("the spike at -0 is that at +0", x, spikes, spikes[:1].expand(2))
        return
    want = torch.full_like(x, float(case.spec.traits.fires_at_zero))
    case.compare("the spike at exactly zero is as declared (traits: fires_at_zero)", x, case(x), want)
    if case.spec.derivative is None:
        return
    for value in (0, 1):
        spikes = case.spec(at_zero=value, **case.params)(x)
        case.compare(f"with at_zero={value} the spike at exactly zero is {value}", x, spikes, torch.full_like(x, value))


@check(
    "NaN does not spike",
    why="A membrane that has become NaN would fire at every step, and the fault would spread as ordinary spikes.",
)
def forward_nan(case: Case) -> None:
    """Accept no spike, or NaN."""
    x = case.tensor([torch.nan, 1.0]).requires_grad_()
    spike = float(case(x).detach()[0])
    if spike == spike and spike != 0:
        raise ConformanceError("NaN does not spike", at="x = nan", got=shown(spike), expected="0.0 (or nan)")


@check(
    "Spikes have the dtype of the input",
    why="A float32 spike in a float64, bfloat16 or float16 network raises in the next layer, or doubles its memory.",
    bug="snntorch#421: every surrogate of snnTorch 1.0.0 returns float32 whatever it is given.",
    devices=("cpu", "meta", "cuda"),
)
def forward_dtype(case: Case) -> None:
    """Ask for the dtype alone."""
    got = case(case.random(4).requires_grad_()).dtype
    if got is not case.dtype:
        raise ConformanceError("spikes have the dtype of the input", got=got, expected=case.dtype)


@check(
    "Spikes have the shape of the input",
    why="Layers, time steps and batches come as any number of dimensions, also none; an empty batch is no error.",
    sweep="once",
    devices=("cpu", "meta", "cuda"),
)
def forward_shape(case: Case) -> None:
    """Try no, one and many dimensions, and nothing at all."""
    for shape in ((), (1,), (7,), (3, 5), (2, 3, 4, 2, 3), (0,), (0, 4), (3, 0, 2)):
        got = tuple(case(case.random(*shape).requires_grad_()).shape)
        if got != shape:
            raise ConformanceError("spikes have the shape of the input", got=got, expected=shape)


@check(
    "Spikes and gradient stay on the input's device",
    why="A tensor made without device= lands on the CPU: it works on the author's laptop and fails on every GPU.",
    sweep="once",
    devices=("cpu", "meta", "cuda"),
)
def device_kept(case: Case) -> None:
    """Forward and backward; the meta device tells even where there is no GPU."""
    with _values_needed(case, "forward"):
        x, spikes = case.spikes_of(case.random(4))
    case.reseed()
    with _values_needed(case, "backward"):
        gradient = torch.autograd.grad(spikes.sum(), x)[0]
    for what, tensor in (("spikes", spikes), ("gradient", gradient)):
        if tensor.device != x.device:
            raise ConformanceError(f"the {what} is on the input's device", got=tensor.device, expected=x.device)


@contextlib.contextmanager
def _values_needed(case: Case, pass_: str) -> Iterator[None]:
    """Report an operation that needs values, which a meta tensor has not, as what it is.

    Raises:
        NotVerifiedError: the pass reads a value.
    """
    try:
        yield
    except (NotImplementedError, RuntimeError) as error:
        if case.device.type != "meta" or not (isinstance(error, NotImplementedError) or "item()" in str(error)):
            raise
        reads = f"the {pass_} pass reads a value (.item(), a branch) of a tensor"
        raise NotVerifiedError(f"{reads}, and meta tensors have none: {in_one_line(error)}") from None


@check(
    "Spikes are the same with and without gradients",
    why="Networks are trained with gradients and used without; the two must not be different networks.",
    bug="spikingjelly#296: a neuron returned None where its input required no gradient.",
    sweep="once",
)
def forward_modes(case: Case) -> None:
    """Under no_grad and inference_mode, and for inputs that require no gradient."""
    x = case.grid[case.grid == case.grid]
    want = case(x.clone().requires_grad_()).detach()
    found: dict[str, Tensor] = {"without requires_grad": case(x)}
    with torch.no_grad():
        found["under no_grad"] = case(x.clone().requires_grad_())
    with torch.inference_mode():
        found["under inference_mode"] = case(x.clone()) + 0.0
    for mode, spikes in found.items():
        if not isinstance(spikes, Tensor):
            raise ConformanceError(f"there are spikes {mode}", got=type(spikes).__name__)
        case.compare(f"spikes {mode} are those of training", x, spikes.clone(), want)
        # Spikes of a module that learns a parameter of its own depend on that, whatever the input requires.
        if spikes.requires_grad and not (mode == "without requires_grad" and learns(case.surrogate)):
            raise ConformanceError(f"spikes {mode} require no gradient", got="spikes that do")


@check(
    "The same input gives the same spikes again",
    why="A surrogate with a memory makes results depend on what ran before.",
    sweep="once",
)
def forward_repeatable(case: Case) -> None:
    """Call several times with one input."""
    x = case.random(64)
    want = case(x).clone()
    for _ in range(3):
        case.compare("the same input gives the same spikes again", x, case(x), want)


@check(
    "An input that is no real floating tensor is refused",
    why="Integer spikes carry no gradient: the network would silently not learn.",
    bug="Given int64, SpikingJelly 2.0.0 and Norse 1.1.0 return int64 spikes, without an error.",
    sweep="once",
)
def refuses_other_inputs(case: Case) -> None:
    """Integers, booleans, complex numbers."""
    for dtype in (torch.int64, torch.bool, torch.complex64):
        x = torch.ones(3, dtype=dtype, device=case.device)
        try:
            got = case(x)
        except Exception:  # of whatever type: refused
            continue
        kind = getattr(got, "dtype", type(got).__name__)
        raise ConformanceError(f"{dtype} input is refused", got=f"{kind} output", expected="a TypeError")
