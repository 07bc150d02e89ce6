"""The catalogue, built with the zoo and with a hostile plugin."""

import importlib
import importlib.util
import math
import re
import shutil
from pathlib import Path
from urllib.parse import urljoin, urlparse

import pytest

import surroreg
import surroreg.api
from surroreg.cli import main
from surroreg.libraries import KIN, LIBRARIES, ROWS
from tests.docs.sites import CONF, DOCS, Site, build, install, need_sphinx
from tests.scripts import script

ROOT = Path(__file__).parents[2]

need_sphinx()

#: Markup of every kind that a page could obey. The page must show it as text.
HARM = "<script>alert(1)</script> | [x](javascript:alert(2)) ```{raw} html``` {{x}} $a$ <img src=x onerror=alert(3)>"
PLUGIN = '''
from surroreg import Parameter, SurrogateSpec, hookimpl, surrogate

HARM = {harm!r}

@surrogate(
    formula="Piecewise((Function('operatorname')(x), x > 0), (a, True))",
    parameters=[Parameter("a", 1.0, gt=0, symbol=r"\\href{{javascript:alert(4)}}{{a}}", doc=HARM)],
    references=['https://example.org/"><script>alert(5)</script>) [y](javascript:alert(6'],
    aliases=["Harm"],
)
def harm(x, a):
    """<b onclick=alert(7)>Bold</b> {harm}

    # A title

    ```{{raw}} html
    <script>alert(8)</script>
    ```

    `code with <b>, a | and ``more`` of it`.
    """
    return a * (1 - x.abs()).relu()

def fails():
    raise RuntimeError(HARM)

@hookimpl
def surroreg_surrogates():
    box = SurrogateSpec(name="box", factory=fails, formula="x +", summary=HARM, description=HARM)
    return [harm, box]
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("catalogue")
    installed, source = root / "installed", root / "source"
    install(installed, "zoo", "surroreg_zoo")
    shutil.copytree(ROOT / "plugins" / "surroreg-zoo" / "surroreg_zoo", installed / "surroreg_zoo")
    install(installed, "harm", "surroreg_harm")
    (installed / "surroreg_harm.py").write_text(PLUGIN.format(harm=HARM), encoding="utf-8")
    source.mkdir()
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "index.md").write_text("# Home\n\n```{toctree}\ncatalogue/index\nbenchmarks\n```\n", encoding="utf-8")
    shutil.copy(DOCS / "benchmarks.md", source)
    # The card of a surrogate that has been removed since.
    (source / "catalogue" / "gone").mkdir(parents=True)
    (source / "catalogue" / "gone" / "gone.md").write_text("# Gone\n", encoding="utf-8")
    done = build(source, root / "out", "-D", "catalogue_conformance=0", site=installed)
    assert done.returncode == 0, done.stderr[-4000:]
    return Site(source, root / "out")


def document(name):
    return name if "/" in name else f"builtin/{name}"


# -- every fact is on a card ------------------------------------------------------------------


def test_surrogate_has_a_card_a_picture_and_a_row(site, zoo):
    links = [attributes.get("href") for tag, attributes in site.page("index").tags if tag == "a"]
    for name in surroreg.names():
        assert (site.out / "catalogue" / f"{document(name)}.html").is_file()
        assert links.count(f"{document(name)}.html") >= 2, name
        assert name in site.compared


def letters(text):
    """Return a text without spaces, quotes and other signs, which typography changes."""
    return re.sub(r"\W", "", text)


def test_card_says_all_that_the_spec_says(site, zoo):
    for name in surroreg.names():
        spec, page = surroreg.spec(name), site.page(document(name))
        assert f'surroreg.load("{name}"' in page.text
        for text in (spec.summary, spec.description, *(parameter.doc for parameter in spec.parameters)):
            assert letters(text) in letters(page.text), name
        for parameter in spec.parameters:
            assert parameter.name in page.text
        addresses = {attributes.get("href") for tag, attributes in page.tags if tag == "a"}
        assert {reference.url for reference in spec.references} <= addresses
        assert ("d(x)=" in page.text.replace(" ", "")) == (spec.formula is not None)


def test_card_has_the_measured_times(site, zoo):
    (row, *_) = re.findall(r"^\| `atan` \| (.*) \|$", script("benchmarks").PART.text, re.M)
    assert all(letters(cell) in letters(site.page("builtin/atan").text) for cell in row.split("|"))
    assert "One forward and one backward pass" not in site.page("zoo/gaussian").text


def test_card_has_its_names_in_other_libraries(site, zoo):
    for row in ROWS:
        if row.ours:
            text = site.page(document(row.ours)).text
            assert f"{LIBRARIES[row.library].title} {LIBRARIES[row.library].version}" in text
            assert all(name in text for name in row.names)
    for kin in KIN:
        card = f"{document(kin.ours)}.html"
        addresses = [urljoin(card, attributes.get("href") or "") for _, attributes in site.page(card[:-5]).tags]
        assert all(f"{document(name)}.html" in addresses for name in kin.names)


def test_commands_on_a_card_run(site, zoo, capsys):
    for name in surroreg.names():
        commands = re.findall(r"surroreg (translate [\w.]+)", site.page(document(name)).text)
        assert commands or name not in {row.ours for row in ROWS} or name == "custom_surrogate"
        for command in commands:
            assert main(command.split()) == 0
            assert f"surroreg.load('{name}'" in capsys.readouterr().out


def test_every_hook_is_in_the_reference():
    from surroreg import hookspecs

    hooks = [name for name, thing in vars(hookspecs).items() if hasattr(thing, "surroreg_spec")]
    assert hooks
    text = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    assert all(hook in text for hook in hooks)


def test_removed_surrogate_has_no_card(site):
    assert not (site.source / "catalogue" / "gone" / "gone.md").exists()
    assert not (site.out / "catalogue" / "gone").exists()


# -- the facts are right --------------------------------------------------------------------------

#: Of each surrogate at its defaults, from its paper or by calculus, on paper.
KNOWN = {
    "builtin/fast_sigmoid": {"peak": (1, 0), "area": 2 / 25, "half-width": (math.sqrt(2) - 1) / 25},
    "builtin/atan": {"peak": (2 / 2, 0), "area": 1, "half-width": 2 / (math.pi * 2)},
    "builtin/sigmoid": {"peak": (25 / 4, 0), "area": 1, "half-width": math.log(3 + 2 * math.sqrt(2)) / 25},
    "builtin/tanh": {"peak": (1, 0), "area": 2, "Lipschitz constant": 4 / (3 * math.sqrt(3))},
    "builtin/piecewise_linear": {"peak": (1, 0), "area": 1, "half-width": 0.5, "Lipschitz constant": 1},
    "builtin/spike_rate_escape": {"peak": (25, 1), "area": 2 * 25, "half-width": math.log(2)},
    "builtin/sparse_fast_sigmoid": {"peak": (1 / 26**2, 1), "area": 1 / (25 * 26)},
    "zoo/gaussian": {"peak": (1 / (0.5 * math.sqrt(2 * math.pi)), 0), "area": 1, "half-width": 0.5 * 1.17741002},
    "zoo/exponential": {"peak": (0.5, 0), "area": 1, "half-width": math.log(2)},
}


@pytest.mark.parametrize("name", KNOWN)
def test_numbers_on_a_card_are_those_of_calculus(name, site):
    facts = site.facts(name)
    for key, value in KNOWN[name].items():
        numbers = [float(part) for part in facts[key].replace("−", "-").split(" at ")]
        assert numbers == pytest.approx(value if isinstance(value, tuple) else [value], rel=1e-5, abs=1e-12), key


def test_support_and_tail_on_a_card_are_those_of_the_formula(site):
    assert site.facts("builtin/piecewise_linear")["support"] == "−1 to 1"
    assert site.facts("builtin/sparse_fast_sigmoid")["support"] == "1 to ∞"
    assert site.facts("builtin/heaviside")["area"] == "∞"
    compared = site.compared
    assert [compared[name]["tail"] for name in ("atan", "sigmoid", "heaviside")] == ["2", "∞", "0"]
    assert [compared[name]["bounded support"] for name in ("piecewise_linear", "atan")] == ["yes", "no"]


def test_card_of_a_varying_shape_says_so(site):
    assert "drawn at random" in site.page("builtin/stochastic_spike_operator").text
    assert "It depends on custom_surrogate_function." in site.page("builtin/custom_surrogate").text
    assert {site.compared[name]["peak"] for name in ("stochastic_spike_operator", "custom_surrogate")} == {"–"}


def test_formula_has_the_symbols_of_its_parameters(site):
    text = site.page("builtin/piecewise_linear").text.replace(" ", "")
    assert "d(x)=γmax(0,1−k|x|)" in text


def test_second_build_writes_no_file(site, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (site.source / "catalogue").rglob("*.*")}
    done = build(
        site.source,
        tmp_path,
        "-b",
        "dummy",
        "-d",
        str(site.out / ".doctrees"),  # or Sphinx would read all pages again
        "-D",
        "catalogue_conformance=0",
        site=site.source.parent / "installed",
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert before == {path: path.stat().st_mtime_ns for path in (site.source / "catalogue").rglob("*.*")}


def test_pictures_have_a_description(site):
    images = [attributes for tag, attributes in site.page("builtin/atan").tags if tag == "img"]
    assert [image["alt"] for image in images if "_images" in image["src"]] == [
        "Derivative and primitive of atan at the defaults",
        "Derivative and primitive of atan for alpha = 1, 2, 4",
    ]


# -- texts are harmless ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["index", "harm/harm", "harm/box"])
def test_texts_of_a_plugin_are_text_and_nothing_else(name, site):
    page, plain = site.page(name), site.page("builtin/heaviside")
    assert "alert" not in "".join(page.scripts)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"wbr", "output"}
    for _, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on") and "alert" in (attributes[key] or "")]
        assert urlparse(attributes.get("href") or "").scheme in ("", "http", "https")
    assert HARM.partition(" $")[0].replace("`", "") in page.text.replace("`", "")


# -- the verdicts of conformance ------------------------------------------------------------------------


@pytest.fixture
def parts(monkeypatch):
    """The extension's modules."""
    monkeypatch.syspath_prepend(DOCS / "_ext")
    return importlib.import_module("catalogue_facts"), importlib.import_module("catalogue_verdicts")


def wrong_bump(x, slope):
    """A bump that is not what its formula says."""
    return 1.1 / (1 + slope * x * x)


def test_broken_promise_is_shown_and_checked_once(parts, zoo, tmp_path, monkeypatch):
    facts, verdicts = parts
    spec = surroreg.surrogate(formula="1/(1 + slope*x**2)", parameters=[surroreg.Parameter("slope", 1.0, gt=0)])(
        wrong_bump
    )
    surroreg.register(spec, namespace="lab")
    entry = facts.Entry("lab/wrong_bump", spec)
    first = verdicts.Verdicts(tmp_path / "kept.json")
    verdict = first.of(entry)
    assert verdict.counts["failed"] == len(verdict.failed) >= 1
    assert verdict.counts["passed"] > 10
    assert any("backward_value" in check or "formula" in check for check in verdict.failed)
    first.save()
    monkeypatch.setattr("surroreg.conformance.check", None)
    assert verdicts.Verdicts(tmp_path / "kept.json").of(entry) == verdict


def test_values_drawn_for_a_parameter_are_three_permitted(parts, zoo):
    around = importlib.import_module("catalogue_plots").around
    for name in surroreg.names():
        for parameter in surroreg.spec(name).parameters:
            if parameter.type is float and not parameter.required:
                values = around(parameter, parameter.default)
                assert len(set(values)) == 3
                assert parameter.default in values
                assert [parameter.check(value) for value in values] == values
    bounded = surroreg.Parameter("p", 0.9, ge=0, le=1)
    assert around(bounded, 0.9) == [0.45, 0.9]
    assert around(surroreg.Parameter("n", 2, type=int, ge=1), 2) == [2, 3]


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def tab(browser, site):
    errors = []
    tab = browser.new_page()
    tab.on("pageerror", lambda error: errors.append(error))
    tab.on("dialog", lambda dialog: errors.append(dialog.message))
    tab.goto((site.out / "catalogue" / "index.html").as_uri())
    yield tab
    tab.close()
    assert errors == []


def column(tab, number):
    return tab.locator(f"table.catalogue-table tbody tr:visible td:nth-child({number})").all_inner_texts()


def test_click_on_a_column_sorts_and_a_second_click_reverses(tab):
    head = tab.get_by_role("columnheader", name="peak")
    assert head.get_attribute("aria-sort") is None
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    cells = column(tab, 3)
    numbers = [float(text) for text in cells if text != "–"]
    assert numbers == sorted(numbers)
    assert "–" in cells
    assert "–" not in cells[: len(numbers)]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    cells = column(tab, 3)
    assert [float(text) for text in cells if text != "–"] == numbers[::-1]
    assert "–" not in cells[: len(numbers)]


def test_infinity_is_the_largest_number(tab):
    head = tab.get_by_role("columnheader", name="area")
    head.get_by_role("button").click()
    cells = [text for text in column(tab, 4) if text != "–"]
    assert cells[-cells.count("∞") :] == ["∞"] * cells.count("∞")
    assert "∞" in cells


def test_keyboard_sorts_a_single_column(tab):
    tab.get_by_role("columnheader", name="peak").get_by_role("button").click()
    tab.get_by_role("columnheader", name="name", exact=True).get_by_role("button").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    assert tab.locator("table.catalogue-table th[aria-sort]").all_inner_texts() == ["name"]
    assert column(tab, 1) == sorted(column(tab, 1), reverse=True)


def test_words_and_a_namespace_filter_the_rows(tab):
    everything = len(column(tab, 1))
    tab.get_by_label("Filter").fill("sigmoid fast")
    assert set(column(tab, 1)) == {"fast_sigmoid", "sparse_fast_sigmoid", "zoo/windowed_fast_sigmoid"}
    tab.get_by_label("Namespace").select_option("zoo")
    assert column(tab, 1) == ["zoo/windowed_fast_sigmoid"]
    assert tab.locator(".catalogue-filter output").inner_text() == f"1 of {everything} surrogates"
    tab.get_by_label("Filter").fill("")
    assert {name.partition("/")[0] for name in column(tab, 1)} == {"zoo"}
    tab.get_by_label("Filter").fill("no such thing")
    assert column(tab, 1) == []


def test_filter_finds_a_surrogate_by_an_alias(tab):
    tab.get_by_label("Filter").fill("piecewiseexp")
    assert column(tab, 1) == ["zoo/exponential"]


def test_page_without_scripts_shows_the_whole_table(browser, site):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((site.out / "catalogue" / "index.html").as_uri())
    assert len(column(tab, 1)) == len(site.compared)
    context.close()


@pytest.mark.parametrize("name", ["index", "builtin/atan", "builtin/inverse_stochastic_spike_operator"])
def test_phone_scrolls_tables_and_not_the_page(name, browser, site):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto((site.out / "catalogue" / f"{name}.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.close()
