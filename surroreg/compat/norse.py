"""Any surrogate as a ``method`` of Norse's neurons.

Norse chooses one of its six threshold functions by a string, the method. After :func:`install`, a method that begins
with ``surroreg:`` names a surrogate::

    import surroreg.compat.norse

    surroreg.compat.norse.install()
    p = LIFParameters(method="surroreg:fast_sigmoid(slope=1)")
    cell = norse.torch.LIFCell(p=p)

This method has exactly the gradient of ``"super"``, the default of Norse 1.1.0. Another example is
``"surroreg:atan(alpha=2, scale=0.3)"``.

The parentheses hold keywords: the parameters of the surrogate, ``scale``, ``shift`` and ``at_zero``, which are numbers,
and ``saved_dtype``, a text. A surrogate does not get the neuron's own ``alpha``, which is 100 by default. Norse's own
methods do not change.

A refractory neuron (``LIFRefracCell``) also calls its method to test whether its refractory time is above zero. With
``at_zero=1`` the result is always 1, so the neuron never fires.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from surroreg.api import load
from surroreg.autograd.private import while_tracing
from surroreg.errors import ParameterError
from surroreg.module import Surrogate

__all__ = ["install", "installed", "threshold", "uninstall"]

PREFIX = "surroreg:"

#: Norse's own threshold function while it is replaced, or else nothing.
_replaced: list[Callable[..., Any]] = []
#: The surrogate of each method. Layers with the same method share a surrogate.
_built: dict[str, Surrogate] = {}
#: How many calls of ``install`` have not been undone.
_depth = 0


def install() -> None:
    """Make ``method="surroreg:..."`` work in every functional module of Norse, also in those imported later.

    Calls nest: the methods stop working after as many calls of :func:`uninstall`.

    Raises:
        ImportError: Norse is not installed.
    """
    global _depth
    home = importlib.import_module("norse.torch.functional.threshold")
    if _depth == 0:
        _replaced.append(home.threshold)
        _exchange(home.threshold, threshold)
    _depth += 1


def uninstall() -> None:
    """Undo one :func:`install`. The last call puts Norse's own function back everywhere, and drops the surrogates.

    Raises:
        RuntimeError: no call of ``install`` is left to undo.
    """
    global _depth
    if _depth == 0:
        raise RuntimeError("surroreg.compat.norse is not installed, so there is nothing to uninstall.")
    _depth -= 1
    if _depth == 0:
        _exchange(threshold, _replaced.pop())
        _built.clear()


@contextmanager
def installed() -> Iterator[None]:
    """Install within a ``with`` block: ``with surroreg.compat.norse.installed(): ...``."""
    install()
    try:
        yield
    finally:
        uninstall()


def threshold(x: Tensor, method: str, alpha: float) -> Tensor:
    """Return the spikes of ``x``. Replaces Norse's function of the same name.

    Args:
        x: membrane minus threshold; floating, any shape. The spikes have its shape and dtype.
        method: ``surroreg:`` and a surrogate, or the name of one of Norse's own methods.
        alpha: the parameter of Norse's own methods. A surrogate does not get it.

    Raises:
        ParameterError: the text after ``surroreg:`` is malformed, or a parameter is out of bounds.
        UnknownSurrogateError: no surrogate has that name.
        ValueError: Norse has no such method.
    """
    if not method.startswith(PREFIX):
        return _replaced[0](x, method, alpha)  # type: ignore[no-any-return]
    _build(method)
    return _built[method](x)


# Dynamo runs this function while it traces. It cannot trace into load, so the surrogate must exist before the call.
@while_tracing
def _build(method: str) -> None:
    if method not in _built:
        name, params = _parsed(method)
        _built[method] = load(name, **params)


def _parsed(method: str) -> tuple[str, dict[str, Any]]:
    """Split ``"surroreg:name(keyword=number)"`` into the name and the keyword arguments."""
    name, parenthesis, rest = method.removeprefix(PREFIX).partition("(")
    params: dict[str, Any] = {}
    try:
        call = ast.parse(f"f({rest}" if parenthesis else "f()", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("this is not one call with keyword arguments only")
        for keyword in call.keywords:
            value = ast.literal_eval(keyword.value)
            types = (str,) if keyword.arg == "saved_dtype" else (int, float)
            if keyword.arg is None or keyword.arg in params or type(value) not in types:
                raise ValueError(f"{ast.unparse(keyword)!r} is not a new keyword with a number")
            params[keyword.arg] = value
    except (SyntaxError, ValueError) as error:
        raise ParameterError(
            f"cannot read the method {method!r}. Write {PREFIX}NAME or {PREFIX}NAME(KEYWORD=NUMBER, ...), "
            f"such as '{PREFIX}fast_sigmoid(slope=1)'."
        ) from error
    return name, params


def _exchange(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """Replace a function in every module of Norse, under each name that the module has for it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "norse" and module is not None:
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)
