"""snnax: public functions that return functions of an array of JAX."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.translation.originals.installed import InstalledJax


def does_not_run(home: ModuleType) -> None:
    import jax
    import jax.numpy as jnp

    with pytest.raises(TypeError):
        jax.grad(lambda x: home.sigmoid_surrogate()(x).sum())(jnp.ones(1))


LIBRARY = InstalledJax("snnax", file="functional/surrogate.py", notes={"sigmoid_surrogate": does_not_run})
