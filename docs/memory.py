"""Compare gradients of narrower saved dtypes with their bound, and write the table into guides/memory.md."""

from __future__ import annotations

import torch
from part import Part, markdown
from torch import Tensor

import surroreg
from surroreg import formula
from surroreg.specs.validation import SAVED_DTYPES

PART = Part("guides/memory.md", "errors", "memory.py")
#: Membranes that are compared: normally distributed, as many as in a layer of a large batch.
COUNT = 100_000
#: Points between an input and its farthest neighbour, at which the derivative is evaluated for the bound.
BETWEEN = 32


def roundoff(name: str) -> tuple[float, float]:
    """Return the largest relative distance of an input to its nearest number in a dtype, and the least number there.

    An input below the least number may become that number.
    """
    info = torch.finfo(getattr(torch, name))
    return info.eps / 2, info.smallest_normal * info.eps


def errors(name: str, saved: str) -> dict[str, float]:
    """Return errors as parts of one: the largest and the bound, of the peak; the mean, of the mean gradient.

    ``used`` is the largest part of its own bound that the error of an input reaches.
    """
    s, kept = surroreg.load(name), surroreg.load(name, saved_dtype=saved)
    x = torch.randn(COUNT, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (found,) = torch.autograd.grad(kept(x).sum(), x)
    wide = x.detach().double()
    exact = s.derivative(wide)
    error = (found.double() - exact).abs()
    allowed = bound(s, wide, saved)
    peak = s.derivative(torch.linspace(-5, 5, 100_001, dtype=torch.float64)).abs().max()
    return {
        "error": float(error.max() / peak),
        "bound": float(allowed.max() / peak),
        "mean": float(error.mean() / exact.abs().mean()),
        "used": float((error / allowed.clamp(min=1e-12)).max()),
    }


def bound(s: surroreg.Surrogate, x: Tensor, saved: str) -> Tensor:
    """Return how far the derivative departs from its value at ``x`` on the way to any number that may be kept of it.

    No number but zero becomes zero where that makes a difference: the way ends at zero.
    """
    relative, least = roundoff(saved)
    reach = torch.maximum(x.abs() * relative, torch.full_like(x, least))
    steps = [count / BETWEEN for count in range(-BETWEEN, BETWEEN + 1)]
    exact = s.derivative(x)
    largest = torch.zeros_like(x)
    for step in steps:
        place = torch.where(x > 0, (x + step * reach).clamp(min=1e-300), (x + step * reach).clamp(max=-1e-300))
        largest = torch.maximum(largest, (s.derivative(place) - exact).abs())
    for kink in formula.kinks(s.spec, s.params):
        # Between two of the points the derivative may jump, or turn.
        near = torch.tensor([kink - 1e-9, kink, kink + 1e-9], dtype=torch.float64)
        crossing = ((x - kink).abs() <= reach) & (kink != 0)
        for value in s.derivative(near):
            largest = torch.where(crossing, torch.maximum(largest, (value - exact).abs()), largest)
    return largest * 1.01 + 1e-6 * exact.abs()  # between the points; float32


def compared() -> list[str]:
    """Return the built-ins that keep their input, are deterministic, and need no value."""
    specs = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]
    return [
        s.name
        for s in specs
        if s.traits.reads == "input" and not s.traits.stochastic and not any(p.required for p in s.parameters)
    ]


def table() -> str:
    """Return the errors as a Markdown table."""
    rows = [["surrogate", *(f"`{name}`" for name in SAVED_DTYPES)]]
    for name in compared():
        cells = [errors(name, saved) for saved in SAVED_DTYPES]
        rows.append(
            [f"`{name}`", *(f"{_percent(c['error'])} of {_percent(c['bound'])}, {_percent(c['mean'])}" for c in cells)]
        )
    return markdown(rows)


def _percent(part: float) -> str:
    return f"{float(f'{100 * part:.2g}'):g} %" if part >= 5e-6 else "0"


if __name__ == "__main__":
    PART.write(table())
