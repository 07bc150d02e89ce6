"""The parameters of a surrogate: typed, bounded, documented."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from surroreg.errors import ParameterError, ParameterTypeError, SpecError, in_one_line, public, shortened
from surroreg.specs.imports import import_object, reference_to
from surroreg.specs.validation import as_reference, as_text

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
#: Names that are arguments of load, of adapters, or of the functions of a spec already.
_TAKEN = frozenset({"x", "grad", "at_zero", "saved_dtype", "self", "name", "surrogate", "to", "fused"})
_TYPES: dict[Any, str] = {float: "float", int: "int", bool: "bool", Callable: "callable"}
_REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "<required>"})()
_RELATIONS = {"gt": (">", operator.gt), "ge": (">=", operator.ge), "lt": ("<", operator.lt), "le": ("<=", operator.le)}
#: A float's largest magnitude, and the smallest of a float that cannot be zero. Half precision and compiled programs
#: compute in float32: the product and the quotient of two such numbers are normal numbers of float32. With wider limits
#: formulas overflow to NaN or underflow to zero where their exact values do not (tests/parity/test_parameter_range.py).
LARGEST, SMALLEST = 1e18, 1e-18
#: The same limits in words, for users who read declared bounds.
LIMITS = "Floats are at most 1e18 in magnitude, and at least 1e-18 where zero is out of bounds."


def in_words(bounds: Mapping[str, float]) -> str:
    """Return bounds as text, such as ``"> 0 and <= 1"``, or ``""``."""
    return " and ".join(f"{_RELATIONS[key][0]} {bound}" for key, bound in bounds.items())


def _admit(bounds: Mapping[str, float], number: float) -> bool:
    return all(_RELATIONS[key][1](number, bound) for key, bound in bounds.items())


@public
@dataclass(frozen=True)
class Parameter:
    """A named, typed, bounded, documented knob of a surrogate.

    Besides its bounds, a float's magnitude is at most 1e18, and at least 1e-18 where the bounds exclude zero. The
    product and the quotient of two such numbers are normal numbers of float32, in which half precision and compiled
    programs compute.

    Args:
        name: keyword under which ``load`` takes it.
        default: value when it is not given; leave it out to make the parameter required. A callable may be given as
            ``"package.module:name"``, which is imported when it is needed.
        type: ``float`` (the default; takes ints too), ``int``, ``bool`` or ``collections.abc.Callable``.
        gt, ge, lt, le: bounds; a value must be above, at least, below, at most.
        symbol: letter used for it in formulas.
        doc: one sentence on what it does, with its unit where it has one.

    Raises:
        SpecError: the name is not lower- or upper-case letters, digits and ``_``, is reserved,
            the type is none of the four, a bound is no number, no value is within the bounds, or the default
            breaks the parameter's own rules.

    Example:
        >>> from surroreg import Parameter
        >>> slope = Parameter("slope", 25.0, gt=0, doc="Steepness; the half-width is about 0.41/slope.")
        >>> slope.bounds
        '> 0'
        >>> slope.check(10)
        10.0
        >>> slope.check(-1)
        Traceback (most recent call last):
            ...
        surroreg.ParameterError: parameter 'slope' must be > 0, not -1.0.
    """

    name: str
    default: Any = _REQUIRED
    type: Any = float
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    symbol: str = ""
    doc: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", as_text(self.name, "the name of a parameter"))
        if not NAME.fullmatch(self.name) or self.name in _TAKEN:
            raise SpecError(f"{shortened(self.name)} cannot name a parameter (reserved: {', '.join(sorted(_TAKEN))}).")
        if not any(self.type is kind for kind in _TYPES):
            raise SpecError(f"parameter {self.name!r}: type must be one of {', '.join(_TYPES.values())}.")
        for key in ("symbol", "doc"):
            object.__setattr__(self, key, as_text(getattr(self, key), f"parameter {self.name!r}: {key}"))
        self._check_bounds()
        if self.type is Callable and isinstance(self.default, str):
            object.__setattr__(self, "default", as_reference(self.default, f"default of parameter {self.name!r}"))
        elif not self.required:
            try:
                object.__setattr__(self, "default", self.check(self.default))
            except ParameterError as error:
                raise SpecError(f"default of {error}") from error

    def _check_bounds(self) -> None:
        """Raise unless the bounds are numbers with a value between them."""
        for key, bound in self._declared(*_RELATIONS).items():
            if isinstance(bound, bool) or not isinstance(bound, Real) or bound != bound:
                raise SpecError(f"parameter {self.name!r}: {key} must be a number, not {shortened(bound)}.")
            if self.type not in (int, float):
                raise SpecError(f"parameter {self.name!r}: {key} is for numbers, not for a {_TYPES[self.type]}.")
            if type(bound) is not int or abs(bound) > LARGEST:
                try:
                    object.__setattr__(self, key, float(bound))
                except OverflowError:
                    raise SpecError(f"parameter {self.name!r}: {key} is beyond the largest float.") from None
        if self.type not in (int, float):
            return
        bounds = {"ge": -LARGEST, "le": LARGEST, **self.range}
        low = min(max(-LARGEST, bounds["ge"], bounds.get("gt", -LARGEST)), 2 * LARGEST)
        high = max(min(LARGEST, bounds["le"], bounds.get("lt", LARGEST)), -2 * LARGEST)
        whole = math.floor(low)
        tried = (whole, whole + 1) if self.type is int else (low, high, (low + high) / 2)
        if not any(_admit(bounds, value) for value in tried):
            raise SpecError(f"parameter {self.name!r}: no value of it can be {in_words(self.range)}.")

    @property
    def required(self) -> bool:
        """Whether ``load`` must be given a value."""
        return self.default is _REQUIRED

    @property
    def bounds(self) -> str:
        """The declared bounds in words, such as ``"> 0"``, or ``""``."""
        return in_words(self._declared(*_RELATIONS))

    @property
    def range(self) -> dict[str, float]:
        """The bounds that hold: the declared ones, or the limits of every float where these are closer.

        ``Parameter("slope", gt=0)`` has the range ``{"ge": 1e-18, "le": 1e18}``.
        """
        if self.type is not float:
            return self._declared(*_RELATIONS)
        below, above = self._declared("gt", "ge"), self._declared("lt", "le")
        low, high = -LARGEST, LARGEST
        if not _admit(below, 0.0):
            low = SMALLEST
        elif not _admit(above, 0.0):
            high = -SMALLEST
        return {
            **(below if max(below.values(), default=-math.inf) >= low else {"ge": low}),
            **(above if min(above.values(), default=math.inf) <= high else {"le": high}),
        }

    def _declared(self, *keys: str) -> dict[str, float]:
        """Return those of the bounds that were given."""
        return {key: bound for key in keys if (bound := getattr(self, key)) is not None}

    def check(self, value: Any) -> Any:
        """Return ``value`` as this parameter's type.

        Raises:
            ParameterTypeError: the value is of another type.
            ParameterError: the value is NaN, infinite or out of range.
        """
        if self.type is Callable:
            try:
                value = import_object(value) if isinstance(value, str) else value
            except SpecError as error:
                raise ParameterError(f"parameter {self.name!r}: {error}") from error
            if not callable(value):
                raise self._mismatch("a callable, or 'package.module:name' of one", value)
            return value
        if self.type is bool:
            if not isinstance(value, bool):
                raise self._mismatch("True or False", value)
            return value
        if isinstance(value, bool) or not isinstance(value, Integral if self.type is int else Real):
            raise self._mismatch("an integer" if self.type is int else "a real number", value)
        try:
            number = self.type(value)
            finite = self.type is int or math.isfinite(number)
        except OverflowError:  # larger than any float
            number, finite = math.inf, False
        if not finite:
            raise ParameterError(f"parameter {self.name!r} must be finite, not {number}.")
        if self.type is int and number.bit_length() > 10_000:  # Python refuses to print it
            raise ParameterError(f"parameter {self.name!r} cannot be an integer of {number.bit_length()} bits.")
        if not _admit(self._declared(*_RELATIONS), number):
            raise ParameterError(f"parameter {self.name!r} must be {self.bounds}, not {number}.")
        if not SMALLEST <= abs(number) <= LARGEST and not _admit(self.range, number):
            raise ParameterError(
                f"parameter {self.name!r} must be {in_words(self.range)}, not {number}: "
                "outside, products and quotients of two parameters leave the range of float32."
            )
        return number

    def _mismatch(self, expected: str, value: Any) -> ParameterTypeError:
        return ParameterTypeError(
            f"parameter {self.name!r} takes {expected}, not {shortened(value)} ({type(value).__name__})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-safe description, without the parts that were not given."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        found["type"] = _TYPES[self.type]
        if self.type is Callable and not self.required:
            found["default"] = reference_to(self.default)
        return {key: value for key, value in found.items() if value not in (None, "", _REQUIRED)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Parameter:
        """Rebuild a parameter from its description.

        Raises:
            SpecError: a key is unknown or missing, or the description breaks a rule of this class.
        """
        types = {text: kind for kind, text in _TYPES.items()}
        try:
            return cls(**{**data, "type": types[data["type"]]})
        except (TypeError, KeyError) as error:
            raise SpecError(f"cannot read the parameter {shortened(data)}: {in_one_line(error)}.") from error


#: The parameters that every surrogate with a derivative takes besides its own: see :mod:`surroreg.specs.adjusted`.
SCALE = Parameter("scale", 1.0, gt=0, doc="Factor of the derivative.")
SHIFT = Parameter("shift", 0.0, doc="How far above the threshold the derivative is moved, in membrane units.")
