"""Formulas and primitives in many digits, where nothing overflows, vanishes or cancels, and how near a float comes."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import mpmath
import sympy
import torch
from mpmath import mpf
from torch import Tensor

from surroreg import SurrogateSpec, formula

#: The number that noise draws, in place of a random one.
NOISE = 0.5

Values = Mapping[str, Any]


def many_digits(params: Values) -> Any:
    """Compute with many digits: the remainder of a period takes as many as there are powers of ten in between."""
    return mpmath.workdps(400 if "period" in params else 60)


def operation(function: Callable[[Any, Any], Any]) -> Callable[[Exact, Any], Exact]:
    return lambda self, other: Exact(function(self.value, Exact(other).value))


def method(function: Callable[[Any], Any]) -> Callable[[Exact], Exact]:
    return lambda self: Exact(function(self.value))


def comparison(function: Callable[[Any, Any], bool]) -> Callable[[Exact, Any], Truth]:
    return lambda self, other: Truth(function(self.value, Exact(other).value))


class Truth(int):
    """True or false, with a tensor's negation."""

    def __invert__(self) -> Truth:
        return Truth(not self)


class Exact:
    """A number of many digits, with what of a tensor's methods primitives use."""

    def __init__(self, value: Any) -> None:
        self.value = value.value if isinstance(value, Exact) else mpf(value)

    __add__ = __radd__ = operation(lambda a, b: a + b)
    __mul__ = __rmul__ = operation(lambda a, b: a * b)
    __sub__, __rsub__ = operation(lambda a, b: a - b), operation(lambda a, b: b - a)
    __truediv__, __rtruediv__ = operation(lambda a, b: a / b), operation(lambda a, b: b / a)
    __neg__ = method(lambda a: -a)
    abs, exp, log1p = method(abs), method(mpmath.exp), method(mpmath.log1p)
    sqrt, square, sign = method(mpmath.sqrt), method(lambda a: a * a), method(mpmath.sign)
    arctan, tanh, sin = method(mpmath.atan), method(mpmath.tanh), method(mpmath.sin)
    relu, sigmoid = method(lambda a: max(a, mpf(0))), method(lambda a: 1 / (1 + mpmath.exp(-a)))
    erfc = method(lambda a: mpmath.erfc(a) if abs(a) < 40 else mpf(0 if a > 0 else 2))  # further out mpmath is slow
    fmod = operation(lambda a, b: mpmath.sign(a) * (abs(a) - mpmath.floor(abs(a) / b) * b))

    __lt__, __gt__ = comparison(operator.lt), comparison(operator.gt)
    __le__, __ge__ = comparison(operator.le), comparison(operator.ge)

    def clamp(self, min: Any = -math.inf, max: Any = math.inf) -> Exact:
        low, high = Exact(min), Exact(max)
        return low if low > self else high if self > high else self

    def where(self, condition: bool, other: Any) -> Exact:
        return self if condition else Exact(other)

    def __getattr__(self, name: str) -> Callable[[], Exact]:
        """Return the function of mpmath that has the name of a tensor's method, such as ``sinh``."""
        if name.startswith("_") or not hasattr(mpmath, name):
            raise AttributeError(f"add {name!r} to Exact: a primitive calls it, and mpmath has no such function.")
        return lambda: Exact(getattr(mpmath, name)(self.value))

    def isinf(self) -> bool:
        return False

    def masked_fill(self, mask: bool, value: float) -> Exact:
        return Exact(value) if mask else self


@functools.cache
def function_of(spec: SurrogateSpec) -> Callable[..., Any]:
    names = ["x", "U", *(parameter.name for parameter in spec.parameters)]
    symbols = [sympy.Symbol(name, real=True) for name in names]
    return sympy.lambdify(symbols, formula.expression(spec), modules="mpmath")  # type: ignore[no-any-return]


def derivative(spec: SurrogateSpec, x: Any, params: Values) -> Any:
    """The formula at ``x``."""
    with many_digits(params):
        values = [value if isinstance(value, int) else mpf(value) for value in params.values()]
        return function_of(spec)(mpf(x), mpf(NOISE), *values)


def primitive(spec: SurrogateSpec, x: Any, params: Values) -> Any:
    """The primitive at ``x``, by its own steps."""
    function = spec.resolve("primitive")
    assert function is not None
    with many_digits(params):
        values = [value if isinstance(value, int) else Exact(value) for value in params.values()]
        return function(Exact(x), *values).value


#: Numbers of which the value is the difference: a last digit of theirs may be many of its own.
DIFFERENCES: dict[tuple[Any, str], Callable[..., float]] = {
    (derivative, "multi_gaussian"): lambda sigma, h, s: (1 + h + 2 * h / s) / sigma,
    (derivative, "square_wave_fourier"): lambda terms, period: 4 * terms / period,
    (derivative, "stochastic_spike_operator"): lambda mean, variance: variance * (1 + abs(mean)),
    (derivative, "inverse_stochastic_spike_operator"): lambda threshold, mean, variance: variance * (1 + abs(mean)),
    (primitive, "multi_gaussian"): lambda sigma, h, s: 1 + 3 * h,
    (primitive, "square_wave_fourier"): lambda terms, period: terms,
    (primitive, "spike_rate_escape"): lambda beta, slope: 2 * slope / beta,
}


class Judge:
    """What is right for one surrogate, in one dtype.

    A value is right to sixteen roundings of its own, to four roundings of the input and of each parameter, and to the
    smallest normal number times the function's height, since intermediate numbers may vanish.

    Args:
        function: ``derivative`` or ``primitive``.
        spec: without scale and shift.
        params: its parameters' values.
        scale: factor of the function.
        dtype: of the value; half precision is computed in float32, and rounded once more.
    """

    def __init__(self, function: Any, spec: SurrogateSpec, params: Values, scale: float, dtype: torch.dtype) -> None:
        self.function, self.spec, self.params, self.scale = function, spec, dict(params), scale
        self.out = torch.finfo(dtype)
        self.inside = torch.finfo(torch.promote_types(dtype, torch.float32))
        difference = DIFFERENCES.get((function, spec.name), lambda **params: 0.0)
        # The derivative, the gradient and the kernel are asked at the same places, and mostly give the same values.
        self.expected: dict[Any, Any] = {}
        self.judged: dict[tuple[float, float], str] = {}
        self.digits = 16 * self.inside.eps * difference(**self.params)
        self.height = max(1, *(abs(self.at(x)) for x in self.characteristic()))

    def at(self, x: Any, params: Values | None = None) -> Any:
        if params is not None:
            return self.function(self.spec, x, params)
        if x not in self.expected:
            self.expected[x] = self.function(self.spec, x, self.params)
        return self.expected[x]

    def characteristic(self) -> Iterator[Any]:
        """Places at which the function is as high as its intermediate numbers are."""
        sizes = [abs(value) for value in self.params.values() if isinstance(value, float) and value]
        kinks = [0.0, *formula.kinks(self.spec, self.params)]
        if self.function is primitive:
            yield from (sign * x for size in (1.0, *sizes) for x in (size, 1 / size) for sign in (1, -1))
        yield from (mpf(kink) * (1 + side * 1e-15) + side * mpf(10) ** -60 for kink in kinks for side in (0, 1, -1))

    def nearby(self, x: float) -> Iterator[Any]:
        """The function at inputs and parameters that are a few roundings away."""
        for way in (-1, 1):
            factor = 1 + mpf(way * 4 * self.inside.eps)
            yield self.at(mpf(x) * factor)
            for name, value in self.params.items():
                if isinstance(value, float):
                    # What is below the normal numbers may be taken for zero.
                    moved = mpf(value) * factor + way * self.inside.smallest_normal * (abs(value) < 1e-37)
                    yield self.at(x, {**self.params, name: moved})

    def error(self, found: float, x: float) -> str:
        """What is wrong with a value that was computed at ``x``, or nothing."""
        if (found, x) not in self.judged:
            self.judged[found, x] = self.judge(found, x)
        return self.judged[found, x]

    def judge(self, found: float, x: float) -> str:
        """Compute what :meth:`error` keeps."""
        want = self.at(x)
        allowed = 16 * self.inside.eps * abs(want) + self.inside.smallest_normal * self.height + self.digits
        if self.function is primitive:  # a step is computed as a half plus or minus something
            allowed += 16 * self.inside.eps * abs(self.at(-x))
        if self.is_near(found, want, allowed):
            return ""
        allowed += 4 * max(abs(near - want) for near in self.nearby(x))
        largest = abs(want) + allowed
        # The scale comes last: what overflows without it overflows with it.
        if self.is_near(found, want, allowed) or largest >= self.inside.max or largest * self.scale >= self.out.max:
            return ""
        return f"{found} at {x}, not {float(want * self.scale)} ± {float(allowed * self.scale):.2g}"

    def is_near(self, found: float, want: Any, allowed: Any) -> bool:
        rounded = self.out.eps * abs(want * self.scale) + self.out.smallest_normal
        return math.isfinite(found) and abs(mpf(found) - want * self.scale) <= allowed * self.scale + rounded


def errors(judge: Judge, found: Tensor, places: Sequence[float]) -> list[str]:
    """What is wrong with the values that were computed at places, which are not finite where x - shift overflows."""
    pairs = zip(found.tolist(), places, strict=True)
    return [text for value, x in pairs if math.isfinite(x) and (text := judge.error(value, x))]
