"""Count the kernels that a GPU runs for each built-in, and write the table into benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from part import Part, markdown

import surroreg
from surroreg.autograd.private import watching
from surroreg.autograd.rule import rule_of
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import loaded_object

PART = Part("benchmarks.md", "kernels", "kernels.py")
#: Operations that only allocate memory, or look at it in another way.
WITHOUT_KERNEL = ("detach", "empty_like", "expand", "view")
FORMS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "`scale`": {"scale": 2.0},
    "`shift`": {"shift": 0.5},
    "`saved_dtype`": {"saved_dtype": "bfloat16"},
}


@contextmanager
def counting() -> Iterator[list[str]]:
    """Yield a list that has the names of the operations in this context that need a kernel each."""
    operations: list[str] = []

    def note(function: Any, *_: Any) -> None:
        name = function.overloadpacket.__name__
        if name not in WITHOUT_KERNEL:
            operations.append(name)

    # The forward pass is that of eager mode, where no mode watches it.
    eager = [mock.patch(f"surroreg.autograd.{module}.modes_active", int) for module in ("narrow", "rule")]
    with eager[0], eager[1], watching(note):
        yield operations


def passes(s: surroreg.Surrogate) -> tuple[list[str], list[str]]:
    """Return the kernels of a forward and of a backward pass, in float32."""
    # The code for a GPU runs on the meta device too: all of it but the fused kernel.
    x, upstream = torch.ones(8, device="meta", requires_grad=True), torch.ones(8, device="meta")
    learnt = list(s.to("meta").parameters())
    with counting() as forward:
        spikes = s(x)
    if not learnt and rule_of(s.spec, False).fused is not None:
        return forward, ["fused"] if s.saved_dtype is None else ["_to_copy", "fused"]
    with counting() as backward:
        torch.autograd.grad(spikes, [x, *learnt], upstream)
    return forward, backward


def cell(spec: SurrogateSpec, **params: Any) -> str:
    """Return the numbers of kernels of both passes, or an empty text for a form that the surrogate refuses."""
    try:
        return " + ".join(str(len(kernels)) for kernels in passes(surroreg.load(spec.name, **params)))
    except surroreg.ParameterError:  # it keeps no input
        return ""


def row(spec: SurrogateSpec) -> list[str]:
    """Return the cells of a surrogate: in each form, and with its first parameter learnt."""
    example = {name: loaded_object(value) for given in spec.examples for name, value in given.items()}
    cells = [cell(spec, **example, **form) for form in FORMS.values()]
    floats = [parameter for parameter in spec.parameters if parameter.type is float]
    if spec.primitive is None or not floats:
        return [f"`{spec.name}`", *cells, ""]
    name, value = floats[0].name, torch.nn.Parameter(torch.tensor([floats[0].default]))
    return [f"`{spec.name}`", *cells, f"{cell(spec, **{name: value})} (`{name}`)"]


def table() -> str:
    """Return the numbers of kernels as a Markdown table."""
    head = ["surrogate", *FORMS, "a learnt parameter"]
    rows = [row(surroreg.spec(name)) for name in surroreg.names(namespace="builtin")]
    return f"Counted with torch {torch.__version__.partition('+')[0]}.\n\n{markdown([head, *rows])}"


if __name__ == "__main__":
    PART.write(table())
