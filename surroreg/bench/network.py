"""A training step of a two-layer snnTorch network, with snnTorch's surrogate and with ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

import surroreg
from surroreg.bench.peers import BROKEN
from surroreg.bench.timing import Time, in_turn
from surroreg.errors import NoEquivalentError, SurroregError
from surroreg.translation import translate

STEPS, BATCH, INPUTS, HIDDEN, OUTPUTS = 25, 128, 784, 1000, 10


@dataclass(frozen=True)
class Step:
    """The times of one training step: forward pass, backward pass and optimiser.

    Args:
        name: the name of the built-in surrogate.
        device: the device of the network.
        times: seconds, under ``"surroreg"`` and ``"snntorch"``.
    """

    name: str
    device: str
    times: dict[str, Time]

    @property
    def ratio(self) -> float:
        """The time with snnTorch's surrogate over the time with ours."""
        return self.times["snntorch"].median / self.times["surroreg"].median

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-safe."""
        return {**asdict(self), "ratio": self.ratio}


def measure(name: str, device: str, rounds: int) -> Step | None:
    """Return the times for one surrogate, or ``None`` if snnTorch has no equivalent.

    Raises:
        SurroregError: snnTorch is not installed.
    """
    try:
        import snntorch  # noqa: F401
    except ImportError as error:
        raise SurroregError(f"{error}; the benchmark of a network needs: pip install snntorch") from error
    try:
        if (name, "snntorch") in BROKEN:
            return None
        theirs = translate(name, to="snntorch").load()
    except NoEquivalentError:  # an equivalent of another strength would train, and spike, differently
        return None
    functions: dict[str, Callable[[Tensor], Tensor]] = {"surroreg": surroreg.load(name), "snntorch": theirs}
    return Step(name, device, in_turn({who: _training_step(f, device) for who, f in functions.items()}, rounds))


def _training_step(spike_grad: Callable[[Tensor], Tensor], device: str) -> Callable[[], object]:
    import snntorch

    torch.manual_seed(0)
    encode, decode = nn.Linear(INPUTS, HIDDEN).to(device), nn.Linear(HIDDEN, OUTPUTS).to(device)
    hidden, output = (snntorch.Leaky(beta=0.95, spike_grad=spike_grad).to(device) for _ in range(2))
    optimiser = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=5e-4)
    x, target = torch.rand(BATCH, INPUTS, device=device), torch.randint(OUTPUTS, (BATCH,), device=device)

    def step() -> None:
        first, second = hidden.reset_mem(), output.reset_mem()
        loss = torch.zeros((), device=device)
        for _ in range(STEPS):
            spikes, first = hidden(encode(x), first)
            _, second = output(decode(spikes), second)
            loss = loss + nn.functional.cross_entropy(second, target)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()

    return step
