"""The plugin as a whole: it loads, quietly, and touches nothing but its own."""

from __future__ import annotations

from surroreg.conformance.provider import Observation, Provider
from surroreg.conformance.table import ConformanceError, NotVerifiedError, check


@check(
    "The plugin loads",
    why="A plugin that does not load offers nothing, and its users learn so from a warning only.",
    bug="One plugin that raised at import took all others with it (simonw/llm#1280).",
    sweep="provider",
    devices=("cpu",),
)
def provider_loads(provider: Provider) -> None:
    """Imports, has the hook, and offers surrogates."""
    if provider.problem:
        raise ConformanceError("the plugin loads", got=provider.problem)
    _ = provider.observed  # also in a process of its own


@check(
    "Loading the plugin prints nothing and warns of nothing",
    why="It is loaded by every program that asks for a surrogate, also by those whose output is read by others.",
    sweep="provider",
    devices=("cpu",),
)
def provider_quiet(provider: Provider) -> None:
    """In a process of its own."""
    for stream, text in _observed(provider).printed.items():
        if text.strip():
            raise ConformanceError(f"loading the plugin prints nothing to {stream}", got=text.strip()[:500])


@check(
    "Loading the plugin changes nothing of torch, of the process and of other plugins",
    why="A plugin that sets the default dtype, seeds, patches or wakes the GPU does so in everybody's program.",
    bug="Initialising CUDA at import breaks every fork after it.",
    sweep="provider",
    devices=("cpu",),
)
def provider_pure(provider: Provider) -> None:
    """Compare the state of the process and the registry before and after, in a process of its own."""
    for part, (before, after) in _observed(provider).changed.items():
        raise ConformanceError(f"loading the plugin leaves {part} alone", got=after, expected=before)


@check(
    "The hook gives the same surrogates every time",
    why="It is called again after a refresh; a surrogate that changed meanwhile is another one under the same name.",
    sweep="provider",
    devices=("cpu",),
)
def provider_repeatable(provider: Provider) -> None:
    """Call the hook twice."""
    first, second = _observed(provider).offered
    if first != second:
        raise ConformanceError("the hook gives the same specs when it is called again", got=second, expected=first)


def _observed(provider: Provider) -> Observation:
    if provider.problem:
        raise NotVerifiedError("the plugin does not load")
    try:
        return provider.observed
    except ConformanceError as error:
        raise NotVerifiedError(f"the plugin does not load in a process of its own: {error.promise}") from None
