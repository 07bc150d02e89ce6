"""The writer of Markdown keeps text as text, whatever the text contains."""

import ast
import importlib
import re
from urllib.parse import unquote, urlparse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from surroreg.errors import printable
from tests.docs.sites import DOCS, SCRIPT, need_sphinx, seen

need_sphinx()

#: Signs that Markdown, its extensions, YAML, TeX or HTML read as more than text.
FRAGMENTS = [
    *"`*_|\\[]()<>{}$%#&!~^:;=+-\"'/.,@ \n\t",
    *("``", "```", "~~~", ":::", "---", "+++", "***", "===", "\\`", "\\|", "\\\\", "\\\n", "  \n", "\n\n", "\n    "),
    *("a", "0", "1. ", "- ", "# ", "> ", "α", "𝔘", "é"),
    *(SCRIPT, "<!--", "-->", "<b onclick=window.pwned=1>", "<img src=x onerror=window.pwned=1>", "<![CDATA["),
    *("&lt;", "&#60;", "&#x3c;", "&amp;", "&#96;"),
    *("[x](javascript:window.pwned=1)", "![x](https://example.com/x.png)", "<https://example.com>", "[x]: /y"),
    *("{raw}`html`", "{ref}`x`", "```{raw} html\n", ":::{raw} html\n", "{{ x }}", "{.x}", "{#x onclick=y}"),
    *("(x)=", "[^1]", "[^1]: x", "% x", "$x$", "$$", "\\href{javascript:window.pwned=1}{x}", "{math}`x`"),
    *(":class: x", ":name: x\n", "\n:alt: x", "| a | b |\n| --- | --- |"),
    *("\x00", "\x1b[31m", "\x85", "\u2028", "\u202e"),
    *("\ud800", "\ufeff", "\u200b", "`a`", "``a``", "*a*", "**a**", "_a_", "www.example.com", "http://example.com"),
]
WORDS = st.lists(st.sampled_from(FRAGMENTS) | st.characters(codec=None), max_size=12).map("".join)


def bare(words):
    """Return text without spaces and without the signs that mark code and emphasis in a docstring."""
    return re.sub(r"[`*\s]", "", words)


@pytest.fixture(scope="module")
def markup():
    """The module that writes Markdown. Its roles are known to docutils."""
    from docutils.parsers.rst import roles

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_ext")
        module = importlib.import_module("catalogue_markup")
        for name, role in module.ROLES.items():
            patch.setitem(roles._roles, name, role)
        yield module


def extensions():
    """Return the extensions of Markdown that the site switches on."""
    for statement in ast.parse((DOCS / "conf.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "myst_enable_extensions":
            return ast.literal_eval(statement.value)
    raise AssertionError("docs/conf.py sets no myst_enable_extensions")


def parsed(markdown):
    """Return the document that the site's parser makes of Markdown. HTML is allowed, unless the page forbids it."""
    from docutils.core import publish_doctree
    from myst_parser.parsers.docutils_ import Parser

    settings = {
        "myst_enable_extensions": extensions(),
        "doctitle_xform": False,
        "raw_enabled": True,
        "line_length_limit": 10**9,
        "report_level": 5,
        "halt_level": 5,
    }
    return publish_doctree(markdown, parser=Parser(), settings_overrides=settings)


def kinds(node):
    return [type(child).__name__ for child in node.children]


def elements(document, *names):
    """Return the elements of these kinds, in order."""
    return [node for node in document.findall() if type(node).__name__ in names]


ADDRESS = "https://example.org/x"
PARTS = st.lists(
    st.tuples(st.sampled_from(["text", "prose", "code", "breakable", "link"]), WORDS), min_size=1, max_size=5
)


@given(PARTS)
def test_joined_parts_keep_their_kinds(markup, parts):
    written = {"link": lambda words: markup.link(words, ADDRESS)}
    markdown = "".join(written.get(kind, getattr(markup, kind))(words) for kind, words in parts)
    assume(markdown.strip())
    document = parsed(markdown)
    assert kinds(document) == ["paragraph"]
    allowed = {"paragraph", "Text", "literal", "emphasis", "reference", "raw"}
    assert {type(node).__name__ for node in document.findall()} - {"document"} <= allowed
    assert {node.astext() for node in elements(document, "raw")} <= {"<wbr>"}
    links = [words for kind, words in parts if kind == "link"]
    assert [node["refuri"] for node in elements(document, "reference")] == [ADDRESS] * len(links)
    shown = "".join(node.astext() for node in document[0].children if type(node).__name__ != "raw")
    assert bare(shown) == bare("".join(seen(words) for _, words in parts))
    if "prose" not in {kind for kind, _ in parts}:
        assert shown == "".join(seen(words) for _, words in parts).strip()
        code = [seen(words) for kind, words in parts if kind == "code" and words.split()]
        assert [node.astext() for node in elements(document, "literal")] == code


@given(WORDS)
def test_text_begins_no_markup_in_any_place_of_a_page(markup, words):
    shown = seen(words)
    assume(shown)
    text, code = markup.text(words), markup.code(words)
    document = parsed(
        markup.page(
            [
                f"# {text}",
                text,
                code,
                f"- {text}\n- {code}: {text}",
                markup.table([text, code], [[code, text], [text, code]]),
                markup.directive("note", "", markup.directive("note", "", text)),
                markup.directive("figure", "x.svg", text, {"alt": words, "class": "x"}),
                markup.listing("text", words),
                "The end.",
            ]
        )
    )
    (section,) = document
    expected = ["title", "paragraph", "paragraph", "bullet_list", "table", "note", "figure", "literal_block"]
    assert kinds(section) == [*expected, "paragraph"]
    assert not elements(
        document, "raw", "reference", "target", "math", "system_message", "comment", "substitution_definition"
    )
    title, plain, spelled, items, table, note, figure, block, _ = section
    for node in (title, plain, spelled, note, figure[1]):
        assert node.astext() == shown
    assert [item.astext() for item in items] == [shown, f"{shown}: {shown}"]
    assert [entry.astext() for entry in elements(table, "entry")] == [shown] * 6
    assert (figure[0]["uri"], figure[0]["alt"], figure[0]["classes"]) == ("x.svg", shown, ["x"])
    assert block.astext().split() == printable("\n".join(words.splitlines())).split()


@given(WORDS)
def test_link_of_any_address_leads_to_a_page(markup, words):
    for address in (f"https://example.org/{words}", f"https://{words}", f"http:{words}", f"javascript:{words}"):
        document = parsed(f"Before {markup.link('the words', address)} after.")
        assert document.astext() == "Before the words after."
        assert {*kinds(document[0])} <= {"Text", "reference"}
        for node in elements(document, "reference"):
            assert urlparse(node["refuri"]).scheme in ("http", "https")
    (link,) = elements(parsed(markup.link("x", f"https://example.org/{words}")), "reference")
    assert unquote(link["refuri"]) == unquote(seen(f"https://example.org/{words}"))


def test_prose_keeps_code_and_emphasis(markup):
    document = parsed(markup.prose("Of ``x | y``,\nthe *larger one*, `a_b` and 2*x*y; not **this**."))
    assert [node.astext() for node in elements(document, "literal")] == ["x | y", "a_b"]
    assert [node.astext() for node in elements(document, "emphasis")] == ["larger one"]
    assert document.astext() == "Of x | y, the larger one, a_b and 2*x*y; not **this**."


def test_text_of_a_million_characters_is_cut(markup):
    for write in (markup.text, markup.prose, markup.code):
        assert markup.LONGEST < len(parsed(write("`" + "a <" * 333_333)).astext()) < markup.LONGEST + 5


def test_html_on_a_page_is_text(markup):
    harm = [SCRIPT, f"a {SCRIPT} <b onclick=x>", "<https://example.com> ![x](https://example.com/x.png)"]
    assert elements(parsed(markup.page(harm)), "raw")
    document = parsed(markup.page([markup.WIDE, *harm]))
    assert not elements(document, "raw", "image")
    assert SCRIPT in document.astext()


@pytest.mark.parametrize("formula", [f"\\href{{{SCRIPT}}}", f"^{SCRIPT}", f"&{SCRIPT}", f"\\text{{{SCRIPT}}}"])
def test_formula_that_cannot_be_drawn_is_text(markup, formula):
    from docutils import nodes

    drawn = importlib.import_module("mathml")._markup(nodes.math("", formula), block=False)
    assert "<script" not in drawn
    assert "script" in drawn
