"""Every exception and warning surroreg raises, each also a standard one that callers already catch."""

from __future__ import annotations

import difflib
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import TypeVar

Class = TypeVar("Class", bound=type)


class SurroregError(Exception):
    """Base class: ``except SurroregError`` catches everything below."""

    # KeyError prints the repr of its argument; these messages are prose.
    __str__ = Exception.__str__


class SpecError(SurroregError, ValueError):
    """The definition of a surrogate is wrong. Raised when the surrogate is defined, not when it is used."""


class UnknownSurrogateError(SurroregError, KeyError):
    """No surrogate has this name."""


class NoEquivalentError(SurroregError, LookupError):
    """A surrogate of one library has no counterpart in another; the message has the reason."""


class AmbiguousSurrogateError(SurroregError, LookupError):
    """A bare name is offered by more than one plugin; the qualified names are in the message."""


class DuplicateSurrogateError(SurroregError, ValueError):
    """One namespace offers one name or alias twice."""


class ParameterError(SurroregError, ValueError):
    """A parameter's value is out of its range, NaN or infinite."""


class ParameterTypeError(ParameterError, TypeError):
    """A parameter is unknown, missing, or of the wrong type."""


class NoPrimitiveError(SurroregError, NotImplementedError):
    """The surrogate declares no primitive, and the request needs one."""


class PluginLoadError(SurroregError, ImportError):
    """An installed plugin cannot be used; ``__cause__`` is the plugin's own exception, if any."""


class MissingLibraryError(SurroregError, ImportError):
    """The library a plugin wraps is not installed.

    Plugins raise it from their hook. The namespace then stays empty, no warning is issued, and ``load`` raises with
    the message, which should name the package to install.
    """


class PluginWarning(RuntimeWarning):
    """A plugin was left out; everything else still works."""


class DeprecatedAliasWarning(FutureWarning):
    """A surrogate was asked for by a name that will go away."""


def public(cls: Class) -> Class:
    """Let pickles, tracebacks and ``repr`` name a class by the path from which users import it."""
    cls.__module__ = "surroreg"
    return cls


for _value in list(globals().values()):
    if isinstance(_value, type) and _value.__module__ == __name__:  # classes defined here, not imported ones
        public(_value)

#: Characters that a terminal obeys instead of showing (escapes, changes of direction), or that cannot be encoded.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return text with control characters escaped as Python does, so that a terminal shows them."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def _beginning(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


def shortened(value: object, length: int = 200) -> str:
    """Return the beginning of ``repr(value)``, whatever the object's own method does; a text keeps both quotes."""
    if type(value) is str:
        return repr(_beginning(value, length))
    try:
        text = printable(repr(value))
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plugin's __repr__, or an integer of too many digits
        text = object.__repr__(value)
    return _beginning(text, length)


def in_one_line(error: BaseException) -> str:
    """Return ``"ValueError: not here"``, or the beginning of it, whatever an exception's own methods do."""
    text = ""
    try:
        text = f"{type(error).__name__} whose text cannot be read"
        text = f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        raise
    except BaseException:  # the exception's class may be a plugin's code
        text = text or "an exception that cannot even be named"
    return _beginning(printable(" ".join(text.split()).rstrip(".: ")), 1000)


def did_you_mean(asked: str, known: Mapping[str, str] | Iterable[str]) -> str:
    """Return ``" Did you mean 'a' or 'b'?"`` for the known names nearest to ``asked``, or ``""``.

    A mapping gives the text to show for each name.
    """
    shown = known if isinstance(known, Mapping) else {name.lower(): name for name in known}
    near = difflib.get_close_matches(asked.lower(), shown, n=3)
    return f" Did you mean {' or '.join(repr(shown[key]) for key in near)}?" if near else ""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line outside surroreg that led here."""
    level, frame = 3, sys._getframe(1)
    while frame.f_back is not None and frame.f_back.f_globals.get("__name__", "").partition(".")[0] == "surroreg":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
