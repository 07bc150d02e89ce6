"""Where a command writes: its answer, alone, to standard output, and everything else to standard error."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from surroreg.errors import SurroregError, printable

#: Version of the shapes: it changes when a key goes or changes its meaning, not when one is added.
SCHEMA = 1


class Answer:
    """The stream that the answer of a command goes to; once that has failed, nowhere.

    Args:
        stream: ``None`` if standard output is closed.

    Attributes:
        error: why it could not be written. A reader that has seen enough, such as ``head``, is no error.
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


#: Of the command that runs. A plugin can put something else into sys.stdout and sys.stderr.
_answer: Answer | None = None
_stderr: TextIO | None = None


def answer() -> Answer:
    """Return the answer of the command that runs; outside of one, standard output."""
    return _answer or Answer(sys.stdout)


def say(text: str) -> None:
    """Print text as a part of the answer, and a new line; a plugin's texts in it cannot steer the terminal."""
    answer().write(printable(text) + "\n")


def say_json(**data: Any) -> None:
    """Print data as JSON, as the whole answer."""
    from surroreg.specs.plain import json_safe

    say(json.dumps(json_safe({"schema": SCHEMA, **data}), indent=2))


def tell(text: str) -> None:
    """Print text, and a new line, on standard error."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or full: there is nobody to tell
        _write(_stderr or sys.stderr, printable(text) + "\n")


def progress(text: str) -> None:
    """Show text in place of the last one, on a terminal; an empty text removes it."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # as above
        stream = _stderr or sys.stderr
        if stream.isatty():
            _write(stream, f"\r\x1b[K{printable(text)}")


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def is_stdout(path: str) -> bool:
    """Whether a path names standard output: opened, it would be what that has become while a command runs."""
    return os.path.normpath(path) in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextlib.contextmanager
def alone(*, whole_process: bool) -> Iterator[Answer]:
    """Give a command a stream for its answer, and send whatever else is printed meanwhile to standard error.

    A plugin may print, through Python, through a file descriptor or in a process of its own: ``--json`` must bear that.
    Afterwards everything is as it was.

    Args:
        whole_process: whether the process ends with the command: what is printed while it ends is not the answer's.
    """
    global _answer, _stderr
    outer = _answer, _stderr
    with contextlib.ExitStack() as stack:
        for number in range(3):
            stack.enter_context(_opened(number))
        _stderr = sys.stderr or stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stderr(_stderr))  # to have it back
        _answer = Answer(stack.enter_context(_apart(sys.stdout)))
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(_another(_stderr))))
        try:
            yield _answer
        finally:
            if _answer.error is not None:
                tell(f"surroreg: {_answer.error}")
            _answer, _stderr = outer
            if whole_process:  # only now: what was registered last runs first, before what plugins have registered
                atexit.register(_end_quietly)


@contextlib.contextmanager
def _opened(number: int) -> Iterator[None]:
    """Keep a closed file descriptor from becoming that of a file which is opened next."""
    try:
        os.fstat(number)
    except OSError:
        descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
        try:
            yield
        finally:
            os.close(descriptor)
    else:
        yield


@contextlib.contextmanager
def _apart(stdout: TextIO | None) -> Iterator[TextIO | None]:
    """Make file descriptor 1 another name of standard error; give a stream to where standard output was.

    A standard output that has no file, as under tests and in some notebooks, is left alone.
    """
    number, other = _descriptor(stdout), _descriptor(sys.stderr)
    if stdout is None or number is None:
        yield stdout
        return
    _flush(stdout)  # of what was printed before
    kept = os.dup(1)
    os.dup2(2 if other is None else other, 1)
    try:
        if number == 1:
            with _another(stdout, kept) as stream:
                yield stream
        else:
            yield stdout
    finally:
        _flush(stdout, sys.__stdout__)  # whoever holds them has printed into them
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def _another(stream: TextIO, number: int | None = None) -> Iterator[TextIO]:
    """Give a stream of its own to the same file, which can be closed, detached or wrapped without harm to the other."""
    number = _descriptor(stream) if number is None else number
    if number is None or _descriptor(stream) not in (1, 2):  # an object that has more to do than to write there
        yield stream
        return
    same = os.fdopen(os.dup(number), "w", buffering=1, encoding=stream.encoding, errors="backslashreplace")
    try:
        yield same
    finally:
        with contextlib.suppress(OSError, ValueError):  # it keeps what it could not write; or is detached
            same.close()


def _flush(*streams: TextIO | None) -> None:
    """Empty the buffers of streams, and those of C, which an extension module prints into."""
    for stream in filter(None, streams):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    with contextlib.suppress(Exception):  # there may be no ctypes, and no such function
        import ctypes

        ctypes.CDLL(None).fflush(None)


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _end_quietly() -> None:
    """Let nothing that is still printed, or still in a buffer, reach standard output or change the exit code."""
    sys.stdout = sys.stderr
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    try:
        sys.stderr.flush()
    except AttributeError:
        pass
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
