"""Translation of surrogates: from another library into surroreg, and back."""

from __future__ import annotations

import functools
import importlib
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from surroreg import api
from surroreg.errors import (
    NoEquivalentError,
    ParameterError,
    ParameterTypeError,
    SurroregError,
    UnknownSurrogateError,
    did_you_mean,
    public,
    shortened,
)
from surroreg.libraries import GAINS, KIN, LIBRARIES, ROWS, Equivalent
from surroreg.registry import process
from surroreg.registry.qualified import listed
from surroreg.specs.parameters import SCALE, SHIFT, Parameter
from surroreg.specs.validation import as_saved_dtype, check_at_zero

HERE = "surroreg"


@public
@dataclass(frozen=True)
class Translation:
    """A surrogate under its name in a library. The original is the surrogate that was translated.

    Args:
        library: ``"surroreg"``, or a key of :data:`surroreg.libraries.LIBRARIES`.
        name: the name in this library.
        params: the parameters in this library.
        scale: the derivative, multiplied by this number, is that of the original.
        shift: the distance by which the derivative must move up, in membrane units, to be that of the original.
        at_zero: the original's spike at exactly zero. :attr:`library_at_zero` is the spike in ``library``. The text of
            a translation shows both if they differ.
        note: anything else that a user must know.
        verified: whether tests have compared every row behind it with an installed library. The text of a translation
            that is not verified ends in a comment which reports that.
        saved_dtype: the dtype in which the original keeps its input. Other libraries keep the input as it is.
    """

    library: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    shift: float = 0.0
    at_zero: int = 0
    note: str = ""
    verified: bool = True
    saved_dtype: str | None = None

    def __str__(self) -> str:
        """The line of Python that gives the surrogate, and the differences from the original."""
        # A comment keeps the line runnable when a user copies it.
        return self._line + ("" if self.verified else "  # unverified")

    @property
    def _line(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self._arguments.items())
        if self.library == HERE:
            return f"surroreg.load({self.name!r}{', ' if arguments else ''}{arguments})"
        library = LIBRARIES[self.library]
        line = library.line.format(module=library.module, name=self.name, arguments=arguments)
        line += f", times {self.scale:.6g}" if self.scale != 1 else ""
        line += f", moved by {self.shift:.6g}" if self.shift else ""
        if self.library_at_zero != self.at_zero:
            line += f", with spike {self.library_at_zero} instead of {self.at_zero} at exactly zero"
        if self.saved_dtype is not None:
            line += f", which keeps its input as it is rather than in {self.saved_dtype}"
        return line

    @property
    def library_at_zero(self) -> int:
        """The spike of the neurons of ``library`` at exactly zero, 0 or 1. surroreg takes either, so there it stays."""
        return self.at_zero if self.library == HERE else int(LIBRARIES[self.library].fires_at_zero)

    @property
    def _arguments(self) -> dict[str, Any]:
        ours = self.library == HERE
        extra: dict[str, Any] = {SCALE.name: self.scale} if ours and self.scale != 1 else {}
        extra |= {SHIFT.name: self.shift} if ours and self.shift else {}
        extra |= {"at_zero": 1} if ours and self.at_zero else {}
        extra |= {"saved_dtype": self.saved_dtype} if ours and self.saved_dtype is not None else {}
        return {**self.params, **extra}

    def load(self) -> Any:
        """Return the surrogate: one of ours, scaled and shifted, or an object that the other library's neurons take.

        Raises:
            UnknownSurrogateError: the surrogate is in a plugin that is not installed. The message names the plugin.
            NoEquivalentError: the other library has the surrogate only up to a factor or an offset.
            ImportError: the other library is not installed.
        """
        if self.library == HERE:
            return api.load(self.name, **self._arguments)
        if self.scale != 1 or self.shift:
            raise NoEquivalentError(
                f"{LIBRARIES[self.library].title} has it only up to a factor or an offset: {self._line}."
            )
        return self.peer()

    def peer(self) -> Any:
        """Return the other library's own surrogate, without scale and shift.

        Raises:
            ImportError: the library is not installed.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some libraries warn when they are imported
            module = importlib.import_module(LIBRARIES[self.library].module)
        return LIBRARIES[self.library].build(module, self.name, self.params)


def translate(name: str, *, to: str | None = None, saved_dtype: Any = None, **params: Any) -> Translation:
    """Translate a surrogate of another library into ours, or any surrogate into another library.

    ``translate("spikingjelly.SuperSpike", alpha=2)`` is ``fast_sigmoid(slope=1)`` times 2.
    ``translate("atan", to="spikingjelly")`` is ``ATan(alpha=2.0)``, which differs at exactly zero: it spikes there.
    ``surroreg translate`` lists all known surrogates.

    Args:
        name: ``"library.Name"`` for a surrogate of another library, also with a whole module path; or a name of ours.
        to: the library to translate into. By default surroreg.
        saved_dtype: as for :func:`surroreg.load`. Other libraries keep the input as it is.
        **params: values of parameters, by their names in the library of the surrogate. Others have their defaults.

    Returns:
        The name, parameters, scale and shift in the library ``to``, and the spike at exactly zero. Its ``.load()``
        gives the surrogate itself.

    Raises:
        UnknownSurrogateError: the library is unknown, or has no such surrogate.
        NoEquivalentError: the surrogate has no equivalent. The message has the reason.
        ParameterTypeError, ParameterError: a parameter is unknown, of another type, or out of range.

    Example:
        >>> import surroreg
        >>> translation = surroreg.translate("spikingjelly.SuperSpike", alpha=2)
        >>> print(translation)
        surroreg.load('fast_sigmoid', slope=1.0, scale=2.0, at_zero=1)
        >>> translation.load()  # fires at exactly zero, as SpikingJelly's neurons do
        surroreg.load('fast_sigmoid', slope=1.0, scale=2.0, at_zero=1)
    """
    if not isinstance(name, str) or not isinstance(to, str | None):
        raise TypeError(f"translate takes the names of a surrogate and of a library, not {shortened([name, to])}.")
    library, dot, rest = name.partition(".")
    kept = as_saved_dtype(saved_dtype)
    ours = _from_ours(name, params) if not dot else _from_theirs(library.lower(), name, rest.rpartition(".")[2], params)
    if to is None or to == HERE:
        if not dot:
            raise TypeError(
                f"{shortened(name)} is a name of surroreg's own; give to='snntorch', for example, or 'library.Name'."
            )
        return replace(ours, saved_dtype=kept)
    if to not in LIBRARIES:
        raise _unknown_library(to)
    return replace(_to_theirs(to, ours), saved_dtype=kept)


def _from_ours(name: str, params: dict[str, Any]) -> Translation:
    """Return a surrogate of ours as a translation into surroreg."""
    at_zero = params.pop("at_zero", None)
    check_at_zero(at_zero)
    space, spec = process.registry.find(name)
    scale, shift = (p.check(params.pop(p.name, p.default)) for p in (SCALE, SHIFT))
    for key in params:
        spec.parameter(key)  # raises if the spec has no such parameter
    for parameter in spec.parameters:
        if parameter.required and parameter.name not in params:
            raise ParameterTypeError(f"{name!r} needs a value for {parameter.name!r}. {spec.accepted}")
    values = {p.name: p.check(params[p.name]) if p.name in params else p.default for p in spec.parameters}
    return Translation(
        HERE,
        listed(space, spec.name),
        values,
        scale,
        shift,
        int(spec.traits.fires_at_zero if at_zero is None else at_zero),
    )


def _from_theirs(library: str, asked: str, name: str, params: dict[str, Any]) -> Translation:
    """Return another library's surrogate as a translation into surroreg."""
    if library not in LIBRARIES:
        raise _unknown_library(library)
    rows = [row for row in ROWS if row.library == library]
    matching = [row for row in rows if name.lower() in map(str.lower, row.names)]
    if not matching:
        hint = did_you_mean(name, [each for row in rows for each in row.names])
        raise UnknownSurrogateError(
            f"{shortened(asked)} is not known.{hint} 'surroreg translate {library}' lists what is."
        )
    row = matching[0]
    if not row.ours:
        raise NoEquivalentError(f"{asked!r} has no equivalent: {row.note}{'' if row.verified else ' (unverified)'}.")
    ours = _forward(row, _checked(row, asked, params))
    try:
        _check_bounds(ours)
    except ParameterError as error:
        raise type(error)(f"{asked!r} would be {ours._line}, but {ours.name!r}: {error}") from None
    return ours


def _check_bounds(ours: Translation) -> None:
    """Raise if a surrogate of ours does not take the values of a translation."""
    for parameter, value in ((SCALE, ours.scale), (SHIFT, ours.shift)):
        parameter.check(value)
    if "/" not in ours.name:  # a check of a plugin's surrogate would load the plugin
        for parameter in api.spec(ours.name).parameters:
            if parameter.name in ours.params:
                parameter.check(ours.params[parameter.name])


def _checked(row: Equivalent, asked: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all parameters of a row, the given ones and the defaults."""
    for key, value in params.items():
        if key not in row.theirs:
            takes = ", ".join(f"{k}={v}" for k, v in row.theirs.items()) or "no parameters"
            raise ParameterTypeError(
                f"{asked!r} has no parameter {key!r}.{did_you_mean(key, list(row.theirs))} It takes {takes}."
            )
        if row.theirs[key] is not None:
            Parameter(key).check(value)
    values = {**row.theirs, **params}
    missing = [key for key, value in values.items() if value is None]
    if missing:
        raise ParameterTypeError(f"{asked!r} needs a value for {missing[0]!r}.")
    return values


def _forward(row: Equivalent, theirs: Mapping[str, Any]) -> Translation:
    params = {key: _value(text, theirs) for key, text in row.params.items()}
    scale, shift = float(_value(row.scale, theirs)), float(_value(row.shift, theirs))
    fires = row.library in LIBRARIES and LIBRARIES[row.library].fires_at_zero
    return Translation(HERE, row.ours, params, scale, shift, int(fires), row.note, row.verified)


def _to_theirs(library: str, ours: Translation) -> Translation:
    """Return a surrogate of ours in another library; if possible, a translation without a factor or an offset."""
    rows = [row for row in ROWS if row.library == library]
    names = [ours]
    for kin in KIN:
        if ours.name in kin.names:
            same = _forward(kin, ours.params)
            names.append(replace(same, scale=same.scale * ours.scale, shift=same.shift + ours.shift))
        names += _translations([kin], ours)
    translations = [each for name in names for each in _translations(rows, name)]
    if not translations:
        raise NoEquivalentError(f"{LIBRARIES[library].title} has no equivalent of {ours._line}.")
    best = min(translations, key=lambda each: (each.scale != 1) + (each.shift != 0))
    return replace(best, at_zero=ours.at_zero, verified=best.verified and ours.verified)


def _translations(rows: Iterable[Equivalent], ours: Translation) -> Iterator[Translation]:
    """Yield the translations of a surrogate of ours by rows. Its factor may be in its scale or in a parameter."""
    gain = GAINS.get(ours.name, "")
    strength = ours.scale * ours.params.get(gain, 1.0)
    for row in rows:
        if row.ours != ours.name:
            continue
        known = {**ours.params, SCALE.name: strength, SHIFT.name: ours.shift}
        try:
            theirs = {**row.theirs, **{key: _value(text, known) for key, text in row.back.items()}}
            again = _forward(row, theirs)
        except ParameterError:  # the library has no equivalent at these values
            continue
        if not all(_close(again.params[key], value) for key, value in ours.params.items() if key != gain):
            continue
        scale = strength / (again.scale * again.params.get(gain, 1.0))
        exact = 1.0 if math.isclose(scale, 1.0, rel_tol=1e-12) else scale
        yield Translation(
            row.library, row.names[0], theirs, exact, ours.shift - again.shift, note=row.note, verified=row.verified
        )


def _close(value: Any, expected: Any) -> bool:
    if isinstance(expected, (int, float)) and isinstance(value, (int, float)):
        return math.isclose(value, expected, rel_tol=1e-12)
    return bool(value is expected)


@functools.cache
def _compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    code = compile(text, "<equivalents>", "eval")
    return lambda values: eval(code, {"__builtins__": {}, "pi": math.pi, "sqrt": math.sqrt}, values)


def _value(text: str, values: Mapping[str, Any]) -> Any:
    """Return the value of a formula of the table."""
    try:
        return _compiled(text)(values)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise ParameterError(f"{text} is not a number with {dict(values)}: {error}.") from error


def _unknown_library(library: str) -> SurroregError:
    hint = did_you_mean(library, list(LIBRARIES))
    return UnknownSurrogateError(
        f"no library {shortened(library)} is known.{hint} Known are {', '.join(sorted(LIBRARIES))}."
    )
