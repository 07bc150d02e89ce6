"""What a mutant is, and the correct surrogate of which each overrides one thing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch.autograd.function import Function

from surroreg import Parameter, SurrogateSpec, Traits
from surroreg.conformance import targets
from surroreg.conformance.provider import Provider
from surroreg.conformance.targets import Selection, Target

Thing = TypeVar("Thing")

REFERENCES = ("arxiv:1706.02609",)
SLOPE = Parameter("slope", 25.0, gt=0, doc="Steepness.")

# -- a correct surrogate ----------------------------------------------------------------------------

FORMULA = "1/(1 + 25*Abs(x))**2"


def derivative(x):
    """Return the derivative of the fast sigmoid x / (1 + 25|x|)."""
    return (1 / (1 + 25 * x.abs())).square()


class FastSigmoid(Function):
    """A step forward, the fast sigmoid's derivative backward."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return (x > 0).to(x.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * derivative(x)


class Sloped(FastSigmoid):
    """The fast sigmoid of any slope."""

    @staticmethod
    def forward(slope, x):
        return FastSigmoid.forward(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.slope, x = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return None, grad * (1 / (1 + ctx.slope * x.abs())).square()


#: What the spec of a factory of ``Sloped`` declares.
SLOPED: dict[str, Any] = {
    "parameters": [SLOPE],
    "formula": "1/(1 + slope*Abs(x))**2",
    "traits": Traits(kinks=("0",)),
}


class ForwardMode(FastSigmoid):
    """Has forward mode, with which torch.compile does not work."""

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx, tangent):
        (x,) = ctx.saved_tensors
        return tangent * derivative(x)


class Boxcar(FastSigmoid):
    """Its derivative is constant but for two kinks: a second derivative of zero is right."""

    kinks = ("-0.5", "0.5")

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() < 0.5)


# -- mutants ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Mutant:
    """A broken surrogate, or plugin.

    Args:
        name: of this mutant.
        selection: what is checked.
        kills: id of the check meant for it.
        sole: whether no other check should notice; held to it is the first of each check.
        bug: the real bug it stands for, or ``""``.
    """

    name: str
    selection: Selection
    kills: str
    sole: bool = True
    bug: str = ""


MUTANTS: list[Mutant] = []


def mutant(
    kills: str, *, bug: str = "", sole: bool = True, bare: bool = False, **described: Any
) -> Callable[[Thing], Thing]:
    """Enter what it decorates: a Function, a factory, a spec, or (``bare``) a callable that maps x to spikes."""

    def enter(thing: Thing) -> Thing:
        if bare:
            selection = targets.one(thing)
        else:
            spec = thing if isinstance(thing, SurrogateSpec) else black_box(thing, **described)
            selection = Selection(targets=(Target(f"mutants/{spec.name}", spec),))
        MUTANTS.append(Mutant(selection.targets[0].name.removeprefix("mutants/"), selection, kills, sole, bug))
        return thing

    return enter


def plugin(module: str, kills: str, *, bug: str = "", sole: bool = True, loads_here: bool = False) -> None:
    """Enter a plugin, which may be one that does not load."""
    provider = Provider(re.sub(r"\W", "_", module), module)
    if kills == "provider_loads" and not loads_here:
        provider = targets.from_object(module).providers[0]
    MUTANTS.append(Mutant(module, Selection(providers=(provider,)), kills, sole, bug))


def black_box(thing: Any, **described: Any) -> SurrogateSpec:
    """Return the spec of a Function or a factory, named and summarised by itself."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", thing.__name__).lower()
    factory = _factory(thing) if isinstance(thing, type) and issubclass(thing, Function) else thing
    summary = (inspect.getdoc(thing) or "").partition("\n")[0]
    return SurrogateSpec(
        **{"name": name, "factory": factory, "summary": summary, "references": REFERENCES, **described}
    )


def _factory(function: type[Function]) -> Callable[[], Any]:
    """Return a factory of ``function.apply`` which is found, by its name, as ``function.factory``."""

    def factory():
        return function.apply

    factory.__module__, factory.__qualname__ = function.__module__, f"{function.__qualname__}.factory"
    function.factory = staticmethod(factory)
    return factory
