"""The page in a real browser, and a registry that knows the built-ins and the zoo of this checkout."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import surroreg
from surroreg.explorer import page
from surroreg.registry import Registry, process
from tests.zoo import zoo_specs


@pytest.fixture(autouse=True)
def with_zoo(zoo: None) -> None:
    """The zoo is registered in every test of this folder."""


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Write the explorer, and return its address."""

    def file(*names: str) -> str:
        path = tmp_path / "explorer.html"
        path.write_text(page(names or None), encoding="utf-8")
        return path.as_uri()

    return file


@contextlib.contextmanager
def visitor(browser: Any) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens a page in a new browser profile.

    The page may write nothing to the console, and fetch no other file.
    """
    contexts, events = [], []

    def visit(address: str, hash: str = "", **how: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        context.on("request", lambda request: request.url.partition("#")[0] == address or events.append(request.url))
        context.on("console", lambda message: events.append(message.text))
        context.on("weberror", lambda error: events.append(str(error.error)))
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.goto(address + hash)
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert events == []


@pytest.fixture
def opened(browser: Any, file: Callable[..., str]) -> Iterator[Callable[..., Any]]:
    """A function that opens the explorer with some surrogates."""
    with visitor(browser) as visit:
        yield lambda *names, hash="", **how: visit(file(*names), hash, **how)


@pytest.fixture(scope="module")
def open_once(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """A function that opens the explorer with the zoo and more specs, in a tab that the tests of a module share."""
    with visitor(browser) as visit, pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
        for spec in zoo_specs():
            surroreg.register(spec, namespace="zoo")

        def open_once(*specs: surroreg.SurrogateSpec) -> Any:
            for spec in specs:
                surroreg.register(spec, namespace="acme")
            path = tmp_path_factory.mktemp("explorer") / "explorer.html"
            path.write_text(page(), encoding="utf-8")
            return visit(path.as_uri())

        yield open_once


class Card:
    """The card of a surrogate, as a reader sees it."""

    def __init__(self, tab: Any, place: int = 0) -> None:
        self.tab = tab
        self.node = tab.locator(".card").nth(place)
        self.slot = self.node.get_attribute("class").split()[-1]

    def slider(self, name: str) -> Any:
        return self.node.get_by_label(name, exact=False).and_(self.node.locator("input[type=range]"))

    def number(self, name: str) -> Any:
        return self.node.get_by_label(f"{name}, as a number")

    @property
    def line(self) -> str:
        return self.node.locator(".load code").inner_text()

    @property
    def peak(self) -> float:
        return float(self.node.locator("output.peak").inner_text().replace("−", "-"))

    @property
    def path(self) -> str:
        return self.tab.locator(f"#backward path.{self.slot}").get_attribute("d")

    def loaded(self) -> surroreg.Surrogate:
        """Run the line in Python, and return the surrogate."""
        return eval(self.line, {"surroreg": surroreg})


@pytest.fixture
def card() -> type[Card]:
    return Card
