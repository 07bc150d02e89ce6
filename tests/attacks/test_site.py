"""A plugin's texts become text on the site, on a notebook's card and in a report, and nothing else."""

import re
import types

import pytest

import surroreg
from surroreg.conformance.html import page as report_page
from surroreg.conformance.report import Report, Result
from surroreg.registry import Registry, process
from tests.docs.sites import CONF, SCRIPT, TOUCHING, build, need_sphinx, seen

need_sphinx()

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
entries = catalogue.entries
catalogue.entries = lambda: [entry for entry in entries() if entry.plugin or entry.name == "heaviside"]
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
    """Open a page. No script may raise or open a dialog, and the page may fetch no file from elsewhere."""
    tabs, events = [], []

    def opened(path):
        tab = browser.new_page()
        tabs.append(tab)
        tab.on("pageerror", lambda error: events.append(str(error)))
        tab.on("dialog", lambda dialog: events.append(dialog.message))
        tab.on("request", lambda request: request.url.startswith(("file:", "data:")) or events.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield opened
    for tab in tabs:
        tab.close()
    assert events == []


#: Attributes, addresses and elements that no text may bring to a page.
INTRUDERS = """() => [...document.querySelectorAll("article *, main *")].flatMap((element) => [
  ...[...element.attributes].map((each) => each.name).filter((name) => name.startsWith("on")),
  ...[element.getAttribute("href")].filter((address) => /^(javascript|data|vbscript):/i.test(address ?? "")),
  ...[element.getAttribute("src")].filter((address) => /^(https?:)?[/][/]/i.test(address ?? "")),
  ...[element.tagName].filter(() => element.matches("script, iframe, object, embed, base, style, meta, link")),
  ...[element.tagName].filter(() => element.matches("form:not(.catalogue-filter)")),
])"""


def assert_harmless(tab):
    assert tab.evaluate("typeof window.pwned") == "undefined"
    assert tab.evaluate(INTRUDERS) == []


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
    cards = [thing._repr_html_() for thing in (*attack.values(), attack["drawn"]())]
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><main>{''.join(cards)}</main>", encoding="utf-8")
    tab = opened(path)
    assert_harmless(tab)
    assert letters("".join(ATTACKS[:-1])) in letters(tab.locator("main").inner_text())


def test_report_on_a_hostile_plugin_is_text(attack, opened, tmp_path):
    specs = {f"attack/{name}": spec.to_dict() for name, spec in attack.items()}
    results = [Result(name, "forward_step", "cpu", "failed", HARM) for name in specs]
    results += [Result(HARM, HARM, HARM, status, HARM) for status in ("failed", "warned", "known", "unverified")]
    plugins = [{"namespace": "attack", "distribution": HARM, "version": HARM}]
    report = Report(results, surrogates=specs, plugins=plugins, settings={HARM: HARM}, environment={HARM: HARM})
    path = tmp_path / "report.html"
    path.write_text(report_page(report), encoding="utf-8")
    tab = opened(path)
    assert_harmless(tab)
    assert letters("".join(ATTACKS[:-1])) in letters(tab.locator("main").inner_text())
