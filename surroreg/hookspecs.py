"""The whole contract between surroreg and a plugin.

A plugin is a module (or any object) named by an entry point in the group ``surroreg``. The entry
point's name is the plugin's namespace: ``acme = "surroreg_acme"`` provides ``acme/...``.

Two attributes of the plugin are optional. ``surroreg_api_version = 1`` is the version of this contract that it needs.
With ``surroreg_bare_names = False`` its surrogates load as ``acme/name`` only, never as ``name``. Set it where the
names mean something else elsewhere: for example, in a plugin that wraps another library's surrogates as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from surroreg.specs import SurrogateSpec

#: Version of this contract. A plugin that needs a given one sets ``surroreg_api_version = 1``.
API_VERSION = 1

hookspec = pluggy.HookspecMarker("surroreg")
hookimpl = pluggy.HookimplMarker("surroreg")


@hookspec
def surroreg_surrogates() -> Iterable[SurrogateSpec]:  # type: ignore[empty-body]
    """Return the surrogates this plugin provides."""
