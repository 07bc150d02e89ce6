"""Directives that print facts from the code: ``command-line``, ``pytest-options``, ``adapters``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from surroreg import compat, pytest_plugin
from surroreg.cli import parser
from surroreg.libraries import LIBRARIES


class CommandLine(SphinxDirective):
    """``.. command-line::``: a section for each command, with its own help."""

    def run(self) -> list[nodes.Node]:
        """Return the help of the whole command line, and a section for each command."""
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
    # Without a width, the help would have the width of the terminal in which the site is built.
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


class Adapters(SphinxDirective):
    """``.. adapters::``: a section for each module of ``surroreg.compat``, with its docstrings."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        sections = []
        for name in compat.adapters():
            title = LIBRARIES[name].title if name in LIBRARIES else name
            module = f"```{{eval-rst}}\n.. automodule:: surroreg.compat.{name}\n   :members:\n```"
            sections.append(f"## {title}\n\n{module}")
        return self.parse_text_to_nodes("\n\n".join(sections), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    app.add_directive("command-line", CommandLine)
    app.add_directive("pytest-options", PytestOptions)
    app.add_directive("adapters", Adapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
