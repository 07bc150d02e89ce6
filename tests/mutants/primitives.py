"""Primitives and tensors of parameters that are right at ordinary inputs, and learn wrongly elsewhere."""

from __future__ import annotations

import torch

from surroreg import Parameter, surrogate
from tests.mutants.base import REFERENCES, mutant

GAIN = Parameter("gain", 1.0, gt=0, doc="The gradient at the threshold.")
SLOPE = Parameter("slope", 1.0, gt=0, doc="Steepness.")
BELL = {"parameters": [SLOPE], "formula": "1/(1 + (slope*x)**2)", "references": REFERENCES}


def bell(x, slope):
    return 1 / (1 + (slope * x).square())


def level(x, slope):
    return (slope * x).arctan() / slope


# -- primitives -------------------------------------------------------------------------------------


def stepped(x, slope):
    return level(x, slope) + 0.25 * x.sign()


@mutant("primitive_is_right")
@surrogate(**BELL, primitive=stepped)
def step_at_zero(x, slope):
    """Its primitive jumps at the threshold."""
    return bell(x, slope)


def ended(x, slope):
    return torch.where(x.abs() < 50, level(x, slope), x.sign() * level(x.new_tensor(50.0), slope))


@mutant("primitive_is_right")
@surrogate(**BELL, primitive=ended)
def ends_at_fifty(x, slope):
    """Its primitive ends far out, where its derivative does not."""
    return bell(x, slope)


def held(x, slope):
    return level(x, slope.clamp(min=0.05) if isinstance(slope, torch.Tensor) else max(slope, 0.05))


@mutant("primitive_is_right")
@surrogate(**BELL, primitive=held)
def never_flat(x, slope):
    """Its primitive takes no slope below a twentieth."""
    return bell(x, slope)


# -- tensors ----------------------------------------------------------------------------------------


@mutant("parameters_learn")
@surrogate(**BELL, primitive=level)
def first_neuron_decides(x, slope):
    """Takes the first neuron's slope for all."""
    return bell(x, slope.flatten()[0] if isinstance(slope, torch.Tensor) else slope)


def learnt_in_double(x, slope):
    if isinstance(slope, torch.Tensor) and slope.dtype is not torch.float64:
        slope = slope.data
    return level(x, slope)


@mutant("parameters_learn")
@surrogate(**BELL, primitive=learnt_in_double)
def learns_in_double_only(x, slope):
    """Copies a slope of single precision, and cuts it off the graph."""
    return bell(x, slope)


def gain_alone(x, gain, slope):
    both = isinstance(gain, torch.Tensor) and isinstance(slope, torch.Tensor)
    return gain * level(x, slope.detach() if both else slope)


@mutant("parameters_learn")
@surrogate(parameters=[GAIN, SLOPE], formula="gain/(1 + (slope*x)**2)", primitive=gain_alone, references=REFERENCES)
def learns_one_of_two(x, gain, slope):
    """Learns its slope only if the gain is a number."""
    return gain * bell(x, slope)


def learnt_at_one(x, gain, slope):
    still = slope.detach() if isinstance(slope, torch.Tensor) else slope
    return level(x, slope) + (gain - 1) * level(x, still)


@mutant("parameters_learn")
@surrogate(parameters=[GAIN, SLOPE], formula="gain/(1 + (slope*x)**2)", primitive=learnt_at_one, references=REFERENCES)
def learns_at_default_gain(x, gain, slope):
    """Learns its slope fully only where the gain is one."""
    return gain * bell(x, slope)


def branching(x, slope):
    steep = bool((slope > 100).any()) if isinstance(slope, torch.Tensor) else slope > 100
    return level(x, slope) if not steep else level(x, slope) + 0 * x


@mutant("compile")
@surrogate(**BELL, primitive=branching)
def looks_at_its_slope(x, slope):
    """Its primitive branches on the value of a parameter, where a compiler has none."""
    return bell(x, slope)


REMEMBERED: dict[int, torch.Tensor] = {}


@mutant("parameters_learn")
@surrogate(**BELL, primitive=level)
def goes_stale(x, slope):
    """Remembers the first value of each nn.Parameter: what the optimiser writes has no effect."""
    if isinstance(slope, torch.nn.Parameter):
        slope = REMEMBERED.setdefault(id(slope), slope.detach().clone())
    return bell(x, slope)


def one_is_a_constant(x, slope):
    alone = isinstance(slope, torch.Tensor) and slope.numel() == 1
    return level(x, slope.detach() if alone else slope)


@mutant("parameters_learn")
@surrogate(**BELL, primitive=one_is_a_constant)
def learns_per_neuron_only(x, slope):
    """Takes a slope that all neurons share for a constant."""
    return bell(x, slope)
