"""The interface of a surrogate, as far as drawings use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from surroreg.specs import SurrogateSpec

if TYPE_CHECKING:
    from torch import Tensor


class Drawable(Protocol):
    """A surrogate. The room ``drawing`` may not import the class itself: ``module`` imports ``drawing``."""

    spec: SurrogateSpec

    @property
    def params(self) -> dict[str, Any]:
        """The parameters and their present values."""

    def parameters(self) -> Iterator[Tensor]:
        """Yield the learnable parameters."""

    def buffers(self) -> Iterator[Tensor]:
        """Yield the other tensors."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return the spikes of ``x``."""

    def derivative(self, x: Tensor) -> Tensor:
        """Return the pseudo-derivative at ``x``."""

    def primitive(self, x: Tensor) -> Tensor:
        """Return the primitive at ``x``."""
