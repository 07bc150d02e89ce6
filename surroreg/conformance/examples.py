"""Property-based search, without leaving files or chance behind."""

from __future__ import annotations

import functools
import sys
import tempfile
from collections.abc import Callable
from typing import Literal

import torch
from hypothesis import HealthCheck, Phase, Verbosity, configuration, given, settings
from hypothesis import strategies as st

from surroreg.conformance.case import Case

#: Bits of the floats that hypothesis draws.
Width = Literal[16, 32, 64]


def try_numbers(case: Case, property_: Callable[[list[float]], None]) -> None:
    """Call ``property_``, which holds of each number, with numbers of the case's dtype that hypothesis draws.

    An error comes out with the shortest list that raises one.

    Raises:
        Exception: what ``property_`` raises.
    """
    # hypothesis knows no bfloat16: those are float32's, rounded.
    width: Width = 64 if case.dtype is torch.float64 else 16 if case.dtype is torch.float16 else 32
    try:
        property_(_numbers(width, case.examples, len(sys.modules)))
    except Exception:  # of any type: search again, for a shorter list that fails
        _search(width, case.examples, property_)
        raise


@functools.lru_cache(maxsize=8)
def _numbers(width: Width, examples: int, modules: int) -> list[float]:
    """Return all that hypothesis draws, once: it takes longer than all other checks of a surrogate together.

    It draws the numbers in the code of the user's modules, too: so anew when there are more ``modules``.
    """
    drawn: list[float] = []
    _search(width, examples, drawn.extend)
    return drawn


def _search(width: Width, examples: int, property_: Callable[[list[float]], None]) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        # Not Phase.explain: it would trace every line of torch.
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(st.lists(st.floats(width=width), min_size=1, max_size=8))
    def search(numbers: list[float]) -> None:
        property_(numbers)

    # Without a database it still keeps notes on the constants of the modules it finds: not in the user's folder.
    home = vars(configuration).get("__hypothesis_home_directory")
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            search()
        finally:
            configuration.set_hypothesis_home_dir(home)
