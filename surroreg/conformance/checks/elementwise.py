"""Both passes are elementwise, whatever the shape of the batch, and whatever else is in it."""

from __future__ import annotations

import itertools

import torch

from surroreg.conformance.arrangements import Table, allowed, beside, companies, shapes, some
from surroreg.conformance.case import Case
from surroreg.conformance.table import DETERMINISTIC, check


@check(
    "Each spike depends on its own input only",
    why="Neurons of one layer, and samples of one batch, are independent; a leak between samples is a wrong result.",
    sweep="dtypes",
)
def forward_elementwise(case: Case) -> None:
    """Arrange one table of inputs in many shapes, in uniform batches, and beside one bad neighbour."""
    table = Table(case)
    for name, index in some(case, itertools.chain(shapes(table), companies(table))):
        table.expect_spikes(name, index, table.x[index])
    for name, index, replaced, value in some(case, beside(table)):
        table.expect_spikes(f"an input of {name}", index, table.x[index].masked_fill(replaced, value), ~replaced)


@check(
    "Each gradient depends on its own input and upstream gradient only",
    why="A gradient that is normalised over the batch makes every sample's depend on its neighbours.",
    bug="Gradient clipping or normalising hidden in a surrogate.",
    gate=DETERMINISTIC,
    sweep="dtypes",
)
def backward_elementwise(case: Case) -> None:
    """Arrange one table of inputs in many shapes, in uniform batches, and beside one bad neighbour."""
    table = Table(case)
    for name, index in some(case, itertools.chain(shapes(table), companies(table))):
        table.expect_gradients(name, index, table.x[index], table.upstream[index])
    for name, index, replaced, value in some(case, beside(table)):
        x, upstream = table.x[index], table.upstream[index]
        table.expect_gradients(f"an input of {name}", index, x.masked_fill(replaced, value), upstream, ~replaced)
        bad = upstream.masked_fill(replaced, value)
        table.expect_gradients(f"an upstream gradient of {name}", index, x, bad, ~replaced)


@check(
    "More than a million elements, an odd number of them, give what their parts give",
    why="Kernels are launched in blocks; the last block is the one nobody looks at.",
    bug="spikingjelly#151: a CUDA reduction covered one block only.",
    gate=DETERMINISTIC,
    sweep="once",
    dtypes=(torch.float32,),
)
def backward_large(case: Case) -> None:
    """Forward and backward."""
    x = case.random(2**20 + 37)
    torch.set_num_threads(2)  # the border between two threads' shares is where it goes wrong
    spikes, gradient = case(x), case.gradient(x)
    torch.set_num_threads(1)  # on a busy machine every operation of two threads waits for both
    # The first part, the last, and the one around the border between two threads.
    chunks = [torch.tensor_split(whole, 15)[::7] for whole in (x, spikes, gradient)]
    for chunk, s, g in zip(*chunks, strict=True):
        alone, parts = case(chunk), case.gradient(chunk)
        if not torch.equal(s, alone):
            case.compare("a large tensor gives the spikes of its parts", chunk, s, alone)
        if not torch.equal(g, parts):
            # Vectorised and scalar code may round differently.
            bound = allowed(case, g, torch.ones_like(g))
            case.compare("a large tensor gives the gradient of its parts", chunk, g, parts, bound)
