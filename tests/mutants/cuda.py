"""What only a GPU, or its compiler, can tell. On the CPU these are correct."""

from __future__ import annotations

import weakref

import torch

from surroreg import Traits, surrogate
from tests.mutants.base import REFERENCES, FastSigmoid, derivative, mutant


@mutant("formula_compiles", bug="A formula with a function that PyTorch has, and C++ has not: the GPU gets no kernel.")
@surrogate(formula="1/(1 + 25*x*sign(x))**2", references=REFERENCES, traits=Traits(kinks=("0",), stable_formula=True))
def formula_without_code(x):
    """Declares a formula stable that cannot be written as C++."""
    return derivative(x)


@mutant("cuda_parity")
class OtherSlopeOnCuda(FastSigmoid):
    """Is a thousandth steeper on a GPU."""

    @staticmethod
    def backward(ctx, grad):
        return FastSigmoid.backward(ctx, grad) * (1.001 if grad.is_cuda else 1)


@mutant("cuda_no_sync", bug="A branch on a tensor's values waits for the GPU.")
class WaitsForSpikes(FastSigmoid):
    """Looks whether anything fired, except where a capture would fail of it."""

    @staticmethod
    def forward(x):
        spikes = FastSigmoid.forward(x)
        if x.is_cuda and not torch.cuda.is_current_stream_capturing() and not bool(spikes.any()):
            return torch.zeros_like(x)
        return spikes


def _nothing():
    return None


@mutant("cuda_graph")
class Remembers:
    """Computes the spikes of a tensor once, until somebody writes to it: a replayed graph does, unseen."""

    def __init__(self):
        self.memory = (_nothing, 0, None)

    def __call__(self, x):
        if not x.is_cuda or x.is_inference():
            return FastSigmoid.apply(x)
        seen, version, spikes = self.memory
        if seen() is not x or version != x._version:
            spikes = (x.detach() > 0).to(x.dtype)
            self.memory = (weakref.ref(x), x._version, spikes)
        return Recalled.apply(spikes, x)


class Recalled(FastSigmoid):
    """Gives known spikes."""

    @staticmethod
    def forward(spikes, x):
        return spikes.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx, grad):
        return None, FastSigmoid.backward(ctx, grad)
