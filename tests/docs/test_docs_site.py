"""The Python on the pages gives the results beside it. The site builds, and names everything public."""

import ast
import contextlib
import importlib.util
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest
import torch

import surroreg
import surroreg.api
from surroreg import compat
from surroreg.cli import parser
from surroreg.registry import Registry, process

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Generated folders, which hold no page that a person has written.
GENERATED = {"_build", "auto_gallery", "catalogue"}
#: Pages whose Python another test runs, and the test.
RUN_BY = {
    "peers.md": "tests/conformance/test_peers.py",
    "libraries.md": "tests/test_package.py",
}
BLOCK = re.compile(r"(?P<mark>^<!-- not run: (?P<reason>.*?) -->\n+)?^```python\n(?P<code>.*?)^```$", re.M | re.S)


def pages():
    files = sorted(DOCS.rglob("*.md"))
    return [page.relative_to(DOCS).as_posix() for page in files if not GENERATED & set(page.relative_to(DOCS).parts)]


def blocks(page):
    """Return the code of a page that is to be run, each padded so that errors name the page's own lines."""
    text = (DOCS / page).read_text(encoding="utf-8")
    codes = []
    for block in BLOCK.finditer(text):
        if block["mark"] is None:
            codes.append("\n" * text.count("\n", 0, block.start("code")) + block["code"])
        else:
            assert block["reason"].strip(), f"{page}: say why a block is not run"
    return codes


EXAMPLES = sorted(path.name for path in (DOCS / "gallery").glob("plot_*.py"))
PAGES = [page for page in pages() if page not in RUN_BY and blocks(page)]


def run(code, page, scope):
    """Run a block. An expression with a comment behind it must give the value in the comment."""
    lines = code.splitlines()
    for statement in ast.parse(code, page).body:
        comment = re.search(r"  # (.*)$", lines[statement.end_lineno - 1])
        if not isinstance(statement, ast.Expr) or comment is None:
            exec(compile(ast.Module([statement], []), page, "exec"), scope)
            continue
        value = eval(compile(ast.Expression(statement.value), page, "eval"), scope)
        results = {str(value), repr(value), re.sub(r"<(\w+?)(Backward\w*)? object at .*>", "", repr(value))}
        assert comment[1] in results, f"{page}:{statement.lineno}: says {comment[1]}, gives {value!r}"


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A registry of built-ins alone, a folder of its own, and a seed. Nothing is left behind."""
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng(devices=[]), torch.serialization.safe_globals([]):
        torch.manual_seed(0)
        yield
    torch.compiler.reset()


# PyTorch raises these warnings as it compiles and registers operators.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_gives_the_results_beside_it(page, alone, monkeypatch):
    code = blocks(page)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of libraries as they are imported
        for library in compat.adapters():
            if re.search(rf"(import|from) {library}\b", "".join(code)):
                pytest.importorskip(library, reason=f"{library} is not installed")
    module = types.ModuleType("a_page")  # what a page defines can be found by name, as in a notebook
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with contextlib.redirect_stdout(io.StringIO()):
        for block in code:
            run(block, page, vars(module))


def test_pages_and_examples_to_run_exist():
    assert {"start.md", "guides/plugin.md", "guides/learn.md"} <= set(PAGES)
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("page", "test"), RUN_BY.items())
def test_page_run_elsewhere_is_named_in_that_test(page, test):
    assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [page for page in pages() if "\n```{doctest}\n" in (DOCS / page).read_text("utf-8")])
def test_messages_on_a_page_are_those_that_are_raised(page):
    """This is ``sphinx-build -b doctest`` without Sphinx."""
    import doctest

    text = (DOCS / page).read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"^```\{doctest\}\n(.*?)^```$", text, re.M | re.S))
    test = doctest.DocTestParser().get_doctest(shown, {"surroreg": surroreg, "torch": torch}, page, page, 0)
    assert test.examples
    out = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(test, out=out.write).failed == 0, out.getvalue()


def test_files_tests_and_commands_named_on_a_page_exist():
    commands = next(iter(vars(parser())["_subparsers"]._group_actions)).choices
    for page in pages():
        text = (DOCS / page).read_text(encoding="utf-8")
        for line in re.findall(r"`pytest ([^`]*)`", text):
            for word in line.split():
                assert not word.startswith("tests") or (ROOT / word).exists(), f"{page}: {word}"
        typed = re.findall(r"`surroreg ([a-z]+)", text)
        for shell in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S):
            typed += re.findall(r"^surroreg ([a-z]+)", shell, re.M)
        for command in typed:
            assert command in commands, f"{page}: surroreg {command}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_gallery_example_runs_and_draws(example, alone):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    pyplot.switch_backend("agg")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            runpy.run_path(str(DOCS / "gallery" / example))
        drawn = [ax for number in pyplot.get_fignums() for ax in pyplot.figure(number).axes]
        assert drawn
        for ax in drawn:
            assert ax.has_data()
        assert out.getvalue().strip()
    finally:
        pyplot.close("all")
        torch.set_num_threads(threads)


# -- the site, built ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the site, built from a copy, and without running the gallery: that is for the build that readers get."""
    for package in ("sphinx", "myst_parser", "sphinx_gallery", "sphinxcontrib.bibtex", "pydata_sphinx_theme"):
        if importlib.util.find_spec(package.partition(".")[0]) is None or importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'surroreg[docs]'")
    place = tmp_path_factory.mktemp("checkout")
    shutil.copytree(DOCS, place / "docs", ignore=shutil.ignore_patterns(*GENERATED))
    for beside in ("plugins", "surroreg"):
        (place / beside).symlink_to(ROOT / beside)
    quick = ["-D", "plot_gallery=0", "-D", "catalogue_conformance=0"]
    command = [sys.executable, "-m", "sphinx", "-W", "-q", *quick, str(place / "docs"), str(place / "site")]
    environment = {**os.environ, "SURROREG_PLUGINS": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return place / "site"


def inventory(site):
    from sphinx.util.inventory import InventoryFile

    data = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {name for kind, entries in data.data.items() if kind.startswith("py:") for name in entries}


def written(site):
    """Return the pages; the theme keeps templates of its own beside them."""
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


def test_every_public_name_is_in_the_reference(site):
    documented = inventory(site)
    missing = [name for name in surroreg.__all__ if f"surroreg.{name}" not in documented]
    missing = [name for name in missing if f"surroreg.errors.{name}" not in documented]
    assert missing == []


def test_every_command_option_and_variable_is_in_the_reference(site):
    text = {
        name: re.sub(r"<[^>]+>", "", (site / "reference" / f"{name}.html").read_text())
        for name in ("cli", "pytest", "environment")
    }
    for name, command in next(iter(vars(parser())["_subparsers"]._group_actions)).choices.items():
        assert f"surroreg {name}" in text["cli"]
        for action in command._actions:
            for option in action.option_strings:
                assert option in text["cli"]
    options = set(re.findall(r'"(--(?:plugin-)?conformance[a-z-]*)"', (ROOT / "surroreg/pytest_plugin.py").read_text()))
    assert len(options) > 5
    for option in options:
        assert option in text["pytest"]
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "surroreg").rglob("*.py"))
    for variable in set(re.findall(r'environ\.get\("(\w+)"', sources)):
        assert variable in text["environment"]


def test_links_within_the_site_lead_somewhere(site):
    for page in written(site):
        for link in re.findall(r'(?:href|src)="([^"#?:]+)[#?]?[^":]*"', page.read_text(encoding="utf-8")):
            assert link.startswith("/") or (page.parent / link).exists(), f"{page.relative_to(site)}: {link}"


def test_site_loads_no_script_from_elsewhere(site):
    for page in written(site):
        assert not re.findall(r'<script[^>]+src="(?:https?:)?//', page.read_text(encoding="utf-8")), page.name
