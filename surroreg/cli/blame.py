"""What commands do about code of a plugin that fails: one message in place of a traceback."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator

from surroreg.errors import SurroregError, in_one_line
from surroreg.specs import SurrogateSpec


@contextlib.contextmanager
def blamed(*specs: SurrogateSpec) -> Iterator[None]:
    """Turn whatever is raised while surrogates of plugins are used into an error that names them.

    Where all are built in, it is a defect of surroreg: it keeps its traceback.

    Raises:
        SurroregError: with the exception, and where it was raised.
    """
    try:
        yield
    except (SurroregError, KeyboardInterrupt):
        raise
    except BaseException as error:
        theirs = [spec for spec in specs if is_foreign(spec)]
        if not theirs:
            raise
        names = " or ".join(f"{spec.name!r} ({spec.origin})" for spec in theirs)
        frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
        place = f"in {frame.f_code.co_name}, {frame.f_code.co_filename}:{line}"
        raise SurroregError(f"the code of {names} failed: {in_one_line(error)} ({place}).") from error


def is_foreign(spec: SurrogateSpec) -> bool:
    """Whether a surrogate is none of surroreg's own."""
    return spec.origin.partition(":")[0].partition(".")[0] != "surroreg"
