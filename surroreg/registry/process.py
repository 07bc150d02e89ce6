"""The registry of this process: the registry that the public functions use.

A test may put another one in its place: ``monkeypatch.setattr(process, "registry", Registry(scan=...))``.
"""

from __future__ import annotations

import os

from surroreg.registry.names import Registry

registry = Registry()

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lambda: registry.plugins.before_fork(),
        after_in_parent=lambda: registry.plugins.after_fork(is_child=False),
        after_in_child=lambda: registry.plugins.after_fork(is_child=True),
    )
