"""The argument of a check: one surrogate, one set of parameter values, one dtype, one device."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from surroreg import formula
from surroreg.conformance import points
from surroreg.conformance.objects import moved
from surroreg.conformance.sweep import sweep
from surroreg.conformance.table import ConformanceError
from surroreg.specs import SurrogateSpec

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)

#: Rounding errors allowed, in units in the last place of the dtype: of the value itself and of its input.
ROUNDINGS = 16


@dataclass
class Case:
    """One surrogate under test.

    Args:
        spec: what it promises.
        params: its parameters' values.
        dtype, device: of the tensors it is given.
        bare: a callable to test as it is, in place of a surrogate built from the spec.
        seed: of everything drawn.
        examples: how many inputs hypothesis tries.
        worst: largest error met, in units of the allowed one; ``None`` where nothing was measured.
        measures: other numbers for the report.
    """

    spec: SurrogateSpec
    params: Mapping[str, Any]
    dtype: torch.dtype = torch.float64
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bare: Callable[[Tensor], Tensor] | None = None
    seed: int = 0
    examples: int = 50
    worst: float | None = None
    measures: dict[str, float] = field(default_factory=dict)
    _surrogate: Callable[[Tensor], Tensor] | None = field(default=None, repr=False)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the spikes of ``x``."""
        return self.surrogate(x)

    @property
    def surrogate(self) -> Callable[[Tensor], Tensor]:
        """The surrogate, built once for this case."""
        if self._surrogate is None:
            self._surrogate = self.build()
        return self._surrogate

    def build(self) -> Callable[[Tensor], Tensor]:
        """Return a new surrogate."""
        return moved(self.bare or self.spec(**self.params), self.device, bare=self.bare is not None)

    @functools.cached_property
    def all_params(self) -> list[dict[str, Any]]:
        """Every set of parameter values that is tried, the defaults first."""
        return list(sweep(self.spec))

    @property
    def is_default(self) -> bool:
        """Whether the parameters have their defaults (or the first example's values)."""
        return self.params == self.all_params[0]

    def with_params(self, params: Mapping[str, Any]) -> Case:
        """Return this case at other values, with a surrogate of its own."""
        return replace(self, params=params, _surrogate=None)

    def at(self, dtype: torch.dtype) -> Case:
        """Return this case at another dtype, with a surrogate of its own."""
        return replace(self, dtype=dtype, _surrogate=None)

    def on(self, device: torch.device) -> Case:
        """Return this case on another device, with a surrogate of its own."""
        return replace(self, device=device, _surrogate=None)

    # -- inputs ---------------------------------------------------------------------------------

    def tensor(self, values: Any, shape: tuple[int, ...] = (-1,)) -> Tensor:
        """Return numbers as a tensor of the case's dtype, on its device."""
        return torch.as_tensor(values, dtype=torch.float64).to(self.dtype).reshape(shape).to(self.device)

    def random(self, *shape: int, scale: float = 1.0, seed: int = 0) -> Tensor:
        """Return normally distributed numbers: the same on every device, and none of torch's generator used."""
        generator = torch.Generator().manual_seed(self.seed + seed)
        return self.tensor(torch.randn(shape, generator=generator, dtype=torch.float64) * scale, shape)

    @property
    def grid(self) -> Tensor:
        """Awkward values: subnormal, extreme, infinite, not a number; both zeros first."""
        return self.tensor(points.awkward(self.dtype))

    @property
    def points(self) -> Tensor:
        """Ordinary values, dense near zero and near kinks, none of them zero."""
        values: Tensor = torch.unique(self.tensor(points.ordinary(formula.kinks(self.spec, self.params))))
        return values[values != 0]

    def smooth_points(self, end: float = 3.05, count: int = 123, step: float = 1e-6) -> Tensor:
        """Return float64 values for central differences: away from zero and from declared kinks."""
        values = torch.linspace(0.02 - end, 0.02 + end, count, dtype=torch.float64, device=self.device)
        for kink in (0.0, *formula.kinks(self.spec, self.params)):
            values = values[(values - kink).abs() > 4 * step]
        return values

    @property
    def eps(self) -> float:
        """Spacing of the dtype's numbers at one."""
        return torch.finfo(self.dtype).eps

    # -- gradients ------------------------------------------------------------------------------

    def reseed(self) -> None:
        """Set torch's generator, so that a stochastic derivative draws the same again."""
        if self.spec.traits.stochastic:
            torch.manual_seed(self.seed)

    def spikes_of(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``x`` as a leaf that asks for its gradient, and its spikes.

        Raises:
            ConformanceError: the spikes carry no gradient.
        """
        leaf = x.detach().requires_grad_()
        spikes = self(leaf)
        if not isinstance(spikes, Tensor) or not spikes.requires_grad:
            raise ConformanceError("spikes of an input that requires a gradient carry one", got=_kind(spikes))
        return leaf, spikes

    def gradient(self, x: Tensor, upstream: Tensor | None = None) -> Tensor:
        """Return the gradient that reaches ``x``, as autograd gives it; ones go in if no ``upstream``."""
        leaf, spikes = self.spikes_of(x)
        self.reseed()
        return pull(leaf, spikes, upstream)

    def derivative(self, x: Tensor) -> Tensor:
        """Return the derivative that the surrogate itself computes, in the dtype of ``x``."""
        return self.surrogate.derivative(x)  # type: ignore[attr-defined,no-any-return]

    # -- what is promised -----------------------------------------------------------------------

    def declared(self, x: Tensor) -> Tensor:
        """Return the declared derivative at ``x`` in float64, drawn like the surrogate's if it draws."""
        if self.spec.derivative is None:
            return self.formula(x)
        derivative = self.spec.resolve("derivative")
        assert derivative is not None
        self.reseed()
        wide = x.detach().double()
        values = [self.params[p.name] for p in self.spec.parameters]
        return derivative(wide, *values).broadcast_to(wide.shape)  # type: ignore[no-any-return]

    def primitive(self, x: Tensor, params: Mapping[str, Any] | None = None) -> Tensor:
        """Return the declared primitive at ``x``, at these parameters' values or at others."""
        primitive = self.spec.resolve("primitive")
        assert primitive is not None
        values = self.params if params is None else params
        return primitive(x, *(values[p.name] for p in self.spec.parameters))  # type: ignore[no-any-return]

    def formula(self, x: Tensor, *, noise: float = 0.5) -> Tensor:
        """Return the declared formula at ``x`` in float64."""
        flat = x.detach().double().flatten().tolist()
        exact = formula.values(self.spec, flat, self.params, noise=noise)
        return torch.tensor(exact, dtype=torch.float64).reshape(x.shape).to(self.device)

    def compare(
        self,
        promise: str,
        x: Tensor,
        got: Tensor,
        want: Tensor,
        allowed: Tensor | float | None = None,
    ) -> None:
        """Raise unless ``got`` is ``want`` to within ``allowed``: exactly, if none is given.

        Raises:
            ConformanceError: with the worst input, and both values there.
        """
        if got.shape != want.shape:
            raise ConformanceError(promise, got=f"shape {tuple(got.shape)}", expected=f"shape {tuple(want.shape)}")
        got, want = got.detach().double(), want.detach().double().to(got.device)
        bound = torch.as_tensor(0.0 if allowed is None else allowed, dtype=torch.float64, device=got.device)
        bound = bound.nan_to_num(nan=0.0)
        wrong = ((got - want).abs() / bound).nan_to_num(nan=0.0)  # 0/0: exact, as was asked
        wrong = wrong.masked_fill(got.isnan() != want.isnan(), torch.inf)
        wrong = wrong.masked_fill((got == want) | (got.isnan() & want.isnan()), 0.0)
        if wrong.numel() == 0:
            return
        place = int(wrong.argmax())
        worst = float(wrong.flatten()[place])
        if allowed is not None:
            self.worst = max(self.worst or 0.0, worst)
        if worst > 1:
            at = shown(x.detach().double().broadcast_to(got.shape).flatten()[place])
            got_shown, want_shown = (shown(values.flatten()[place]) for values in (got, want))
            raise ConformanceError(promise, at=f"x = {at}", got=got_shown, expected=want_shown)

    def allowance(self, x: Tensor, want: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the error allowed of values of ``function`` at ``x``, computed in the case's dtype.

        A few roundings of the value, of the largest value, and of the input: where the function is steep,
        a last digit of its input is worth more than one of its own.
        """
        wide = x.detach().double()
        level = function(wide)
        # In half precision a step may be many periods long, and come back to the same value: several are tried.
        parts = (16,) if self.eps < 1e-4 else (1, 2, 4, 7, 11, 16)
        steps = [sign * part * self.eps * wide for part in parts for sign in (1, -1)]
        spread = torch.stack([(function(wide + step) - level).abs() for step in steps]).amax(0)
        tiny = torch.finfo(self.dtype).smallest_normal * self.eps
        return ROUNDINGS * (self.eps * (want.abs() + want.abs().max()) + tiny) + spread


def pull(x: Tensor, spikes: Tensor, upstream: Tensor | None = None, **options: Any) -> Tensor:
    """Return the gradient of ``spikes`` that reaches ``x``.

    Raises:
        ConformanceError: no gradient reaches ``x``.
    """
    upstream = torch.ones_like(spikes) if upstream is None else upstream.to(spikes.dtype)
    if upstream.is_contiguous():  # writing to the upstream gradient is reported by backward_pure only
        upstream = upstream.clone()
    (gradient,) = torch.autograd.grad(spikes, x, upstream, allow_unused=True, **options)
    if gradient is None:
        raise ConformanceError("a gradient reaches the input", got="none")
    return gradient


def shown(number: Any) -> str:
    """Return a number as a reader can type it again."""
    return repr(float(number))


def _kind(thing: object) -> str:
    return "spikes that require no gradient" if isinstance(thing, Tensor) else f"a {type(thing).__name__}"
