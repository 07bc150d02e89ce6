"""Public functions, with arguments at random, raise only documented exceptions, with messages of our own."""

from __future__ import annotations

import inspect
import random
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import surroreg
from surroreg import Parameter, Reference, SurrogateSpec, Traits, compat
from surroreg.compat import snntorch

#: Calls of each function.
CALLS = 400
HOME = Path(surroreg.__file__).parent
#: Every function of an adapter that takes a surrogate.
ADAPTERS = [
    function
    for library in compat.adapters()
    for _, function in inspect.getmembers(import_module(f"surroreg.compat.{library}"), inspect.isfunction)
    if function.__module__ == f"surroreg.compat.{library}"
    and next(iter(inspect.signature(function).parameters), "") == "surrogate"
]


class Odd:
    """An object that cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no luck")


def texts():
    words = ["", " ", "atan", "ATan", "builtin/atan", "atan/atan", "no/such", "/", "//", "a:b", ":", "a:b:c", "m:f"]
    return [*words, "scale", "slope", "x", "é", "\0", "\ud800", "\x1b[2J", "a" * 10_000, "*", "[", "../..", "cuda", "1"]


def numbers():
    plain = [0, 1, -1, 2.5, -0.0, 1e-300, 1e300, 5e-324, float("nan"), float("inf"), 10**400, -(10**19), True, 1j]
    return [*plain, Fraction(1, 3), Decimal("0.5"), np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan")]


def tensors():
    one = torch.ones(1)
    return [
        one,
        torch.tensor(2.0),
        torch.ones(0),
        torch.ones(2, 3),
        torch.ones(3, dtype=torch.int64),
        torch.ones(2, dtype=torch.bool),
        torch.ones(2, dtype=torch.complex64),
        torch.full((2,), torch.nan),
        torch.ones(2, dtype=torch.float16),
        torch.ones(2, device="meta"),
        torch.ones(2).to_sparse(),
        torch.nn.Parameter(torch.ones(1)),
        torch.nn.Parameter(torch.full((1,), -3.0)),
        torch.nn.UninitializedParameter(),
        np.ones(2),
    ]


def others():
    return [None, b"atan", [], {}, (), {"alpha": 1.0}, [5], {5: 6}, len, lambda x: x, int, torch, Odd(), Ellipsis]


def anything(draw):
    return draw.choice(draw.choice([texts, numbers, tensors, others])())


def options(draw, *names):
    """Return values for some of the names."""
    return {name: anything(draw) for name in names if draw.random() < 0.5}


def membrane(draw):
    """Return anything but a tensor without a shape, which torch itself refuses."""
    while type(value := anything(draw)) is torch.nn.UninitializedParameter:
        pass
    return value


BELL = SurrogateSpec(name="bell", derivative=lambda x, slope: x * slope, parameters=[Parameter("slope", 1.0)])
NAMES = surroreg.names(namespace="builtin")


def ready(draw):
    """Return a surrogate at its defaults."""
    name = draw.choice([name for name in NAMES if name != "custom_surrogate"])
    return surroreg.load(name)


def sets(draw):
    surrogate = ready(draw)
    name = draw.choice([*surrogate.params, "spec", "scale", "colour", "_own", "training"])
    setattr(surrogate, name, anything(draw))
    repr(surrogate)


def defines(draw):
    parts = ("summary", "description", "formula", "aliases", "references", "examples", "parameters", "traits", "kernel")
    surroreg.surrogate(**options(draw, *parts[2:-1], "primitive"))(lambda x: x)


#: The name of a function, and a call of the function with arguments drawn at random.
FUNCTIONS: dict[str, Callable[[random.Random], object]] = {
    "load": lambda draw: surroreg.load(anything(draw), **options(draw, "at_zero", "alpha", "slope", "scale", "shift")),
    "load by name": lambda draw: surroreg.load(
        draw.choice(NAMES), **options(draw, "at_zero", "alpha", "slope", "scale", "shift", "beta", "threshold")
    ),
    "names": lambda draw: surroreg.names(anything(draw), namespace=anything(draw)),
    "spec": lambda draw: surroreg.spec(anything(draw)),
    "register": lambda draw: surroreg.register(draw.choice([BELL, anything(draw)]), namespace=anything(draw)),
    "from_config": lambda draw: surroreg.from_config(anything(draw)),
    "from_config with a name": lambda draw: surroreg.from_config(
        {"name": draw.choice([*NAMES, anything(draw)]), **options(draw, "params", "at_zero")}
    ),
    "from_config with parameters": lambda draw: surroreg.from_config(
        {"name": draw.choice(NAMES), "params": options(draw, "alpha", "slope", "scale", "custom_surrogate_function")}
    ),
    "translate": lambda draw: surroreg.translate(
        draw.choice(["atan", "spikingjelly.ATan", "norse.superspike", "snntorch.atan", anything(draw)]),
        to=draw.choice([None, "spikingjelly", "norse", "sinabs", anything(draw)]),
        **options(draw, "alpha", "slope", "at_zero", "scale"),
    ),
    "Surrogate": lambda draw: surroreg.Surrogate(draw.choice([BELL, anything(draw)]), anything(draw), anything(draw)),
    "call": lambda draw: ready(draw)(membrane(draw)),
    "derivative": lambda draw: ready(draw).derivative(membrane(draw)),
    "primitive": lambda draw: ready(draw).primitive(membrane(draw)),
    "scaled": lambda draw: ready(draw).scaled(**options(draw, "factor", "peak", "area")),
    "shifted": lambda draw: ready(draw).shifted(by=anything(draw)),
    "set": sets,
    "Parameter": lambda draw: Parameter(
        draw.choice(["slope", anything(draw)]),
        **options(draw, "default", "gt", "ge", "lt", "le", "symbol", "doc"),
        **({} if draw.random() < 0.5 else {"type": draw.choice([int, float, bool, Callable, anything(draw)])}),
    ),
    "Parameter.check": lambda draw: Parameter("slope", type=draw.choice([int, float, bool, Callable])).check(
        anything(draw)
    ),
    "Traits": lambda draw: Traits(
        **options(draw, "fires_at_zero", "stochastic", "even", "reads", "kinks", "stable_formula", "supports")
    ),
    "Reference": lambda draw: Reference(anything(draw)),
    "SurrogateSpec": lambda draw: SurrogateSpec(
        name=draw.choice(["bell", anything(draw)]),
        **options(draw, "derivative", "factory", "primitive", "kernel", "parameters", "formula", "summary"),
        **options(draw, "description", "references", "aliases", "deprecated_aliases", "traits", "examples"),
    ),
    "surrogate": defines,
    "from_dict": lambda draw: SurrogateSpec.from_dict(
        draw.choice([anything(draw), {"name": "bell", "derivative": "m:f", **options(draw, *BELL.to_dict())}])
    ),
    "from_json": lambda draw: SurrogateSpec.from_json(anything(draw)),
    "as_surrogate": lambda draw: compat.as_surrogate(
        draw.choice([ready, anything])(draw), options(draw, "alpha"), anything(draw)
    ),
    "compat": lambda draw: draw.choice([*ADAPTERS, snntorch.atan])(anything(draw)),
}


def check_is_ours(error):
    """Hold an exception to a documented kind, to code of surroreg, and to a message of some words."""
    shown = f"{type(error).__name__}: {str(error)[:300]}"
    assert isinstance(error, (surroreg.SurroregError, TypeError, NotImplementedError, AttributeError)), shown
    innermost = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    assert innermost.is_relative_to(HOME), f"{shown}, raised in {innermost}"
    assert len(str(error).split()) > 2, shown
    assert len(str(error)) < 3000, shown


@pytest.mark.parametrize("function", FUNCTIONS)
def test_random_arguments_raise_documented_exceptions(function):
    draw = random.Random(function)
    outcomes = Counter()
    for _ in range(CALLS):
        raised = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                FUNCTIONS[function](draw)
        except Exception as error:
            raised = error
        outcomes["returned" if raised is None else type(raised).__name__] += 1
        if raised is not None:
            check_is_ours(raised)
    print(f"{function}: {CALLS} calls, {dict(outcomes.most_common())}")
    assert surroreg.load("atan")(torch.ones(1)).item() == 1
    assert "atan" in surroreg.names()
