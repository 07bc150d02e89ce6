"""Property-based search, without leaving files or chance behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, configuration, given, settings
from hypothesis.strategies import SearchStrategy

from surroreg.conformance.case import Case


def try_examples(case: Case, strategy: SearchStrategy[Any], property_: Callable[[Any], None]) -> None:
    """Call ``property_`` with examples of ``strategy``; an error it raises comes out with the smallest one."""

    @settings(
        max_examples=case.examples,
        derandomize=True,
        database=None,
        deadline=None,
        # Not Phase.explain: it would trace every line of torch.
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def search(example: Any) -> None:
        property_(example)

    # Without a database it still keeps notes on the constants of the modules it finds: not in the user's folder.
    home = vars(configuration).get("__hypothesis_home_directory")
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            search()
        finally:
            configuration.set_hypothesis_home_dir(home)
