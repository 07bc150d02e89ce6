"""Markdown from text that is not trusted.

Anyone may write the docstrings, symbols and addresses of a plugin. This module turns them into text, and nothing else:
no markup, no HTML, no second line. Two walls protect the page:

- :func:`text` and :func:`code` write every sign of ASCII as its number, such as ``&#60;``. Markdown reads a number as a
  letter in any place. So no part can change the meaning of another part, in whatever order they are joined.
- The pages switch off HTML (:data:`WIDE`). A part that passed the first wall would still be no script.
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

#: The front matter of a page: no second sidebar, whose space the tables need, and no HTML within the Markdown.
WIDE = """---
html_theme.sidebar_secondary.remove: true
myst:
  disable_syntax: [html_block, html_inline, autolink, image]
---"""
#: The length of the longest text that a page shows whole, in characters.
LONGEST = 20_000
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_MARKED = re.compile(r"(?P<code>``.+?``|`[^`]+`)|(?<![\\\w*])\*(?P<emphasis>\w(?:[\w ]*\w)?)\*(?![\w*])")


def text(words: str) -> str:
    """Return words as plain text on one line."""
    return _escaped(_line(words))


def prose(words: str) -> str:
    """Return a docstring as text on one line. Code and emphasis keep their markup."""
    parts, end, line = [], 0, _line(words)
    for match in _MARKED.finditer(line):
        parts.append(_escaped(line[end : match.start()]))
        emphasis = match["emphasis"]
        parts.append(_role("stressed", emphasis) if emphasis else code(match["code"].strip("`")))
        end = match.end()
    return "".join([*parts, _escaped(line[end:])])


def code(words: str) -> str:
    """Return words as inline code on one line."""
    return _role("verbatim", _line(words))


def breakable(name: str) -> str:
    """Return a name as text with permitted line breaks after ``_`` and ``/``."""
    return _role("breakable", _line(name))


def link(words: str, address: str) -> str:
    """Return a link to a web page. For any other address, return the words alone."""
    if not address.startswith(("https://", "http://")):
        return text(words)
    safe = quote(_line(address), safe=":/?#@!&+,;=~%")
    return f"[{text(words)}](<{_escaped(safe)}>)"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of cells that are already Markdown."""
    # A vertical line ends a cell, even in code, unless the character before it is a backslash.
    lines = [[cell.replace("|", r"\|") for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def directive(name: str, argument: str = "", body: str = "", options: Mapping[str, str] | None = None) -> str:
    """Return a directive with a fence that is longer than any fence in its body.

    Args:
        name: the name of the directive.
        argument: Markdown, or any other text that the directive takes.
        body: Markdown, or any other text that the directive takes.
        options: texts, which need not be trusted.
    """
    # A fence of tildes: the argument on the line of a fence of backticks could not have backticks.
    longest = max(map(len, re.findall("~+", body)), default=0)
    fence = "~" * max(3, longest + 1)
    given = [f":{key}: {_quoted(value)}".rstrip() for key, value in (options or {}).items()]
    head = f"{fence}{{{name}}} {' '.join(argument.split())}".rstrip()
    # The empty line ends the options: a line of the body that begins like an option is none.
    return "\n".join([head, *given, *(["", body] if body else []), fence])


def listing(language: str, lines: str) -> str:
    """Return lines as a block of code."""
    return directive("code-block", language, printable("\n".join(lines.splitlines())))


def page(parts: Iterable[str]) -> str:
    """Return blocks as the text of a file, with an empty line between two blocks."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(words: str) -> str:
    """Return words on one line, with control characters as escapes."""
    beginning = words if len(words) <= LONGEST else f"{words[:LONGEST]} …"
    return printable(" ".join(beginning.split()))


def _escaped(words: str) -> str:
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", words)


def _quoted(value: str) -> str:
    return json.dumps(_line(value), ensure_ascii=False) if value else ""


def _role(name: str, words: str) -> str:
    return f"{{{name}}}`{_escaped(words)}`" if words else ""


# A role gets its content unchanged from the file. It may turn the numbers into signs again: no Markdown is parsed after
# it.


def _verbatim(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    return [nodes.literal("", html.unescape(content))], []


def _stressed(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    return [nodes.emphasis("", html.unescape(content))], []


def _breakable(name: str, raw: str, content: str, *rest: Any, **options: Any) -> tuple[list[nodes.Node], list[Any]]:
    parts: list[nodes.Node] = []
    for part in re.findall(r"[^_/]*[_/]|[^_/]+", html.unescape(content)):
        parts += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]
    return parts[:-1], []


#: The roles of the pages, by name.
ROLES: dict[str, Callable[..., Any]] = {"verbatim": _verbatim, "stressed": _stressed, "breakable": _breakable}
