"""The output of a command: nothing but its answer on standard output, and everything else on standard error."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from surroreg.errors import SurroregError, printable

#: Version of the JSON. It changes if a key goes, or changes its meaning, but not if a key is added.
SCHEMA = 1


class Answer:
    """The stream for the answer of a command. After a failure, nothing more is written.

    Args:
        stream: ``None`` if standard output is closed.

    Attributes:
        error: the reason of the failure. A reader that stops reading, such as ``head``, is no failure.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.error: SurroregError | None = None
        self._wanted = True

    def write(self, text: str) -> None:
        """Write text at once, with an escape for each character that the stream cannot encode."""
        if self.error is not None or not self._wanted:
            return
        try:
            if self.stream is None:
                raise ValueError("standard output is closed")
            _write(self.stream, text)
        except BrokenPipeError:
            self._wanted = False
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self.error = SurroregError(f"the answer cannot be written: {reason}.")


#: The streams of the command that runs. sys.stdout and sys.stderr will not do: a plugin can replace them.
_answer: Answer | None = None
_stderr: TextIO | None = None


def answer() -> Answer:
    """Return the answer of the command that runs; outside of a command, standard output."""
    return _answer or Answer(sys.stdout)


def say(text: str) -> None:
    """Print text, and a new line, as a part of the answer. Control characters become escapes."""
    answer().write(printable(text) + "\n")


def say_json(**data: Any) -> None:
    """Print data as JSON. It is the whole answer."""
    from surroreg.specs.plain import json_safe

    say(json.dumps(json_safe({"schema": SCHEMA, **data}), indent=2))


def tell(text: str) -> None:
    """Print text, and a new line, on standard error."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # standard error is closed or full
        _write(_stderr or sys.stderr, printable(text) + "\n")


def progress(text: str) -> None:
    """Show text on a terminal, in place of the last progress. An empty text removes the last."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # standard error is closed or full
        stream = _stderr or sys.stderr
        if stream.isatty():
            _write(stream, f"\r\x1b[K{printable(text)}")


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def is_stdout(path: str) -> bool:
    """Whether a path names standard output. While a command runs, opening such a path would open standard error."""
    return os.path.normpath(path) in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextlib.contextmanager
def alone(*, whole_process: bool) -> Iterator[Answer]:
    """Give a command a stream for its answer, and redirect all other output to standard error.

    A plugin may print through Python, through a file descriptor, or in a process of its own. None of this may get into
    the JSON of ``--json``. Afterwards the streams are restored.

    Args:
        whole_process: whether the process ends with the command. If so, output at its end goes to standard error, too.
    """
    global _answer, _stderr
    outer = _answer, _stderr
    with contextlib.ExitStack() as stack:
        for number in range(3):
            stack.enter_context(_opened(number))
        _stderr = sys.stderr or stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stderr(_stderr))  # restores sys.stderr if a plugin replaces it
        _answer = Answer(stack.enter_context(_apart(sys.stdout)))
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(_another(_stderr))))
        try:
            yield _answer
        finally:
            if _answer.error is not None:
                tell(f"surroreg: {_answer.error}")
            _answer, _stderr = outer
            if whole_process:  # registered last, it runs first: before the functions that plugins have registered
                atexit.register(_end_quietly)


@contextlib.contextmanager
def _opened(number: int) -> Iterator[None]:
    """Occupy a closed file descriptor, so that the next file that is opened does not get its number."""
    try:
        os.fstat(number)
    except OSError:
        descriptor = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
        try:
            yield
        finally:
            os.close(descriptor)
    else:
        yield


@contextlib.contextmanager
def _apart(stdout: TextIO | None) -> Iterator[TextIO | None]:
    """Point file descriptor 1 to standard error, and yield a stream to the former standard output.

    A standard output without a file descriptor, as under tests and in some notebooks, stays as it is.
    """
    number, other = _descriptor(stdout), _descriptor(sys.stderr)
    if stdout is None or number is None:
        yield stdout
        return
    _flush(stdout)  # else earlier output in the buffer would go to standard error
    kept = os.dup(1)
    os.dup2(2 if other is None else other, 1)
    try:
        if number == 1:
            with _another(stdout, kept) as stream:
                yield stream
        else:
            yield stdout
    finally:
        _flush(stdout, sys.__stdout__)  # else output of plugins in these buffers would get into the answer
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def _another(stream: TextIO, number: int | None = None) -> Iterator[TextIO]:
    """Yield a second stream to the same file. Closing, detaching or wrapping it does not harm the first."""
    number = _descriptor(stream) if number is None else number
    if number is None or _descriptor(stream) not in (1, 2):  # an object that may do more than write to a file
        yield stream
        return
    same = os.fdopen(os.dup(number), "w", buffering=1, encoding=stream.encoding, errors="backslashreplace")
    try:
        yield same
    finally:
        with contextlib.suppress(OSError, ValueError):  # the last flush failed, or the stream is detached
            same.close()


def _flush(*streams: TextIO | None) -> None:
    """Flush streams, and the buffers of C, into which extension modules print."""
    for stream in filter(None, streams):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    with contextlib.suppress(Exception):  # a platform may lack ctypes, or the function
        import ctypes

        ctypes.CDLL(None).fflush(None)


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _end_quietly() -> None:
    """Keep late and buffered output from reaching standard output, and from changing the exit code."""
    sys.stdout = sys.stderr
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    try:
        sys.stderr.flush()
    except AttributeError:
        pass
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
