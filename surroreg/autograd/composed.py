"""The spike as plain operations, for tracers that would drop the backward pass of a Function."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from surroreg.autograd.rule import Rule, Values, merged


def composed(rule: Rule, x: Tensor, numbers: Values, tensors: Sequence[Tensor] = ()) -> Tensor:
    """Return the spikes as plain operations whose first and second derivatives are the rule's.

    ``z = x - stop(x)`` is zero with slope one, so ``z * (d(x) + stop(d(x))) / 2`` is zero with slope
    ``d`` and curvature ``d'``. Where ``x`` is not finite ``z`` would be NaN: there the gradient is zero.
    """
    values, learnt = merged(numbers, tensors), rule.primitive is not None and len(tensors) > 0
    safe = torch.where(x.detach().abs() < float("inf"), x, 0.0)
    still = safe.detach()
    slope = rule.slope(rule.rounded(safe), values)
    # Evaluate once: a second call of a stochastic derivative would draw other noise.
    base = rule.slope(rule.rounded(still), values) if learnt else slope.detach()
    gradient = (safe - still) * ((slope + base) * 0.5)
    if learnt:
        level = rule.level(rule.rounded(still), values)
        gradient = gradient + (level - level.detach())
    return rule.heaviside(x.detach()) + gradient
