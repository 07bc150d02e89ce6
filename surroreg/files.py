"""Writing files: one that exists keeps what it holds until all of the new content is on the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from surroreg.errors import SurroregError

#: A folder that takes no new file, or a file that another file system is mounted on, can still be written in place.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EBUSY}


def write(path: str | Path, content: bytes) -> None:
    """Write a file, or leave what is there as it was.

    The content goes into a file beside it, which then takes its place and its mode. A link is followed. What is no
    regular file, such as ``/dev/null`` or a pipe, is written to directly.

    Raises:
        SurroregError: it cannot be written.
    """
    with _explained(path):
        found = _status(path)
        if found is not None and not stat.S_ISREG(found.st_mode):
            _write_in_place(path, content)
            return
        target = os.path.realpath(path)
        try:
            with _beside(target) as new:
                Path(new).write_bytes(content)
                if found is not None:
                    with contextlib.suppress(OSError, AttributeError):  # where root writes, the owner stays
                        os.chown(new, found.st_uid, found.st_gid)
                    os.chmod(new, stat.S_IMODE(found.st_mode))
                os.replace(new, target)
        except OSError as error:
            if found is None or error.errno not in _IN_PLACE:
                raise
            _write_in_place(target, content)


def refuse_unwritable(path: str | Path) -> None:
    """Raise what :func:`write` would raise, as far as that can be known before; nothing is changed.

    Raises:
        SurroregError: it cannot be written.
    """
    with _explained(path):
        found = _status(path)
        if found is not None and not stat.S_ISREG(found.st_mode):
            return
        try:
            with _beside(os.path.realpath(path)):
                pass
        except OSError as error:
            if found is None or error.errno not in _IN_PLACE:
                raise


@contextlib.contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # the latter for a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise SurroregError(f"cannot write {str(path)!r}: {reason}.") from error


def _status(path: str | Path) -> os.stat_result | None:
    """Return what is at a path, if anything; raise if it may not be written to."""
    try:
        found = os.stat(Path(path))  # as a Path, an empty name is the current folder and no new file
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(path, os.W_OK):  # to replace a file, the right to write into its folder would do
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


@contextlib.contextmanager
def _beside(target: str) -> Iterator[str]:
    """Create an empty file in the same folder, where renaming is one step; it is gone afterwards."""
    new = os.path.join(os.path.dirname(target), f".surroreg-{secrets.token_hex(8)}")
    with open(new, "xb"):  # not tempfile: a new file has the mode that the user's mask gives
        pass
    try:
        yield new
    finally:
        with contextlib.suppress(FileNotFoundError):  # it is in its place
            os.unlink(new)


def _write_in_place(path: str | Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
