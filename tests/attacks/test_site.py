"""What plugins write becomes text on the site, on a notebook's card and in a report, and nothing else."""

import ast
import importlib
import importlib.util
import re
import types
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import surroreg
import surroreg.api
from surroreg.conformance.html import page as report_page
from surroreg.conformance.report import Report, Result
from surroreg.errors import printable
from surroreg.registry import Registry, process
from tests.docs.sites import CONF, build

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

NEEDED = ("sphinx", "myst_parser", "pydata_sphinx_theme", "sphinx_design", "matplotlib", "pybtex")
missing = [package for package in NEEDED if importlib.util.find_spec(package) is None]
pytestmark = pytest.mark.skipif(
    bool(missing), reason=f"{', '.join(missing)} not installed: pip install 'surroreg[docs]'"
)

SCRIPT = "<script>window.pwned = 1</script>"
#: A docstring whose second span once ended the first: what follows was HTML.
TOUCHING = f"`a ```a `{SCRIPT}``"
#: What Markdown, its extensions, YAML, TeX and HTML take for more than text.
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


def seen(words):
    """Return text as a reader sees it: on one line, with escapes in place of what a page would obey."""
    return printable(" ".join(words.split()))


def bare(words):
    """Return text without spaces and without the signs that mark code and emphasis in a docstring."""
    return re.sub(r"[`*\s]", "", words)


# -- the words of a page, as they are written -----------------------------------------------------


@pytest.fixture(scope="module")
def markup():
    """The module that writes Markdown, and its roles known to docutils."""
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
    """Return the document that the site's parser makes of Markdown; HTML is allowed, unless the page forbids it."""
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
def test_parts_joined_in_any_order_stay_what_they_are(markup, parts):
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
    told = "".join(node.astext() for node in document[0].children if type(node).__name__ != "raw")
    assert bare(told) == bare("".join(seen(words) for _, words in parts))
    if "prose" not in {kind for kind, _ in parts}:
        assert told == "".join(seen(words) for _, words in parts).strip()
        code = [seen(words) for kind, words in parts if kind == "code" and words.split()]
        assert [node.astext() for node in elements(document, "literal")] == code


@given(WORDS)
def test_text_in_any_place_of_a_page_begins_nothing(markup, words):
    told = seen(words)
    assume(told)
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
        assert node.astext() == told
    assert [item.astext() for item in items] == [told, f"{told}: {told}"]
    assert [entry.astext() for entry in elements(table, "entry")] == [told] * 6
    assert (figure[0]["uri"], figure[0]["alt"], figure[0]["classes"]) == ("x.svg", told, ["x"])
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


def test_html_of_a_page_is_text_even_where_it_got_through(markup):
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


# -- a site with a plugin whose every text is an attack -------------------------------------------

ATTACKS = [
    TOUCHING,
    "<img src=x onerror='window.pwned = 1'>",
    "<iframe src='https://example.com'></iframe>",
    "[here](javascript:window.pwned=1) ![x](https://example.com/x.png) <https://example.com>",
    "{raw}`html` {{ x }} $\\text{</script>}$ | a | \\| [^1] &lt;script&gt; &#60;b&#62;",
    "(x)=",
    "+++",
    "% gone",
    f"```{{raw}} html\n{SCRIPT}\n```",
    f":::{{raw}} html\n{SCRIPT}\n:::",
    "\x1b[31mred\u202eback\x00",
]
HARM = "\n\n".join(ATTACKS)
PLUGIN = f"""
from collections.abc import Callable

from surroreg import Parameter, SurrogateSpec, hookimpl, surrogate
from surroreg.specs.traits import Traits

HARM, TOUCHING = {HARM!r}, {TOUCHING!r}
LINE = " ".join(HARM.split())

class Harmful(Exception):
    def __str__(self):
        return HARM + "\\ud800"

def chosen():
    pass

chosen.__module__, chosen.__qualname__ = "..", LINE

def drawn(x, omicron, touching, tex, choice, rest):
    return omicron * (1 - x.abs()).relu()

drawn.__doc__ = "The spike " + HARM
drawn.__module__ = ".."
drawn = surrogate(
    formula="omicron*Max(0, 1 - Abs(x))",
    parameters=[
        Parameter("omicron", 1.0, gt=0, symbol="ο", doc=LINE),
        Parameter("touching", 2.0, symbol=r"\\href{{javascript:window.pwned=1}}{{a}}", doc=TOUCHING),
        Parameter("tex", 1, type=int, symbol=r"\\text{{</script><script>window.pwned = 1</script>}}", doc=LINE),
        Parameter("choice", chosen, type=Callable, symbol="`{{x}}`", doc="|"),
        Parameter("rest", True, type=bool, symbol="\u03a2", doc="\\\\"),
    ],
    references=[
        "https://example.org/" + LINE,
        "doi:10.1/`{{raw}}`<script>window.pwned = 1</script>",
        "arxiv:[x](javascript:window.pwned=1)\\n\\n# x",
    ],
    aliases=["Harmful"],
    traits=Traits(kinks=["1", LINE]),
)(drawn)

def fails():
    raise Harmful

def ends(x):
    raise SystemExit(LINE)

@hookimpl
def surroreg_surrogates():
    box = SurrogateSpec(name="box", factory=fails, formula=LINE, summary=LINE, description=HARM)
    exits = SurrogateSpec(name="exits", derivative=ends, formula="x +", summary=TOUCHING)
    long = SurrogateSpec(name="l" * 100, derivative=lambda x: x, formula="1", description="long " * 100_000)
    return [drawn, box, exits, long]
"""
#: The cards of the plugin and one built-in: to draw all built-ins takes a minute.
FEW = """
import catalogue
found = catalogue.entries
catalogue.entries = lambda: [entry for entry in found() if entry.plugin or entry.name == "heaviside"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the site's folder."""
    root = tmp_path_factory.mktemp("attacked")
    source, info = root / "source", root / "installed" / "surroreg_attack-1.dist-info"
    for folder in (source, info):
        folder.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: surroreg-attack\nVersion: 1{TOUCHING}\n")
    (info / "entry_points.txt").write_text("[surroreg]\nattack = attack\n")
    (info.parent / "attack.py").write_text(PLUGIN, encoding="utf-8")
    (source / "conf.py").write_text(CONF + FEW, encoding="utf-8")
    (source / "index.md").write_text("# Home\n\n```{toctree}\ncatalogue/index\n```\n", encoding="utf-8")
    done = build(source, root / "out", site=info.parent)
    assert done.returncode == 0, done.stderr[-4000:]
    return root / "out"


@pytest.fixture
def opened(browser):
    """Open a page; no script may speak up, and nothing may be fetched that is not beside the page."""
    tabs, heard = [], []

    def opened(path):
        tab = browser.new_page()
        tabs.append(tab)
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.on("dialog", lambda dialog: heard.append(dialog.message))
        tab.on("request", lambda request: request.url.startswith(("file:", "data:")) or heard.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield opened
    for tab in tabs:
        tab.close()
    assert heard == []


#: What a page has that its texts must not have brought.
FOUND = """() => [...document.querySelectorAll("article *, main *")].flatMap((element) => [
  ...[...element.attributes].map((each) => each.name).filter((name) => name.startsWith("on")),
  ...[element.getAttribute("href")].filter((address) => /^(javascript|data|vbscript):/i.test(address ?? "")),
  ...[element.getAttribute("src")].filter((address) => /^(https?:)?[/][/]/i.test(address ?? "")),
  ...[element.tagName].filter(() => element.matches("script, iframe, object, embed, base, style, meta, link")),
  ...[element.tagName].filter(() => element.matches("form:not(.catalogue-filter)")),
])"""


def assert_harmless(tab):
    assert tab.evaluate("typeof window.pwned") == "undefined"
    assert tab.evaluate(FOUND) == []


def letters(words):
    """Return letters and digits: typography changes quotes and dashes, and MathML has spaces of its own."""
    return re.sub(r"[\W_]", "", words)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("index", [TOUCHING, *map(seen, ATTACKS)]),
        ("attack/drawn", ATTACKS),
        ("attack/box", ATTACKS),
        ("attack/exits", [TOUCHING]),
    ],
)
def test_card_of_a_hostile_plugin_is_text(name, texts, site, opened):
    tab = opened(site / "catalogue" / f"{name}.html")
    assert_harmless(tab)
    shown = letters(tab.locator("article").inner_text())
    for text in texts:
        assert letters(seen(text)) in shown


def test_card_with_the_longest_name_is_built(site):
    assert (site / "catalogue" / "attack" / f"{'l' * 100}.html").exists()


# -- elsewhere ------------------------------------------------------------------------------------


@pytest.fixture
def attack(monkeypatch):
    """The first two specs of the plugin, in a registry of their own."""
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    module = types.ModuleType("attack")
    exec(compile(PLUGIN, "attack", "exec"), vars(module))
    specs = module.surroreg_surrogates()[:2]
    for spec in specs:
        surroreg.register(spec, namespace="attack")
    return {spec.name: spec for spec in specs}


def test_notebook_of_a_hostile_plugin_is_text(attack, opened, tmp_path):
    cards = [what._repr_html_() for what in (*attack.values(), attack["drawn"]())]
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><main>{''.join(cards)}</main>", encoding="utf-8")
    tab = opened(path)
    assert_harmless(tab)
    assert letters("".join(ATTACKS[:-1])) in letters(tab.locator("main").inner_text())


def test_report_on_a_hostile_plugin_is_text(attack, opened, tmp_path):
    told = {f"attack/{name}": spec.to_dict() for name, spec in attack.items()}
    results = [Result(name, "forward_step", "cpu", "failed", HARM) for name in told]
    results += [Result(HARM, HARM, HARM, status, HARM) for status in ("failed", "warned", "known", "unverified")]
    plugins = [{"namespace": "attack", "distribution": HARM, "version": HARM}]
    report = Report(results, surrogates=told, plugins=plugins, settings={HARM: HARM}, environment={HARM: HARM})
    path = tmp_path / "report.html"
    path.write_text(report_page(report), encoding="utf-8")
    tab = opened(path)
    assert_harmless(tab)
    assert letters("".join(ATTACKS[:-1])) in letters(tab.locator("main").inner_text())
