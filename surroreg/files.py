"""Writing files: an existing file keeps its content until all of the new content is on the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from surroreg.errors import SurroregError

#: Errors after which the file is written in place: its folder takes no new file, or another file system is mounted on
#: it.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EBUSY}


def write(path: str | Path, content: bytes) -> None:
    """Write a file. If that fails, an existing file keeps its content.

    The content goes into a new file beside the target, which then replaces the target and takes its mode. A link is
    followed. A target that is no regular file, such as ``/dev/null`` or a pipe, is written to directly.

    Raises:
        SurroregError: the file cannot be written.
    """
    with _explained(path):
        status = _status(path)
        if status is not None and not stat.S_ISREG(status.st_mode):
            _write_in_place(path, content)
            return
        target = os.path.realpath(path)
        try:
            with _beside(target) as new:
                Path(new).write_bytes(content)
                if status is not None:
                    with contextlib.suppress(OSError, AttributeError):  # if root writes, the file keeps its owner
                        os.chown(new, status.st_uid, status.st_gid)
                    os.chmod(new, stat.S_IMODE(status.st_mode))
                os.replace(new, target)
        except OSError as error:
            if status is None or error.errno not in _IN_PLACE:
                raise
            _write_in_place(target, content)


def refuse_unwritable(path: str | Path) -> None:
    """Raise the error that :func:`write` would raise, as far as it can be known before. No file changes.

    Raises:
        SurroregError: the file cannot be written.
    """
    with _explained(path):
        status = _status(path)
        if status is not None and not stat.S_ISREG(status.st_mode):
            return
        try:
            with _beside(os.path.realpath(path)):
                pass
        except OSError as error:
            if status is None or error.errno not in _IN_PLACE:
                raise


@contextlib.contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the name has a null character
        reason = getattr(error, "strerror", None) or error
        raise SurroregError(f"cannot write {str(path)!r}: {reason}.") from error


def _status(path: str | Path) -> os.stat_result | None:
    """Return the status of a file, or ``None`` if there is none. Raise if the file may not be written to."""
    try:
        status = os.stat(Path(path))  # as a Path, an empty name is the current folder, and not a new file
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(path, os.W_OK):  # without this check, a read-only file in a writable folder would be replaced
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return status


@contextlib.contextmanager
def _beside(target: str) -> Iterator[str]:
    """Create an empty file in the same folder, so that renaming it is one step; remove it afterwards."""
    new = os.path.join(os.path.dirname(target), f".surroreg-{secrets.token_hex(8)}")
    with open(new, "xb"):  # tempfile would give mode 600 in place of the mode of the user's mask
        pass
    try:
        yield new
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has replaced the target
            os.unlink(new)


def _write_in_place(path: str | Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
