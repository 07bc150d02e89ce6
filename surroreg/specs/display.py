"""Numbers and values of parameters as a reader sees them: rounded, and in few characters.

:func:`surroreg.module.values.shown` is the exact counterpart: Python source that evaluates back to the value.
"""

from __future__ import annotations

from typing import Any

from surroreg.specs.imports import reference_to
from surroreg.specs.parameters import Parameter


def brief(value: Any) -> str:
    """Return the value of a parameter, with numbers to six digits, a callable by its reference, and a tensor's values.

    The text of a learnable value ends in ``(learns)``.
    """
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool | int):
        return str(value)
    if hasattr(value, "requires_grad"):  # a tensor; this module does not import torch
        text = brief(value.item()) if value.numel() == 1 else str(value.tolist())
        return f"{text} (learns)" if value.requires_grad else text
    return reference_to(value)


def brief_default(parameter: Parameter) -> str:
    """Return the default of a parameter, or ``"required"``."""
    return "required" if parameter.required else brief(parameter.default)


def typeset(number: float, digits: int = 6) -> str:
    """Return a number as a page prints it, such as ``−1.5``, ``1e−9`` or ``∞``."""
    text = f"{number:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−").replace("inf", "∞").replace("nan", "NaN")
