"""Errors in the code of plugins: a command prints one message in place of a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from surroreg.errors import SurroregError, in_one_line

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec


@contextlib.contextmanager
def blamed(*specs: SurrogateSpec) -> Iterator[None]:
    """Turn an exception within the block into an error that names the plugins' surrogates among ``specs``.

    If all of them are built in, the exception is a defect of surroreg, and keeps its traceback.

    Raises:
        SurroregError: its message has the exception, and the line that raised it.
    """
    try:
        yield
    except (SurroregError, KeyboardInterrupt):
        raise
    except BaseException as error:
        import traceback

        from surroreg.specs.origin import is_foreign

        foreign = [spec for spec in specs if is_foreign(spec)]
        if not foreign:
            raise
        names = " or ".join(f"{spec.name!r} ({spec.origin})" for spec in foreign)
        frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
        place = f"in {frame.f_code.co_name}, {frame.f_code.co_filename}:{line}"
        raise SurroregError(f"the code of {names} failed: {in_one_line(error)} ({place}).") from error
