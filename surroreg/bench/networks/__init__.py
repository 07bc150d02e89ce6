"""Networks to measure training steps of: every architecture, with the neurons of every library.

A library is one file, and one entry of ``LIBRARIES``; an architecture is one entry of ``ARCHITECTURES``.
"""

from __future__ import annotations

from torch import nn

from surroreg.bench.networks.architectures import ARCHITECTURES
from surroreg.bench.networks.library import Library, Size, Spike
from surroreg.bench.networks.norse import Norse
from surroreg.bench.networks.snntorch import SnnTorch
from surroreg.bench.networks.spikingjelly import MultiStep, SingleStep

__all__ = ["ARCHITECTURES", "LIBRARIES", "Library", "Size", "Spike", "build"]

LIBRARIES: dict[str, Library] = {
    "plain": Library(),
    "snntorch": SnnTorch(),
    "spikingjelly_single_step": SingleStep(),
    "spikingjelly_multi_step": MultiStep(),
    "norse": Norse(),
}


def build(library: Library, architecture: str, spike: Spike) -> nn.Module:
    """Return a network."""
    kind = ARCHITECTURES[architecture]
    return library.own.get(architecture, kind.build)(library, spike, kind.size)
