"""What the results depend on: versions, devices, plugins."""

from __future__ import annotations

import platform
from typing import Any

import torch

import surroreg
from surroreg.conformance import nvrtc
from surroreg.conformance.targets import Selection
from surroreg.registry import discovery


def environment() -> dict[str, Any]:
    """Return what the results depend on."""
    import hypothesis

    found: dict[str, Any] = {
        "surroreg": surroreg.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "hypothesis": hypothesis.__version__,
        "cuda": "none",
        "nvrtc": nvrtc.version() or "none",
    }
    if torch.cuda.is_available():
        capability = ".".join(map(str, torch.cuda.get_device_capability(0)))
        found["cuda"] = f"{torch.cuda.get_device_name(0)}, capability {capability}, CUDA {torch.version.cuda}"
    return found


def plugins(selection: Selection) -> tuple[dict[str, str], ...]:
    """Return the plugins that were checked, also those of which only some surrogates were."""
    names = {target.name.partition("/")[0] for target in selection.targets if "/" in target.name}
    installed = discovery.scan()[0] if names - {"builtin"} else []  # imports none of them
    found = {c.namespace: (c.distribution, c.version) for c in installed if c.namespace in names}
    found |= {provider.namespace: (provider.distribution, provider.version) for provider in selection.providers}
    if "builtin" in {*names, *found}:
        found["builtin"] = ("surroreg", surroreg.__version__)
    return tuple(
        {"namespace": namespace, "distribution": distribution, "version": version}
        for namespace, (distribution, version) in sorted(found.items())
    )
