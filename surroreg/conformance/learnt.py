"""Parameters that are tensors: their values neuron by neuron, and the gradients by which they learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from surroreg import formula
from surroreg.conformance import near
from surroreg.conformance.case import Case
from surroreg.conformance.draws import admits
from surroreg.specs import Parameter

#: Dtypes of the input and of the parameters, and the error allowed relative to the gradient.
PRECISIONS = (
    (torch.float64, torch.float64, 1e-6),
    (torch.float32, torch.float32, 5e-4),
    (torch.float64, torch.float32, 5e-4),
    (torch.bfloat16, torch.float32, 2e-2),
    (torch.float16, torch.float16, 2e-2),
)
#: The step of a difference, relative to the parameter.
STEP = 2.0**-17


def hold_tensors(case: Case, values: str) -> None:
    """Raise unless a tensor of a parameter's values gives each neuron what its number gives."""
    x = near.few(case)
    x = x[x.abs() <= 1e2][:16].reshape(4, 4) if len(x) >= 16 else x.repeat(16)[:16].reshape(4, 4)
    for parameter in case.spec.parameters:
        if parameter.type is not float:
            continue
        row = _row(parameter, case.params[parameter.name])
        alone = torch.stack([case.with_params({**case.params, parameter.name: v}).gradient(x) for v in row])
        columns = torch.arange(4).expand(4, 4)
        for name, shape, picks in (
            ("a tensor without dimensions", (), torch.zeros(4, 4, dtype=torch.int64)),
            ("a tensor of one value", (1,), torch.zeros(4, 4, dtype=torch.int64)),
            ("a tensor of one value for each column", (4,), columns),
            ("a tensor of one value for each row", (4, 1), columns.T),
            ("a tensor of one value for each element", (4, 4), (columns + columns.T) % 4),
        ):
            chosen = torch.tensor(row, dtype=torch.float64, device=case.device)[picks.to(case.device)]
            given = chosen[tuple(slice(None) if size == 4 else slice(1) for size in (1, 1, *shape)[-2:])].reshape(shape)
            want = alone.gather(0, picks.to(case.device)[None])[0]
            got = case.with_params({**case.params, parameter.name: given}).gradient(x)
            promise = f"{parameter.name} as {name} gives what the numbers give{values}"
            case.compare(promise, x, got, want, 64 * case.eps * (want.abs() + want.abs().max()))


def _row(parameter: Parameter, value: float) -> list[float]:
    """Return four values of a parameter, the given one first."""
    tried = [value, *((value * 1.25, value * 0.8, value * 1.5) if value else (0.3, 0.7, 0.1))]
    return [number if admits(parameter, number) else value for number in tried]


def hold_learnt(case: Case, values: str) -> None:
    """Raise unless all parameters, learnt at once, get the primitive's gradient at every input, in every dtype."""
    floats = [p for p in case.spec.parameters if p.type is float]
    for dtype, kept, error in PRECISIONS if not values else PRECISIONS[:1]:
        numbers = {p.name: float(torch.tensor(case.params[p.name], dtype=kept)) for p in floats}
        low = case.with_params({**case.params, **numbers}).at(dtype)
        exact = not values and kept is torch.float64
        # At the bounds of a parameter a difference may step outside; the spec's own values are compared even so.
        if not exact and not all(admits(p, numbers[p.name] * (1 + side * STEP)) for p in floats for side in (1, -1)):
            continue
        x = _away(low)
        tensors = {
            name: nn.Parameter(torch.full(x.shape, number, dtype=kept, device=x.device))
            for name, number in numbers.items()
        }
        low.with_params({**low.params, **tensors})(x.detach().requires_grad_()).sum().backward()  # type: ignore[no-untyped-call]
        for name, tensor in tensors.items():
            want, rounding = _difference(low, x.double(), name)
            got = torch.full_like(want, torch.nan) if tensor.grad is None else tensor.grad.double()
            fits = want.abs() < torch.finfo(kept).max / 2
            allowed = error * (want.abs() + want[fits].abs().max() / 10) + rounding + torch.finfo(kept).tiny
            promise = f"the gradient of {name} is the primitive's, input in {dtype}, parameters in {kept}{values}"
            case.compare(promise, x[fits], got[fits], want[fits], allowed[fits])
            if (dtype, kept) == (torch.float64, torch.float64):
                _hold_summed(low, x, name, got, float(allowed.sum()), values)


def _hold_summed(case: Case, x: Tensor, name: str, each: Tensor, allowed: float, values: str) -> None:
    """Raise unless one value for all inputs gets the sum of the gradients that a value for each gets."""
    shared = nn.Parameter(torch.tensor([case.params[name]], dtype=torch.float64, device=x.device))
    case.with_params({**case.params, name: shared})(x).sum().backward()  # type: ignore[no-untyped-call]
    got = torch.full_like(shared, torch.nan) if shared.grad is None else shared.grad
    promise = f"the gradient of one {name} for all inputs is the sum over them{values}"
    case.compare(promise, shared, got, each.sum().reshape(1), allowed)


def hold_changed(case: Case, values: str) -> None:
    """Raise unless a parameter that an optimiser has changed counts as it is now."""
    x = near.few(case)
    for parameter in case.spec.parameters:
        if parameter.type is not float:
            continue
        row = _row(parameter, case.params[parameter.name])
        tensor = nn.Parameter(torch.tensor(row[:1], dtype=torch.float64, device=case.device))
        learning = case.with_params({**case.params, parameter.name: tensor})
        for number in row:
            with torch.no_grad():
                tensor.fill_(number)
            want = case.with_params({**case.params, parameter.name: number}).gradient(x)
            promise = f"{parameter.name} counts as it is after it was changed in place{values}"
            allowed = 64 * case.eps * (want.abs() + want.abs().max())
            case.compare(promise, x, learning.gradient(x), want, allowed)


def _away(case: Case) -> Tensor:
    """Return inputs that are away from the kinks, which move with the parameters."""
    wide = torch.cat([near.few(case), case.smooth_points(count=31)])
    x: Tensor = torch.unique(wide[wide.abs() <= 1e3].to(case.dtype))
    for kink in formula.kinks(case.spec, case.params):
        x = x[(x.double() - kink).abs() > 0.05 * abs(kink)]
    return x[x != 0]


def _difference(case: Case, x: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Return the primitive's derivative with respect to a parameter, and the error of the difference."""
    value = case.params[name]
    step = STEP * abs(value) or STEP
    coarse, fine = (
        [case.primitive(x, {**case.params, name: value + side * size}) for side in (1, -1)] for size in (step, step / 2)
    )
    slopes = [(high - low) / (2 * size) for (high, low), size in ((coarse, step), (fine, step / 2))]
    rounding = 16 * torch.finfo(torch.float64).eps * (fine[0].abs() + fine[1].abs()) / step
    return slopes[1], rounding + (slopes[1] - slopes[0]).abs()
