"""The package that a spec comes from."""

from __future__ import annotations

from surroreg.specs.spec import SurrogateSpec


def package_of(spec: SurrogateSpec) -> str:
    """Return the name of the top-level package in which a spec was defined. A plugin may declare any name."""
    return spec.origin.partition(":")[0].partition(".")[0]


def is_foreign(spec: SurrogateSpec) -> bool:
    """Whether a spec is code of a plugin or of a user, so that its failure is no defect of surroreg."""
    return package_of(spec) != "surroreg"
