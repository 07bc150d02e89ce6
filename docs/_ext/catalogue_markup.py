"""Markdown out of text that is not trusted.

A plugin's docstrings, symbols and addresses are written by anyone. Here they become text, and nothing else: no
markup, no HTML, no second line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: Front matter of a page that needs the room of the theme's second sidebar.
WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---"
#: CommonMark takes any of ASCII's punctuation as it is when a backslash comes before it.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<![\\\w*])\\\*(\w[\w ]*)\\\*(?![\w*])")
_CODE = re.compile(r"(``.+?``|`[^`]+`)")


def text(words: str) -> str:
    """Return words as plain text on one line."""
    return _escaped(" ".join(words.split()))


def _escaped(words: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", words)


def prose(words: str) -> str:
    """Return a docstring as text on one line, in which code and emphasis are what they were."""
    parts = _CODE.split(" ".join(words.split()))
    return "".join(
        code(part.strip("`")) if index % 2 else _EMPHASIS.sub(r"*\1*", _escaped(part))
        for index, part in enumerate(parts)
    )


def code(words: str) -> str:
    """Return words as inline code."""
    words = " ".join(words.split())
    if not words:
        return ""
    fence = "`" * (_longest(words) + 1)
    padding = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{padding}{words}{padding}{fence}"


def link(words: str, address: str) -> str:
    """Return a link; the address begins with a scheme that is known to be harmless."""
    safe = re.sub(r"[^A-Za-z0-9:/?#@!$&*+,;=.~_%-]", lambda found: f"%{ord(found[0]):02X}", address)
    return f"[{text(words)}](<{safe}>)"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    # A vertical line ends a cell, even in code.
    lines = [[re.sub(r"(?<!\\)\|", r"\|", cell) for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def directive(name: str, argument: str = "", body: str = "", options: Mapping[str, str] | None = None) -> str:
    """Return a directive, fenced longer than anything in its body."""
    fence = "`" * max(3, _longest(body) + 1)
    given = [f":{key}: {value}".rstrip() for key, value in (options or {}).items()]
    head = f"{fence}{{{name}}} {argument}".rstrip()
    return "\n".join([head, *given, *([""] if given and body else []), *([body] if body else []), fence])


def page(parts: Iterable[str]) -> str:
    """Return blocks, with an empty line between, as the text of a file."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _longest(words: str) -> int:
    """Return the length of the longest run of backticks."""
    return max(map(len, re.findall("`+", words)), default=0)
