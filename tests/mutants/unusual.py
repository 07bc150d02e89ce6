"""Correct surrogates of unusual kinds: no check may fail. Each docstring says why the surrogate is right."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from surroreg import Parameter, SurrogateSpec, Traits, surrogate
from tests.mutants.base import REFERENCES, black_box

WIDTH = Parameter("width", 0.5, gt=0, doc="Half the width.")
SPECS: list[SurrogateSpec] = []


def right(**described):
    """Enter a derivative."""

    def enter(function):
        spec = surrogate(references=REFERENCES, **described)(function)
        SPECS.append(spec)
        return spec

    return enter


def right_box(**described):
    """Enter a Function, or a factory."""

    def enter(thing):
        SPECS.append(black_box(thing, **described))
        return thing

    return enter


# -- shapes -----------------------------------------------------------------------------------------


@right(
    formula="Piecewise(((1 + cos(pi*x/width))/2, Abs(x) < width), (0, True))",
    parameters=[WIDTH],
    traits=Traits(even=True, non_negative=True, kinks=("-width", "width")),
)
def raised_cosine(x, width):
    """Compact support: exactly zero beyond it, and smooth at its ends."""
    inside = (x / width).clamp(-1, 1)
    return torch.where(x.abs() < width, (math.pi * inside / 2).cos().square(), 0.0)


@right(formula="(1 - 2*x**2)*exp(-x**2)", traits=Traits(even=True, non_negative=False))
def negative_lobes(x):
    """Negative on both sides, as it declares. Far out the exponential is zero, so the clamp changes nothing."""
    square = x.clamp(-30, 30).square()
    return (1 - 2 * square) * (-square).exp()


@right(formula="cos(x)**2", traits=Traits(even=True, non_negative=True))
def periodic(x):
    """Periodic without end: at 1e15 a rounding of the input is worth a whole period. At infinity it is 1."""
    return torch.where(x.isfinite() | x.isnan(), x, 0.0).cos().square()


@right(
    formula="1/(1 + slope*Abs(x))**2",
    parameters=[Parameter("slope", 1e5, gt=0, doc="Steepness.")],
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def steep(x, slope):
    """So steep that few inputs have a large gradient; its peak fits every dtype."""
    return (1 / (1 + slope * x.abs())).square()


@right(formula="1/(1 + (x/300)**2)", traits=Traits(even=True, non_negative=True))
def flat(x):
    """So flat that its sides are hundreds away, beyond any membrane."""
    return 1 / (1 + (x / 300).square())


@right(
    formula="exp(-((x - centre)/width)**2)",
    parameters=[Parameter("centre", -0.8, doc="Place of the peak."), WIDTH],
    traits=Traits(non_negative=True),
)
def peak_off_zero(x, centre, width):
    """The largest gradient belongs to a neuron that does not fire."""
    return (-((x - centre) / width).clamp(-60, 60).square()).exp()


@right(formula="x/(1 + x**2)**2", traits=Traits(even=False, non_negative=False))
def odd(x):
    """Odd: zero at the threshold, negative below it."""
    inner = x.clamp(-1e3, 1e3)
    return torch.where(x.abs() <= 1e3, inner / (1 + inner.square()).square(), (1 / x).pow(3) / (1 + x**-2).square())


@right(
    formula="Piecewise((1, (x >= -below) & (x <= above)), (0, True))",
    parameters=[
        Parameter("below", 0.5, gt=0, doc="Where the window begins."),
        Parameter("above", 1.0, gt=0, doc="Where the window ends."),
    ],
    traits=Traits(non_negative=True, kinks=("-below", "above")),
)
def straight_through_window(x, below, above):
    """A straight-through estimator within a window, both borders included, as in the formula."""
    return ((x >= -below) & (x <= above)).to(x.dtype)


@right(
    formula="Piecewise((1, Abs(x) < width), (0.5, Abs(x) < 3*width), (0, True))",
    parameters=[WIDTH],
    traits=Traits(even=True, non_negative=True, kinks=("-3*width", "-width", "width", "3*width")),
)
def two_stairs(x, width):
    """It jumps where the parameter says, and the kinks follow the parameter."""
    size = x.abs()
    return torch.where(size < width, 1.0, torch.where(size < 3 * width, 0.5, 0.0)).to(x.dtype)


@right(formula="Piecewise((1/(1 + x), x > 0), (exp(3*x), True))", traits=Traits(non_negative=True, kinks=("0",)))
def chosen_by_where(x):
    """Another function on each side; torch.where computes both, and the clamps keep the other one finite."""
    return torch.where(x > 0, 1 / (1 + x.clamp(min=0)), (3 * x.clamp(max=0)).exp())


@right(formula="erfc(2*Abs(x))", traits=Traits(even=True, non_negative=True, kinks=("0",)))
def special_function(x):
    """A function of torch.special."""
    return torch.special.erfc(2 * x.abs())


@right(formula="1000/(1 + Abs(100*x))", traits=Traits(even=True, non_negative=True, kinks=("0",)))
def tall(x):
    """A thousand high: a large upstream gradient times that does not fit float16, so infinity is right there."""
    return 1000 / (1 + 100 * x.abs())


@right(formula="1e6*exp(-Abs(x))", traits=Traits(even=True, non_negative=True, kinks=("0",)))
def beyond_float16(x):
    """Its peak does not fit float16: infinity is the right value there."""
    return 1e6 * (-x.abs()).exp()


@right(formula="1e-10/(1 + x**2)", traits=Traits(even=True, non_negative=True))
def below_float16(x):
    """Its peak is less than the smallest float16: zero is right there."""
    return 1e-10 / (1 + x.square())


@right(formula="1 + x**2", traits=Traits(even=True, non_negative=True))
def without_bound(x):
    """Grows for ever: far out the right value fits no dtype."""
    return 1 + x.square()


@right(
    formula="exp(-((x - centre)/width)**2)",
    parameters=[
        Parameter("centre", 30.0, doc="Place of the peak, in millivolts."),
        Parameter("width", 1.5, gt=0, doc="Width, in millivolts."),
    ],
)
def in_millivolts(x, centre, width):
    """A bell in millivolts: no point of a membrane around zero sees it in float32."""
    return (-((x - centre) / width).clamp(-60, 60).square()).exp()


@right(
    formula="Piecewise((1, Abs(x) < width), (0, True))",
    parameters=[Parameter("width", 1e-8, gt=0, doc="Half the width, in volts.")],
    traits=Traits(even=True, non_negative=True, kinks=("-width", "width")),
)
def ten_nanovolts(x, width):
    """A window that lies between two points of float16."""
    return (x.abs() < width).to(x.dtype)


# -- parameters -------------------------------------------------------------------------------------


@right(
    formula="first/(1 + Abs(x - left)/near) + second/(1 + Abs(x - right)/far)",
    parameters=[
        Parameter("first", 1.0, ge=0, doc="Height of the left bump."),
        Parameter("left", -0.5, doc="Place of the left bump."),
        Parameter("near", 0.25, gt=0, doc="Width of the left bump."),
        Parameter("second", 0.5, ge=0, doc="Height of the right bump."),
        Parameter("right", 1.0, doc="Place of the right bump."),
        Parameter("far", 2.0, gt=0, doc="Width of the right bump."),
    ],
    traits=Traits(non_negative=True, kinks=("left", "right")),
)
def six_parameters(x, first, left, near, second, right, far):
    """Six parameters, whose signs and sizes differ."""
    return first / (1 + (x - left).abs() / near) + second / (1 + (x - right).abs() / far)


@right(
    formula="1/(1 + Abs(x))**power",
    parameters=[Parameter("power", 2, type=int, ge=1, le=3, doc="Exponent of the tail.")],
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def integer_power(x, power):
    """An integer parameter: a quarter of it is no integer."""
    return (1 / (1 + x.abs())) ** power


@right(
    parameters=[Parameter("square", True, type=bool, doc="Whether the tail falls with the square.")],
    traits=Traits(even=True, non_negative=True, kinks=("0",)),
)
def square_or_not(x, square):
    """A bool parameter, for which formulas have no name: the spec needs none."""
    tail = 1 / (1 + x.abs())
    return tail.square() if square else tail


def bell(x):
    return (-x.clamp(-30, 30).square()).exp()


def tent(x):
    return (1 - x.abs()).clamp(min=0)


@right(
    parameters=[Parameter("shape", f"{__name__}:bell", type=Callable, doc="The derivative, a function of x.")],
    examples=[{"shape": f"{__name__}:tent"}],
    traits=Traits(non_negative=True),
)
def any_shape(x, shape):
    """A callable parameter, given by its place."""
    return shape(x)


@right(
    formula="1/(1 + (slope*x)**2)",
    parameters=[Parameter("slope", gt=0, doc="Steepness.")],
    examples=[{"slope": 2.0}, {"slope": 0.1}],
    traits=Traits(even=True, non_negative=True),
)
def required_slope(x, slope):
    """No default, but examples."""
    return 1 / (1 + (slope * x).square())


@right(
    formula="Piecewise((1, x > 0), (leak, True))",
    parameters=[Parameter("leak", 0.25, ge=0, le=1, doc="Gradient below the threshold.")],
    traits=Traits(non_negative=True, kinks=("0",), reads="sign"),
)
def by_sign(x, leak):
    """Reads the sign alone, so the spikes are kept in place of the input."""
    return torch.where(x > 0, torch.ones_like(x), leak)


@right(
    formula="height",
    parameters=[Parameter("height", 0.75, gt=0, doc="The constant.")],
    traits=Traits(even=True, non_negative=True, reads="nothing"),
)
def constant(x, height):
    """Reads nothing of the input."""
    return torch.ones_like(x) * height


def primitive_with_constant(x, slope):
    return (slope * x).tanh() / 2 - 3 * slope + 11


@right(
    formula="slope/(2*cosh(slope*x)**2)",
    parameters=[Parameter("slope", 2.0, gt=0, doc="Steepness.")],
    primitive=primitive_with_constant,
    traits=Traits(even=True, non_negative=True),
)
def shifted_primitive(x, slope):
    """The primitive has another constant for each slope: only its derivative is promised."""
    decay = (-2 * (slope * x).abs()).exp()
    return 2 * slope * decay / (1 + decay).square()
