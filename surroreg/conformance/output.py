"""What is printed meanwhile, by Python or past it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

_DESCRIPTORS = {1: "standard output", 2: "standard error"}


@contextlib.contextmanager
def printed() -> Iterator[dict[str, str]]:
    """Keep back what is printed in this context, and yield a dictionary that has it, by stream, afterwards.

    The text of Python's streams and that of the file descriptors, to which code in C++ prints.
    """
    texts: dict[str, str] = {}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        files: dict[int, IO[bytes]] = {1: out, 2: err}
        _flush()
        copies = _redirected(files)
        streams = {1: io.StringIO(), 2: io.StringIO()}
        try:
            with contextlib.redirect_stdout(streams[1]), contextlib.redirect_stderr(streams[2]):
                yield texts
        finally:
            _flush()  # text that is still in a buffer would reach the terminal
            for number, copy in copies.items():
                os.dup2(copy, number)
                os.close(copy)
            for number, name in _DESCRIPTORS.items():
                files[number].seek(0)
                texts[name] = streams[number].getvalue() + files[number].read().decode(errors="replace")


def _redirected(files: dict[int, IO[bytes]]) -> dict[int, int]:
    """Let the descriptors refer to files; return copies of the descriptors."""
    copies = {}
    for number, file in files.items():
        with contextlib.suppress(OSError):  # a process may have closed its output
            copies[number] = os.dup(number)
            os.dup2(file.fileno(), number)
    return copies


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):  # closed
                stream.flush()
