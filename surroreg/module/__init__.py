"""The loaded object: a spec with values, as an ``nn.Module``."""

from surroreg.module.surrogate import Surrogate

__all__ = ["Surrogate"]
