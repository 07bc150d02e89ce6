"""Any layout will do, of the input and of the upstream gradient."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from surroreg.conformance.arrangements import allowed
from surroreg.conformance.case import Case, pull
from surroreg.conformance.table import ConformanceError, check

#: Layouts that an operation of one input passes on to its result.
KEPT = ("channels_last", "channels_last_3d", "transposed", "permuted")


def layouts(case: Case, shape: tuple[int, ...], seed: int) -> Iterator[tuple[str, Tensor]]:
    """Yield tensors of one shape, each laid out in another way, each with numbers of its own."""
    dims = len(shape)

    def numbers(*sizes: int) -> Tensor:
        values = case.random(*sizes, seed=seed)
        return values + values.sign() * 0.01  # none is zero, where a spike is a matter of declaration

    yield "contiguous", numbers(*shape)
    yield "sliced", numbers(*shape[:-1], 2 * shape[-1] + 1)[..., 1::2]
    yield "expanded", numbers(*[1] * dims).expand(shape)
    if dims < 3:
        yield "offset", numbers(shape[0] + 1, *shape[1:])[1:]
    if dims == 2:
        yield "expanded along the batch", numbers(1, *shape[1:]).expand(shape)
        yield "transposed", numbers(*shape[:-2], shape[-1], shape[-2]).transpose(-1, -2)
    if dims in (3, 5):
        yield "transposed batch", numbers(shape[1], shape[0], *shape[2:]).transpose(0, 1)
    if dims > 2:
        yield "permuted", numbers(shape[-1], *shape[:-1]).movedim(0, -1)
    if dims == 4:
        yield "transposed", numbers(*reversed(shape)).permute(3, 2, 1, 0)
        yield "channels_last", numbers(*shape).to(memory_format=torch.channels_last)
    if dims == 5:
        yield "channels_last_3d", numbers(*shape).to(memory_format=torch.channels_last_3d)


@check(
    "A strided input gives the same spikes, laid out as it is",
    why="Transposed, sliced and channels-last tensors are everyday; a copy to another layout slows convolutions down.",
    bug="Indexing the flat storage, or view(-1), which is right for contiguous tensors only.",
    sweep="dtypes",
)
def forward_layout(case: Case) -> None:
    """Compare with the same numbers laid out contiguously."""
    for shape in ((7,), (6, 4), (2, 3, 4), (2, 4, 6, 8), (2, 3, 4, 2, 5)):
        for name, x in layouts(case, shape, seed=0):
            plain = x.clone(memory_format=torch.contiguous_format)
            spikes, want = case(x), case(plain)
            if not torch.equal(spikes, want):
                case.compare(f"{name} input gives the same spikes as contiguous", x, spikes, want)
            if name in KEPT and spikes.stride() != x.stride():
                raise ConformanceError(
                    f"spikes keep the layout of a {name} input", got=spikes.stride(), expected=x.stride()
                )


@check(
    "Input and upstream gradient may be laid out in any way",
    why="sum() hands down an expanded gradient with no memory of its own, a transposed layer a strided one.",
    bug="view(-1) on the upstream gradient raises for whoever transposes.",
    sweep="dtypes",
)
def backward_layout(case: Case) -> None:
    """Every layout of both tensors, against contiguous ones: all pairs in float32."""
    for shape in ((7,), (6, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 3)):
        inputs, upstreams = dict(layouts(case, shape, seed=0)), dict(layouts(case, shape, seed=4))
        if case.spec.traits.stochastic:  # noise is drawn in the order of the memory
            inputs = {"contiguous": inputs["contiguous"]}
        for name, x in inputs.items():
            plain = x.clone(memory_format=torch.contiguous_format)
            slopes = case.gradient(plain).clone()
            for upstream_name, upstream in upstreams.items():
                # In float32 every pair; in other dtypes each layout of one beside a contiguous other.
                if case.dtype is not torch.float32 and "contiguous" not in (name, upstream_name):
                    continue
                try:
                    leaf, spikes = case.spikes_of(x)
                except Exception:  # forward_layout reports it
                    break
                case.reseed()
                got = pull(leaf, spikes, upstream)
                if torch.equal(got, slopes * upstream):
                    continue
                # Vectorised and scalar code may round differently.
                bound = allowed(case, slopes, upstream)
                if got.shape != slopes.shape or not ((got - slopes * upstream).abs() <= bound).all():
                    promise = f"a {name} input with a {upstream_name} upstream gradient gives what contiguous ones do"
                    case.compare(promise, x, got, case.gradient(plain, upstream.contiguous()), bound)
