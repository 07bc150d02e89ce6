"""The tensors that autograd keeps between the forward and the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor


def python_nodes(root: Any) -> Iterator[Any]:
    """Yield the nodes of a graph that are written in Python: autograd.Functions."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [following for following, _ in node.next_functions]
        if hasattr(node, "apply"):
            yield node


def kept_bytes(function: Callable[[Tensor], Tensor], x: Tensor) -> int:
    """Return how many bytes a call of ``function`` keeps for its backward pass, each memory counted once.

    Tensors of one element are not counted. What ``function`` returns must carry a gradient.
    """
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.numel() > 1:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        spikes = function(x)
    for node in python_nodes(spikes.grad_fn):  # tensors that are attributes of a ctx are kept too
        for value in vars(node).values():
            if isinstance(value, Tensor):
                pack(value)
    return sum(kept.values())
