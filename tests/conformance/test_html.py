"""The report as a page: harmless, complete, and the same every time."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import torch

import surroreg.api
from surroreg.conformance.report import Report, Result
from surroreg.conformance.table import CHECKS, Check
from surroreg.registry import Registry, process

VOID = {"meta", "br", "wbr"}
MESSAGE = "promised: <html> & \"quotes\"\nat: x = 0.5 <script>alert('no')</script>\n" + "long" * 500


class Page(HTMLParser):
    """A page, read strictly: every tag must be closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.shown, self.open = text, "", []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & {*self.open}:
            self.shown += data

    def each(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """A registry of the test's own, and one check that has a text."""
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))
    described = Check("forward_step", "A <step>", "Else no spikes.", "A bug.", lambda case: None)
    monkeypatch.setitem(CHECKS, "forward_step", described)


@pytest.fixture
def read(tmp_path):
    def read(report: Report) -> Page:
        report.write(tmp_path / "report.html")
        return Page((tmp_path / "report.html").read_text(encoding="utf-8"))

    return read


def report(*names: str, results=(), **parts) -> Report:
    surrogates = {name: surroreg.spec(name).to_dict() for name in names}
    passed = [Result(name, "forward_step", "cpu", "passed", worst=0.25) for name in names]
    return Report([*passed, *results], surrogates=surrogates, **parts)


def offer(**how):
    surroreg.register(surroreg.SurrogateSpec(name="bell", **how), namespace="acme")


FAILED = Result("builtin/atan", "second_order", "cpu", "failed", MESSAGE, worst=float("inf"), measures={"bytes": 8.0})
MIXED = (
    FAILED,
    Result("builtin/atan", "forward_step", "meta", "warned", "slow"),
    Result("builtin/tanh", "compile", "cpu", "known", "torch is to blame"),
    Result("builtin/tanh", "peak", "cpu", "skipped", "it declares no formula"),
    Result("builtin/tanh", "peak", "cuda", "unverified", "there is no CUDA device"),
    Result("builtin", "provider_names", "cpu", "passed"),
)


def mixed() -> Report:
    plugins = [{"namespace": "builtin", "distribution": "surroreg-itself", "version": "7.8.9"}]
    parts = {"environment": {"torch": "9.9", "cuda": None}, "settings": {"dtypes": ["float64", "float16"]}}
    return report("builtin/atan", "builtin/tanh", results=MIXED, plugins=plugins, **parts)


def test_page_shows_the_whole_report(read):
    page = read(mixed())
    assert "1 of 6 checks failed" in page.shown
    for result in MIXED:
        assert result.message in page.shown
    assert FAILED.id in page.shown
    assert "A <step>. Else no spikes." in page.shown
    for text in ("surroreg-itself 7.8.9", "9.9", "float64, float16", "alpha/2/(1 + (pi/2*alpha*x)**2)", "A bug."):
        assert text in page.shown
    assert page.shown.index(FAILED.id) < page.shown.index("torch is to blame") < page.shown.index("Cauchy")


def test_table_of_a_surrogate_links_to_its_failure(read):
    page = read(mixed())
    anchors = page.each("id")
    assert len(anchors) == len(set(anchors))
    assert {link.removeprefix("#") for link in page.each("href")} <= set(anchors)


def test_messages_and_names_cannot_become_markup(read):
    text = "</pre><img src=x onerror=alert(1)>"
    page = read(
        Report([Result(text, text, text, "failed", text)], plugins=[{"namespace": text}], settings={text: "\udcff"})
    )
    assert "img" not in {tag for tag, _ in page.tags}
    assert page.shown.count("<img src=x") >= 5


def test_page_fetches_nothing(read):
    page = read(mixed())
    assert page.each("src") == []
    assert all(link.startswith("#") for link in page.each("href"))
    assert not re.search(r"https?:|@import|url\(", page.text)


def test_page_is_repeatable_and_draws_no_random_number(read):
    sample = report("builtin/stochastic_spike_operator", "builtin/custom_surrogate")
    state = torch.get_rng_state()
    first = read(sample)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    with torch.inference_mode():
        assert read(sample).text == first.text
    assert sum(tag == "svg" for tag, _ in first.tags) == 2


def test_unverified_checks_stand_out_with_the_reason(read):
    missing = [Result("builtin/atan", check, "cuda", "unverified", "no such device") for check in ("peak", "even")]
    page = read(report("builtin/atan", results=missing))
    assert "all passed, 1 of 1 checks" in page.shown
    assert re.search(r"cuda: 2 checks NOT VERIFIED\s*no such device", page.shown)


@pytest.mark.parametrize("results", [[], [Result("acme/bell", "peak", "cuda", "unverified", "no CUDA")]])
def test_empty_report_does_not_look_like_success(read, results):
    page = read(Report(results))
    assert "nothing checked" in page.shown
    assert "all passed" not in page.shown


def breaks(x):
    raise RuntimeError("no <bell> today")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"derivative": breaks}, "RuntimeError: no <bell> today"),
        ({"derivative": lambda x: x.new_ones(7)}, "RuntimeError"),
        ({"factory": lambda: torch.sum}, "no spike for each of 241 inputs"),
        ({"factory": lambda: lambda x: 0.5}, "no spike for each of 241 inputs"),
        (
            {"factory": lambda width: torch.sign, "parameters": [surroreg.Parameter("width")]},
            "needs a value for 'width'",
        ),
    ],
)
def test_surrogate_that_cannot_be_plotted_has_a_card(read, how, why):
    offer(**how)
    page = read(report("acme/bell", "builtin/atan"))
    reason = page.shown.partition("cannot be plotted:")[2].partition("1 passed")[0]
    assert why in reason
    assert sum(tag == "svg" for tag, _ in page.tags) == 1


def test_values_that_are_not_finite_leave_gaps(read):
    offer(derivative=lambda x: torch.where(x.abs() < 1, torch.nan, torch.where(x > 2, torch.inf, x)))
    page = read(report("acme/bell"))
    assert "119 values are infinite or NaN" in page.shown
    (backward,) = [attrs["d"] for _, attrs in page.tags if attrs.get("class") == "backward" and len(attrs["d"]) > 40]
    assert backward.count("M") == 2
    assert "nan" not in backward


def test_another_surrogate_of_the_same_name_is_not_plotted(read):
    checked = {**surroreg.spec("builtin/tanh").to_dict(), "formula": "1"}
    page = read(Report([Result("builtin/tanh", "peak", "cpu", "passed")], surrogates={"builtin/tanh": checked}))
    assert "is not what was checked" in page.shown
    assert read(Report([Result("acme/gone", "peak", "cpu", "passed")])).shown.count("cannot be plotted") == 1
