"""Small sites with a catalogue, as they are built, read and opened in a browser."""

import html.parser
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from surroreg.errors import printable

DOCS = Path(__file__).parents[2] / "docs"

CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
project = html_title = "surroreg"
extensions = ["mathml", "catalogue"]
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_static_path = [{str(DOCS / "_static")!r}]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist", "attrs_inline"]
"""

NEEDED = ("sphinx", "myst_parser", "pydata_sphinx_theme", "sphinx_design", "matplotlib", "pybtex")

SCRIPT = "<script>window.pwned = 1</script>"
#: A docstring whose second span once ended the first: what follows was HTML.
TOUCHING = f"`a ```a `{SCRIPT}``"


def need_sphinx(*packages):
    """Skip a module that builds pages, in one line for all of its tests, where a package is missing."""
    missing = [package for package in packages or NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: pip install 'surroreg[docs]'", allow_module_level=True)


def seen(words):
    """Return text as a reader sees it: on one line, with escapes in place of what a page would obey."""
    return printable(" ".join(words.split()))


class Reader(html.parser.HTMLParser):
    """The parts of a page: tags with their attributes, the text, scripts, and tables."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.scripts, self.tables, self._inside = [], [], [], [], []
        self.feed(page)
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self._inside:
            self.scripts.append(data)
            return
        self.words.append(data)
        if {"td", "th"} & set(self._inside):
            self.tables[-1][-1][-1] += data.strip()


class Site:
    """A built site, and the sources it was built from."""

    def __init__(self, source, out):
        self.source, self.out = source, out

    def page(self, name):
        return Reader((self.out / "catalogue" / f"{name}.html").read_text(encoding="utf-8"))

    def facts(self, name):
        """Return the table of a card that begins with the peak."""
        (table,) = (table for table in self.page(name).tables if len(table) > 1 and table[1][0] == "peak")
        return {row[0]: row[1] for row in table[1:]}

    @property
    def compared(self):
        (table,) = self.page("index").tables
        return {row[0]: dict(zip(table[0], row, strict=True)) for row in table[1:]}


def build(source, out, *options, site=None):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", *options, str(source), str(out)]
    path = {} if site is None else {"PYTHONPATH": str(site)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SURROREG_")}
    return subprocess.run(command, env={**kept, **path}, capture_output=True, text=True, check=False)


def install(site, namespace, module, version="1.0"):
    info = site / f"surroreg_{namespace}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: surroreg-{namespace}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[surroreg]\n{namespace} = {module}\n")
