"""A Sphinx extension that writes the catalogue: a card for every surrogate that the registry knows, and an index.

It writes ``catalogue/`` below the sources of the site before Sphinx reads them. An unchanged page is not written again,
so a second build is quick. ``-D catalogue_conformance=0`` leaves out the conformance checks, which take a minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalogue_card import card
from catalogue_facts import Entry, entries
from catalogue_index import index
from catalogue_markup import ROLES
from catalogue_plots import Plot, plots, thumbnail
from catalogue_verdicts import Verdicts
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.display import status_iterator

from surroreg.errors import in_one_line

log = logging.getLogger(__name__)


def write(app: Sphinx) -> None:
    """Write the pages and plots, and remove those of surrogates that no longer exist."""
    home = Path(app.srcdir) / "catalogue"
    known = entries()
    verdicts = Verdicts(Path(app.doctreedir) / "conformance.json") if app.config.catalogue_conformance else None
    benchmarks = Path(app.srcdir) / "benchmarks.md"
    tables = benchmarks.read_text(encoding="utf-8") if benchmarks.exists() else ""
    pages: dict[Path, str] = {}
    drawn: list[Plot] = []
    small: dict[str, Plot] = {}
    for entry in status_iterator(known, "writing the catalogue... ", "brown", len(known), stringify_func=_name):
        own = _drawn(entry, home / "_plots" / entry.namespace)
        if own:
            small[entry.name] = own[0]
        drawn += own
        verdict = verdicts.of(entry) if verdicts else None
        text = card(entry, own[1:], verdict, {e.name for e in known}, tables)
        pages[home / f"{entry.document}.md"] = text
    pages[home / "index.md"] = index(known, small)
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in {*home.rglob("*.md"), *home.rglob("*.svg")} - {*pages, *(plot.path for plot in drawn)}:
        path.unlink()
    if verdicts:
        verdicts.save()


def _drawn(entry: Entry, folder: Path) -> list[Plot]:
    """Return the thumbnail and the plots of a surrogate, or nothing if its code fails."""
    try:
        return [thumbnail(entry, folder), *plots(entry, folder)]
    except (Exception, SystemExit) as error:  # code of a plugin failed; its card reports more
        log.info("catalogue: %s could not be drawn: %s", entry.name, in_one_line(error))
        return []


def _name(entry: Entry) -> str:
    return entry.name


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("myst_parser")
    app.setup_extension("sphinx_design")
    app.add_config_value("catalogue_conformance", True, "env", bool)
    for name, role in ROLES.items():
        app.add_role(name, role)
    app.connect("builder-inited", write)
    app.add_css_file("catalogue.css")
    app.add_js_file("catalogue.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
