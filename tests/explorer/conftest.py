"""The page in a real browser, and a registry that knows the built-ins and the zoo of this checkout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import surroreg
from surroreg.explorer import page


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


@pytest.fixture
def opened(browser: Any, file: Callable[..., str]) -> Iterator[Callable[..., Any]]:
    """Open the explorer in a new browser profile. It may write nothing to the console, and fetch no other file."""
    contexts, events = [], []

    def opened(*names: str, hash: str = "", **how: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        address = file(*names)
        context.on("request", lambda request: request.url.partition("#")[0] == address or events.append(request.url))
        context.on("console", lambda message: events.append(message.text))
        context.on("weberror", lambda error: events.append(str(error.error)))
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.goto(address + hash)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert events == []


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
