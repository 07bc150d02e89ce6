"""Markdown out of text that is not trusted.

Anyone writes the docstrings, symbols and addresses of a plugin. Here they become text, and nothing else: no markup, no
HTML, no second line. Two walls keep it so:

- :func:`text` and :func:`code` write every sign of ASCII as its number, such as ``&#60;``. Markdown reads a number as a
  letter, wherever it stands. So no part can change what another part means, in whatever order they are joined.
- The pages switch off HTML (:data:`WIDE`). A part that got through would still be no script.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from docutils import nodes

from surroreg.errors import printable

#: Front matter of a page: it needs the room of the theme's second sidebar, and no HTML within its Markdown.
WIDE = """---
html_theme.sidebar_secondary.remove: true
myst:
  disable_syntax: [html_block, html_inline, autolink, image]
---"""
#: Characters of the longest text that a page shows whole.
LONGEST = 20_000
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_MARKED = re.compile(r"(?P<code>``.+?``|`[^`]+`)|(?<![\\\w*])\*(?P<emphasis>\w(?:[\w ]*\w)?)\*(?![\w*])")


def text(words: str) -> str:
    """Return words as plain text on one line."""
    return _escaped(_line(words))


def prose(words: str) -> str:
    """Return a docstring as text on one line, in which code and emphasis are what they were."""
    parts, end, line = [], 0, _line(words)
    for found in _MARKED.finditer(line):
        parts.append(_escaped(line[end : found.start()]))
        emphasis = found["emphasis"]
        parts.append(_role("stressed", emphasis) if emphasis else code(found["code"].strip("`")))
        end = found.end()
    return "".join([*parts, _escaped(line[end:])])


def code(words: str) -> str:
    """Return words as inline code."""
    return _role("verbatim", _line(words))


def breakable(name: str) -> str:
    """Return a name as text that may break after its ``_`` and ``/``."""
    return _role("breakable", _line(name))


def link(words: str, address: str) -> str:
    """Return a link to a page of the web; to any other address, the words alone."""
    if not address.startswith(("https://", "http://")):
        return text(words)
    safe = quote(_line(address), safe=":/?#@!&+,;=~%")
    return f"[{text(words)}](<{_escaped(safe)}>)"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    # A vertical line ends a cell, even in code, unless the character before it is a backslash.
    lines = [[cell.replace("|", r"\|") for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def directive(name: str, argument: str = "", body: str = "", options: Mapping[str, str] | None = None) -> str:
    """Return a directive, fenced longer than anything in its body.

    Args:
        name: of the directive.
        argument: Markdown, or what else the directive takes.
        body: Markdown, or what else the directive takes.
        options: texts, which need not be trusted.
    """
    # Of tildes: what follows backticks on their line could have none of its own.
    longest = max(map(len, re.findall("~+", body)), default=0)
    fence = "~" * max(3, longest + 1)
    given = [f":{key}: {_quoted(value)}".rstrip() for key, value in (options or {}).items()]
    head = f"{fence}{{{name}}} {' '.join(argument.split())}".rstrip()
    # After the empty line nothing is an option, however it begins.
    return "\n".join([head, *given, *(["", body] if body else []), fence])


def listing(language: str, lines: str) -> str:
    """Return lines as a block of code."""
    return directive("code-block", language, printable("\n".join(lines.splitlines())))


def page(parts: Iterable[str]) -> str:
    """Return blocks, with an empty line between, as the text of a file."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(words: str) -> str:
    """Return words on one line, with no character that a page would obey instead of showing it."""
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]} …"
    return printable(" ".join(shown.split()))


def _escaped(words: str) -> str:
    return _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", words)


def _quoted(value: str) -> str:
    return json.dumps(_line(value), ensure_ascii=False) if value else ""


def _role(name: str, words: str) -> str:
    return f"{{{name}}}`{_escaped(words)}`" if words else ""


# A role gets its content as it stands in the file. The numbers become signs again where no more Markdown is read.


def _verbatim(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    return [nodes.literal("", html.unescape(content))], []


def _stressed(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    return [nodes.emphasis("", html.unescape(content))], []


def _breakable(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    found: list[nodes.Node] = []
    for part in re.findall(r"[^_/]*[_/]|[^_/]+", html.unescape(content)):
        found += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]
    return found[:-1], []


#: The roles of the pages, by name.
ROLES: dict[str, Callable[..., Any]] = {"verbatim": _verbatim, "stressed": _stressed, "breakable": _breakable}
