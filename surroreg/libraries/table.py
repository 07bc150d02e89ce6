"""The form of the translation table: a library, and a row for each of its surrogates.

The file of a library holds one ``LIBRARY`` and its ``ROWS``. If several of their surrogates are one of ours, the first
row is preferred. No file imports its library. "There" is in the library, "here" is in surroreg.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def call(module: Any, name: str, params: Mapping[str, Any]) -> Any:
    """Return the surrogate of a library whose surrogates are classes or functions of their parameters."""
    return getattr(module, name)(**params)


@dataclass(frozen=True)
class Library:
    """A library with surrogates of its own. The name of its file is the name that users import.

    Args:
        title: how the library writes its name.
        module: the module with its surrogates.
        fires_at_zero: whether its neurons spike at exactly zero.
        version: the release that the tests have compared the rows with. Empty: no release, all rows are unverified.
        jax: whether its surrogates take arrays of JAX. Such libraries come last in messages that name several.
        build: returns a surrogate by the library's module, its name there and its parameters there.
        line: the line of a user's program, with the fields ``module``, ``name`` and ``arguments``.
    """

    title: str
    module: str
    fires_at_zero: bool
    version: str = ""
    jax: bool = False
    build: Callable[[Any, str, Mapping[str, Any]], Any] = call
    line: str = "{module}.{name}({arguments})"


@dataclass(frozen=True)
class Equivalent:
    """A row: one surrogate of another library, and its equivalent here.

    All formulas are Python expressions, of numbers and ``pi`` and ``sqrt``.

    Args:
        names: its names there; the first is the one to write.
        theirs: its parameters there, with their defaults; ``None`` for a parameter without a default.
        ours: the surrogate here, or ``""`` if there is no equivalent.
        params: our parameters as formulas of theirs. The derivative there is that of our surrogate with these values,
            times ``scale``, moved up by ``shift``.
        scale: the factor, as a formula of their parameters.
        shift: the offset, as a formula of their parameters.
        back: their parameters as formulas of ours, of ``scale`` and of ``shift``.
        note: why there is no equivalent, or what else a user must know.
        runs: whether the surrogate runs there. If not, no test can compare it, and the row is unverified.
        verified: whether tests have compared the row with the library's ``version``. A file leaves it out, as well as
            ``library``, the name of the file: :mod:`surroreg.libraries` fills both in.
    """

    names: tuple[str, ...]
    theirs: Mapping[str, float | None] = field(default_factory=dict)
    ours: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    scale: str = "1"
    shift: str = "0"
    back: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    runs: bool = True
    verified: bool = False
    library: str = ""

    @property
    def signature(self) -> str:
        """Its parameters there with their defaults, such as ``"alpha=2, f"``."""
        return ", ".join(name if value is None else f"{name}={value:g}" for name, value in self.theirs.items())

    @property
    def call(self) -> str:
        """The surrogate here as a call, its parameters as formulas of theirs; empty if there is no equivalent."""
        values = dict(self.params)
        values |= {"scale": self.scale} if self.scale != "1" else {}
        values |= {"shift": self.shift} if self.shift != "0" else {}
        return self.ours and f"{self.ours}({', '.join(f'{name}={formula}' for name, formula in values.items())})"


#: ``params`` and ``back`` of the rows whose one parameter, alpha, is our slope, our inverse width, or that of an erf.
SLOPE = ({"slope": "alpha"}, {"alpha": "slope"})
WIDTH = ({"width": "1/alpha"}, {"alpha": "1/width"})
SIGMA = ({"sigma": "1/(sqrt(2)*alpha)"}, {"alpha": "1/(sqrt(2)*sigma)"})


def row(
    names: str,
    theirs: Mapping[str, float | None],
    ours: str,
    params: Mapping[str, str],
    back: Mapping[str, str],
    scale: str = "1",
    shift: str = "0",
    note: str = "",
) -> Equivalent:
    """Return a row; spaces separate the names."""
    return Equivalent(tuple(names.split()), theirs, ours, params, scale, shift, back, note)


def same(names: str, theirs: Mapping[str, float | None], ours: str, note: str = "", *, runs: bool = True) -> Equivalent:
    """Return the row of a surrogate whose parameters have the same names and meaning here."""
    own = {name: name for name in theirs}
    return Equivalent(tuple(names.split()), theirs, ours, own, back=own, note=note, runs=runs)


def no_equivalent(names: str, note: str) -> Equivalent:
    """Return the row of a surrogate without an equivalent here, with the reason."""
    return Equivalent(tuple(names.split()), note=note)
