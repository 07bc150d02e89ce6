"""The tensors that autograd keeps between the forward and the backward pass."""

from __future__ import annotations

import weakref
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


class _Kept:
    """A tensor that a node of a graph keeps. It is gone as soon as the node is."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def kept_storages(compute: Callable[[], Tensor]) -> dict[int, int]:
    """Return the bytes of each memory that the graph of a result keeps for the backward pass, by address.

    What a part of the graph keeps that is gone when ``compute`` returns does not count. Tensors of one element do not
    count either. The result must carry a gradient. Compiled code is seen, too.
    """
    alive: weakref.WeakSet[_Kept] = weakref.WeakSet()

    def pack(tensor: Tensor) -> _Kept:
        kept = _Kept(tensor.detach())  # a result that its own node keeps refers to the node, which would then never go
        alive.add(kept)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        result = compute()
    tensors = [kept.tensor for kept in alive]
    for node in python_nodes(result.grad_fn):  # tensors that are attributes of a ctx are kept too
        for value in vars(node).values():
            several = value if isinstance(value, list | tuple) else [value]
            tensors += [each for each in several if isinstance(each, Tensor)]
    storages = [tensor.untyped_storage() for tensor in tensors if tensor.numel() > 1]
    return {storage.data_ptr(): storage.nbytes() for storage in storages}


def kept_bytes(function: Callable[[Tensor], Tensor], x: Tensor) -> int:
    """Return how many bytes a call of ``function`` keeps for its backward pass, each memory counted once.

    Tensors of one element are not counted. What ``function`` returns must carry a gradient.
    """
    return sum(kept_storages(lambda: function(x)).values())
