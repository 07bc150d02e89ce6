"""Norse's neurons, which take a surrogate as a text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from surroreg.bench.networks.library import Library, Size
from surroreg.compat import norse

#: The method of a surrogate that costs nothing.
FREE = "free"


def _parameters(spike: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of neurons that respond within a few time steps."""
    fast = torch.tensor(500.0)
    return {"tau_mem_inv": fast, "tau_syn_inv": fast, "v_th": torch.tensor(0.5), **spike}


class Neurons(nn.Module):
    """LIFCell."""

    def __init__(self, spike: dict[str, Any]) -> None:
        super().__init__()
        from norse.torch import LIFCell, LIFFeedForwardState, LIFParameters

        self.state = LIFFeedForwardState
        self.cell = LIFCell(LIFParameters(**_parameters(spike)))

    def forward(self, current: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the spikes and the state."""
        if state is None:  # the cell's own first state sets requires_grad, at which a compiler breaks the graph
            state = self.state(*(torch.zeros_like(current) for _ in range(2)))
        spikes, state = self.cell(current, state)
        return spikes, state


class Recurrent(nn.Module):
    """LIFRecurrentCell, which has the weights of its inputs."""

    def __init__(self, spike: dict[str, Any], size: Size) -> None:
        super().__init__()
        from norse.torch import LIFParameters, LIFRecurrentCell, LIFState

        self.cell = LIFRecurrentCell(size.inputs, size.hidden, LIFParameters(**_parameters(spike)))
        self.state, self.size = LIFState, size.hidden

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the spikes and the state."""
        if state is None:
            state = self.state(*(x.new_zeros(len(x), self.size) for _ in range(3)))
        spikes, state = self.cell(x, state)
        return spikes, state


class Norse(Library):
    """Norse. Its surrogates are parameters of its neurons here: a method, and alpha."""

    title, package, key = "Norse", "norse", "norse"

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Let the neurons take our surrogates, and the one that costs nothing."""
        with norse.installed():
            from norse.torch.functional import lif

            threshold = lif.threshold

            def extended(x: Tensor, method: str, alpha: Any) -> Tensor:
                return x if method == FREE else threshold(x, method, alpha)

            with patch.object(lif, "threshold", extended):
                yield

    def ours(self, name: str, **options: Any) -> Any:  # noqa: D102
        given = ", ".join(f"{key}={value!r}" for key, value in options.items())
        return {"method": f"{norse.PREFIX}{name}({given})"}

    def theirs(self, name: str) -> Any:  # noqa: D102
        return dict(super().theirs(name).keywords)

    def free(self) -> Any:  # noqa: D102
        return {"method": FREE}

    def neurons(self, spike: Any) -> nn.Module:  # noqa: D102
        return Neurons(spike)

    def recurrent(self, spike: Any, size: Size) -> nn.Module:  # noqa: D102
        return Recurrent(spike, size)
