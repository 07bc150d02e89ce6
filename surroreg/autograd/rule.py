"""Turn a spec into functions of tensors: derivative, primitive, and gradient (vector-Jacobian product)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.fx import Proxy

from surroreg.autograd.constants import constant
from surroreg.autograd.fused import Fused
from surroreg.autograd.narrow import Narrow
from surroreg.autograd.private import is_batched, jit_tracing, modes_active, transforms_active
from surroreg.specs import SurrogateSpec

Values = Sequence[Any]

_HALF = frozenset({torch.float16, torch.bfloat16})
_PLAIN = frozenset({Tensor, torch.nn.Parameter})
#: Number of elements whose float32 copies fit into the caches.
_PIECE = 2**18


class Unreadable(Tensor):
    """A tensor whose value cannot be read, as under a compiler."""

    def _refuse(self, *_: Any) -> Any:
        raise ValueError("a compiler does not know this value")

    __bool__ = __float__ = __int__ = __index__ = item = tolist = _refuse


class Rule:
    """The functions of a spec, imported, and the conditions for calling them.

    Args:
        spec: one with a derivative.
        fires_at_zero: whether the spike at exactly zero is 1.
        saved_dtype: the name of a narrower dtype for the input that the backward pass keeps; ``None`` for its own.

    Raises:
        SpecError: this version of PyTorch has no such dtype.
    """

    def __init__(self, spec: SurrogateSpec, *, fires_at_zero: bool, saved_dtype: str | None) -> None:
        derivative, traits = spec.resolve("derivative"), spec.traits
        assert derivative is not None
        self.derivative: Callable[..., Tensor] = derivative
        self.primitive: Callable[..., Tensor] | None = spec.resolve("primitive")
        self.kernel: Callable[..., Tensor] | None = spec.resolve("kernel")
        #: Whether the derivative accepts 0-d tensors as numbers. A branch on a value (``if slope > 1``) prevents it.
        self.bears_tensors = self._bears_tensors(spec)
        self.fires_at_zero = fires_at_zero
        self._compare: Callable[..., Tensor] = torch.ge if fires_at_zero else torch.gt
        # Pieces of a tensor can be evaluated one by one: a formula is elementwise, but noise is drawn for all at once.
        self.is_elementwise = spec.formula is not None and not traits.stochastic
        # The derivative has at most two values: half precision needs no detour through float32.
        self.is_choice = traits.reads != "input" and not traits.stochastic
        # The kernel of a choice is a single operation as it is. With scale or shift it is not.
        single = self.is_choice and self.kernel is not None and spec.base is None
        self.fused = Fused(spec) if traits.stable_formula and not single else None
        # The forward pass saves the input, but the kernel takes spikes with H(0) = 0: compute them from the input.
        self.wants_spikes = traits.reads == "sign" and fires_at_zero
        self.keeps = self._keeps(traits.reads)
        self.narrow = None if saved_dtype is None else Narrow(saved_dtype, keeps_sides=self._may_jump_at_zero(spec))

    def _keeps(self, reads: Literal["input", "sign", "nothing"]) -> Literal["input", "spikes", "nothing"]:
        """Return the tensor that the forward pass saves for the derivative, which reads so much of its input."""
        if reads == "sign":
            # The derivative treats zero as below the threshold, and so must the spikes that stand for the input.
            return "input" if self.fires_at_zero else "spikes"
        return reads

    def _bears_tensors(self, spec: SurrogateSpec) -> bool:
        try:
            values = [
                torch.tensor(value).as_subclass(Unreadable) if parameter.type is float else value
                for parameter, value in zip(spec.parameters, _some_values(spec, {}), strict=True)
            ]
            self.derivative(torch.empty(0), *values)  # empty, so that a stochastic derivative draws nothing
        except Exception:  # a plugin's derivative may raise anything
            return not any(parameter.type is float for parameter in spec.parameters)
        return True

    def _may_jump_at_zero(self, spec: SurrogateSpec) -> bool:
        """Whether the derivative jumps at zero, or at a kink that another value may move there.

        True where that cannot be found out.
        """
        if spec.formula is None or spec.traits.stochastic:
            return True
        try:
            usual = dict(zip([p.name for p in spec.parameters], _some_values(spec, {}), strict=True))
            # A factor below the threshold, for example, may be 1 by default, and makes a jump elsewhere.
            unusual = [{p.name: usual[p.name] * 4} for p in spec.parameters if p.type is float]
            for given in ({}, *spec.examples, *unusual):
                params = {**usual, **given}
                places = [0.0, *self._moving_kinks(spec, params)]
                steps = [2.0**-100 if place == 0 else abs(place) * 2.0**-40 for place in places]
                beside = [[place - step, place, place + step] for place, step in zip(places, steps, strict=True)]
                x = torch.tensor(beside, dtype=torch.float64, device="cpu")
                values = self.derivative(x, *params.values())
                if not bool(((values - values[:, 1:2]).abs() <= 1e-6 * values.abs().max()).all()):
                    return True
        except Exception:  # a plugin's derivative may raise anything
            return True
        return False

    @staticmethod
    def _moving_kinks(spec: SurrogateSpec, params: Mapping[str, Any]) -> list[float]:
        if all(kink == "0" for kink in spec.traits.kinks):
            return []  # the evaluation of formulas takes long to import
        from surroreg import formula

        return formula.kinks(spec, params)

    def kept(self, x: Tensor, spikes: Tensor, *, learns: bool) -> Tensor | None:
        """Return the tensor that the backward pass needs, or ``None``.

        Args:
            x: the input.
            spikes: its spikes.
            learns: whether a parameter may be learnt. Its gradient is computed from the primitive, which reads the
                input even if the derivative does not.
        """
        if self.keeps != "input" and not learns:
            return spikes if self.keeps == "spikes" else None
        return x if self.narrow is None or not self.narrow.applies(x) else self.narrow.narrowed(x)

    def restored(self, kept: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the input of the derivative: what was kept, as a number of the input's dtype."""
        if self.narrow is None:
            return kept
        return self.narrow.rounded(kept) if kept.dtype is dtype else self.narrow.widened(kept, dtype)

    def rounded(self, x: Tensor) -> Tensor:
        """Return the input of the derivative, for a form of the spike that keeps ``x`` itself; differentiable."""
        return x if self.narrow is None else self.narrow.rounded(x)

    def slope(self, x: Tensor, values: Values) -> Tensor:
        """Return the derivative at ``x``."""
        return _evaluate(self.derivative, (x,), values)

    def level(self, x: Tensor, values: Values) -> Tensor:
        """Return the primitive at ``x``."""
        assert self.primitive is not None  # Surrogate refuses to learn a parameter without a primitive
        return _evaluate(self.primitive, (x,), values)

    def pullback(self, x: Tensor, grad: Tensor, values: Values) -> Tensor:
        """Return ``grad * derivative``, differentiable, for any kind of tensor."""
        return _evaluate(self._product, (x, grad), values)

    def quick_pullback(self, x: Tensor, grad: Tensor, numbers: Values) -> Tensor:
        """Return ``grad * derivative``, by the kernel if it can be used here."""
        if (
            (self.kernel is None and self.fused is None)
            or type(grad) is not Tensor  # a subclass may not support out=
            or type(x) not in _PLAIN
            or torch.is_grad_enabled()  # a second derivative may be taken
            or transforms_active()
            or torch.compiler.is_compiling()  # a compiler fuses plain operations better
            or is_batched(grad)
        ):
            return self.pullback(x, grad, numbers)
        if x.is_cuda and self.fused is not None and (result := self.fused(x, grad, numbers)) is not None:
            return result
        if self.kernel is None:
            return self.pullback(x, grad, numbers)
        if self.wants_spikes:
            x = (x > 0).to(x.dtype)
        if x.dtype in _HALF and not self.is_choice:
            return self._widened(self.kernel, x, grad, numbers)
        return self.kernel(x, grad, *numbers)

    def _widened(self, kernel: Callable[..., Tensor], x: Tensor, grad: Tensor, numbers: Values) -> Tensor:
        """Return a kernel's result in float32, rounded once; large tensors are computed piece by piece.

        Float32 copies of a whole large tensor would be fresh memory, which costs ten times the arithmetic.
        """
        if not (self.is_elementwise and x.is_cpu and x.numel() > _PIECE and x.is_contiguous()):
            return kernel(x.float(), grad.float(), *numbers).to(x.dtype)
        result = torch.empty_like(x)
        pieces = (torch.split(tensor.reshape(-1), _PIECE) for tensor in (result, x, grad))
        for result_piece, x_piece, grad_piece in zip(*pieces, strict=True):
            result_piece.copy_(kernel(x_piece.float(), grad_piece.float(), *numbers))
        return result

    def _product(self, x: Tensor, grad: Tensor, *values: Any) -> Tensor:
        return grad * self.derivative(x, *values)

    def heaviside(self, x: Tensor) -> Tensor:
        """Return the spikes by operations that every tracer and tensor subclass supports."""
        return (x >= 0 if self.fires_at_zero else x > 0).to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes, without a boolean tensor in between where ``out=`` is understood."""
        if type(x) not in _PLAIN or modes_active():  # selective checkpointing refuses out= as a mutation
            return self.heaviside(x)
        return self._compare(x, constant(0.0, x) if x.is_cpu else 0, out=torch.empty_like(x))

    def level_of(
        self, x: Tensor, numbers: Values, tensors: Sequence[Tensor], learnt: Sequence[int]
    ) -> Callable[..., Tensor]:
        """Return ``f(*learnable) = primitive(x, ...)``, for vjp and jvp; all other parameters keep their values.

        Args:
            x: the input.
            numbers: the parameters in the spec's order, ``None`` in place of each tensor.
            tensors: the parameters that are tensors.
            learnt: the indices of the arguments of ``f`` among ``tensors``.
        """

        def primitive(*found: Tensor) -> Tensor:
            present = list(tensors)
            for place, tensor in zip(learnt, found, strict=True):
                present[place] = tensor
            return self.level(x, merged(numbers, present))

        return primitive


def _evaluate(function: Callable[..., Tensor] | None, tensors: tuple[Tensor, ...], values: Values) -> Tensor:
    """Call a spec's function, in float32 where its input is half precision; keep the input's shape and dtype."""
    assert function is not None
    x = tensors[0]
    if x.dtype in _HALF:
        tensors = tuple(tensor.float() for tensor in tensors)
        values = [value.float() if isinstance(value, Tensor) else value for value in values]
    result = function(*tensors, *values)
    if result.dtype is not x.dtype:
        result = result.to(x.dtype)
    # Under a tracer the shapes are unknown.
    traced = isinstance(x, Proxy) or (not torch.compiler.is_compiling() and jit_tracing() is not None)
    if traced or result.shape == x.shape:
        return result
    if result.numel() != x.numel():
        raise ValueError(
            f"a surrogate's function returned shape {tuple(result.shape)} for an input of shape {tuple(x.shape)}: "
            "it must be elementwise, and a tensor parameter must broadcast to the input."
        )
    return result.reshape(x.shape)  # a 0-d input and a parameter of shape (1,)


def _some_values(spec: SurrogateSpec, example: Mapping[str, Any]) -> list[Any]:
    """Return values of all parameters: those of an example, else the defaults, else those of any example."""
    given = {name: value for each in (*spec.examples, example) for name, value in each.items()}
    return [
        given[parameter.name] if parameter.required or parameter.name in example else parameter.default
        for parameter in spec.parameters
    ]


def merged(numbers: Values, tensors: Sequence[Tensor]) -> Values:
    """Return all values of the parameters: the numbers, with tensors in the places of ``None``."""
    if not tensors:
        return numbers
    rest = iter(tensors)
    return [next(rest) if number is None else number for number in numbers]


@functools.cache
def rule_of(spec: SurrogateSpec, fires_at_zero: bool, saved_dtype: str | None = None) -> Rule:
    """Return the rule of a spec; one for all its surrogates that keep the same."""
    return Rule(spec, fires_at_zero=fires_at_zero, saved_dtype=saved_dtype)
