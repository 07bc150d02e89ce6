"""The configuration of the site: ``sphinx-build -W docs docs/_build/html``, with the extra ``docs``."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

import surroreg
from surroreg import compat, explorer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "surroreg"
author = "the surroreg authors"
copyright = "the surroreg authors, MIT licence"
release = version = surroreg.__version__

extensions = [
    "catalogue",  # before the gallery, whose examples register surrogates of their own
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "mathml",
    "commands",
    "strip",
]
exclude_patterns = ["_build", "_ext", "gallery", "*.py"]

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist", "attrs_inline"]
myst_heading_anchors = 3
bibtex_bibfiles = ["../surroreg/references.bib"]
bibtex_default_style = "unsrt"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
doctest_global_setup = "import surroreg\nimport torch"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("gallery_look.scraper",),
    "reset_modules": ("gallery_look.reset",),
    "abort_on_example_error": True,
    "write_computation_times": False,
    "show_signature": False,
    "show_memory": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "copyfile_regex": "",
    "thumbnail_size": (480, 300),
}

html_theme = "pydata_sphinx_theme"
html_title = "surroreg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/mark.svg"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {"index": [], "start": [], "explore": [], "changelog": []}
html_theme_options = {
    "logo": {"text": "surroreg", "image_light": "_static/mark.svg", "image_dark": "_static/mark.svg"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "explore": []},
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

#: Links that lead out of this folder on GitHub, and to a page of this site here.
MOVED = {
    "../plugins/surroreg-zoo/README.md": "plugins/zoo.md",
    "../plugins/surroreg-peers/README.md": "plugins/peers.md",
    "../plugins/surroreg-template/README.md": "plugins/template.md",
    "../../README.md": "../index.md",
    "../../docs/": "../",
}


def settle(app: Sphinx, page: str, source: list[str]) -> None:
    """Fill the pages of the plugins and the list of guides, and turn links that lead out of this folder."""
    folder, _, name = page.partition("/")
    if folder == "plugins":
        readme = HERE.parent / "plugins" / f"surroreg-{name}" / "README.md"
        app.env.note_dependency(str(readme))
        source[0] = readme.read_text(encoding="utf-8")
    if page == "guides/index":
        app.env.note_dependency(str(HERE / "guides"))
        source[0] = source[0].replace("\nadapters\n", "\n{}\n".format("\n".join(guides())))
    for link, target in MOVED.items():
        source[0] = source[0].replace(f"]({link}", f"]({target}")


def guides() -> list[str]:
    """Return the guides of adapters: the pages that are named after one adapter, or after several joined by ``-``."""
    names = set(compat.adapters())
    return sorted(path.stem for path in (HERE / "guides").glob("*.md") if names.issuperset(path.stem.split("-")))


def write_explorer(app: Sphinx) -> None:
    """Write the explorer beside the pages: one file, generated from the registry."""
    if app.builder.format == "html":
        (Path(app.outdir) / "explorer.html").write_text(explorer.page(), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect these functions to the build."""
    app.connect("source-read", settle)
    app.connect("builder-inited", write_explorer, priority=100)  # before the gallery, as above
