"""spyx: public functions that return functions of an array of JAX."""

from __future__ import annotations

from types import ModuleType

from tests.translation.originals.installed import InstalledJax


def multiplies_by_its_input(home: ModuleType) -> None:
    import jax
    import jax.numpy as jnp

    assert jax.grad(lambda x: home.custom()(x).sum())(jnp.asarray([3.0])).tolist() == [3.0]


LIBRARY = InstalledJax("spyx", file="axn.py", others={"heaviside"}, notes={"custom": multiplies_by_its_input})
