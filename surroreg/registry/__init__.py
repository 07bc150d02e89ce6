"""Names and plugins: what is installed, what it offers, and which name stands for what."""

from surroreg.registry.names import Registry

__all__ = ["Registry"]
