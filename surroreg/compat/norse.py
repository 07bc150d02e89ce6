"""Any surrogate as a ``method`` of Norse's neurons.

Norse chooses its threshold function by a string, out of six. While this is installed, a method that begins with
``surroreg:`` is one of ours::

    import surroreg.compat.norse

    surroreg.compat.norse.install()
    p = LIFParameters(method="surroreg:fast_sigmoid(slope=1)")
    cell = norse.torch.LIFCell(p=p)

This method has the gradient of Norse 1.1.0's default, ``"super"``, exactly; ``"surroreg:atan(alpha=2, scale=0.3)"`` is
another.

What stands in parentheses are numbers by keyword: the surrogate's parameters, ``scale``, ``shift``, ``at_zero``. The
neuron's ``alpha``, 100 by default, is Norse's own: a surrogate does not get it. Norse's own methods stay what they are.

A refractory neuron (``LIFRefracCell``) asks its method also whether its refractory time is above zero. With
``at_zero=1`` the answer is always yes, and it never fires.
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

PREFIX = "surroreg:"

#: Norse's own functions that are replaced now: one if installed, or else none.
_replaced: list[Callable[..., Any]] = []
#: The surrogates by their text; each layer with the same method has the same one.
_built: dict[str, Surrogate] = {}
_depth = 0


def install() -> None:
    """Make ``method="surroreg:..."`` work in every functional module of Norse, imported or yet to be.

    Calls nest: as many of :func:`uninstall` undo them.

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
    """Undo one :func:`install`. The last puts Norse's own function back everywhere, and forgets the surrogates.

    Raises:
        RuntimeError: it is not installed.
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
    """Install for the time of a ``with`` block: ``with surroreg.compat.norse.installed(): ...``."""
    install()
    try:
        yield
    finally:
        uninstall()


def threshold(x: Tensor, method: str, alpha: float) -> Tensor:
    """Return the spikes of ``x``, as Norse's function of this name does, which it stands in for.

    Args:
        x: membrane minus threshold; floating, any shape. The spikes have its shape and dtype.
        method: ``surroreg:`` and a surrogate, or one of Norse's own names.
        alpha: the parameter of Norse's own.

    Raises:
        ParameterError: the text after ``surroreg:`` is malformed, or a parameter is out of bounds.
        UnknownSurrogateError: no surrogate has that name.
        ValueError: Norse has no such method.
    """
    if not method.startswith(PREFIX):
        return _replaced[0](x, method, alpha)  # type: ignore[no-any-return]
    _build(method)
    return _built[method](x)


# A compiler must find the surrogate, but cannot follow how it is built.
@while_tracing
def _build(method: str) -> None:
    if method not in _built:
        name, params = _parsed(method)
        _built[method] = load(name, **params)


def _parsed(method: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the keyword arguments in ``"surroreg:name(keyword=number)"``."""
    name, parenthesis, rest = method.removeprefix(PREFIX).partition("(")
    params: dict[str, Any] = {}
    try:
        call = ast.parse(f"f({rest}" if parenthesis else "f()", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("this is not one call with keyword arguments only")
        for keyword in call.keywords:
            value = ast.literal_eval(keyword.value)
            if keyword.arg is None or keyword.arg in params or type(value) not in (int, float):
                raise ValueError(f"{ast.unparse(keyword)!r} is not a new keyword with a number")
            params[keyword.arg] = value
    except (SyntaxError, ValueError) as error:
        raise ParameterError(
            f"cannot read the method {method!r}. Write {PREFIX}NAME or {PREFIX}NAME(KEYWORD=NUMBER, ...), "
            f"such as '{PREFIX}fast_sigmoid(slope=1)'."
        ) from error
    return name, params


def _exchange(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """Put one function in the place of another, under whatever name a module of Norse has it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "norse" and module is not None:
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)
