"""Directives that write out what the code knows: ``command-line``, ``pytest-options``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from surroreg import pytest_plugin
from surroreg.cli import parser


class CommandLine(SphinxDirective):
    """``.. command-line::``: a section for each command, with its own help."""

    def run(self) -> list[nodes.Node]:
        """Return the help of the whole, and a section for each command."""
        root = parser()
        return [
            _help(root),
            *(self._section(f"surroreg {name}", _help(command)) for name, command in root.commands.items()),
        ]

    def _section(self, title: str, *content: nodes.Node) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(title)])
        section += nodes.title(title, title)
        section += content
        self.state.document.note_implicit_target(section)
        return section


def _help(command: argparse.ArgumentParser) -> nodes.literal_block:
    command.formatter_class = _wide(command.formatter_class)
    text = command.format_help()
    return nodes.literal_block(text, text, language="text")


def _wide(formatter: Any) -> Any:
    # Not the width of the terminal in which the site happens to be built.
    return lambda prog: formatter(prog, width=80)


class PytestOptions(SphinxDirective):
    """``.. pytest-options::``: the options that the pytest plugin adds."""

    def run(self) -> list[nodes.Node]:
        """Return a list of definitions."""
        entries = nodes.definition_list()
        for option, text in options():
            term = nodes.term("", "", nodes.literal(option, option))
            entries += nodes.definition_list_item(
                "", term, nodes.definition("", nodes.paragraph(text=text[:1].upper() + text[1:] + "."))
            )
        return [entries]


def options() -> Iterator[tuple[str, str]]:
    """Yield each option of the pytest plugin as it is typed, with its help."""
    collected = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(collected)
    for option in collected.getgroup("surroreg").options:
        metavar = option.attrs().get("metavar")
        yield option.names()[0] + (f"={metavar}" if metavar else ""), str(option.attrs()["help"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    app.add_directive("command-line", CommandLine)
    app.add_directive("pytest-options", PytestOptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
