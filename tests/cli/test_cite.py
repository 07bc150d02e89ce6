"""``surroreg cite``, read back by a BibTeX parser that is not ours."""

import json
import re
import sys
from pathlib import Path

import pytest

import surroreg
import surroreg.api
from surroreg.cli import main
from surroreg.registry import Registry, process

pybtex = pytest.importorskip("pybtex.database", reason="pybtex, which reads BibTeX, is not installed")

ROOT = Path(__file__).parents[2]
BIB = ROOT / "surroreg/references.bib"
#: What each type of entry must have by the rules of BibTeX's standard styles.
REQUIRED = {
    "article": {"title", "journal", "year"},
    "inproceedings": {"title", "booktitle", "year"},
    "book": {"title", "publisher", "year"},
    "misc": {"title", "year", "eprint"},
}


def parsed(text):
    return pybtex.parse_string(text, "bibtex").entries


def cited(capsys, *names):
    code = main(["cite", *names])
    out, err = capsys.readouterr()
    return code, parsed(out), err


@pytest.fixture
def registry(monkeypatch):
    """A registry of its own, for surrogates with references of their own."""
    monkeypatch.setattr(process, "registry", Registry(scan=lambda: ([], [])))

    def add(name, *references):
        spec = surroreg.SurrogateSpec(name=name, derivative=lambda x: x, references=references)
        surroreg.register(spec, namespace="acme")

    return add


def test_file_of_references_is_sound():
    entries = parsed(BIB.read_text(encoding="utf-8"))
    assert len(entries) >= 15
    for key, entry in entries.items():
        assert REQUIRED[entry.type] <= set(entry.fields), key
        assert entry.persons["author"], key
        assert {"doi", "eprint"} & set(entry.fields), key
        assert ("eprint" in entry.fields) == (entry.fields.get("archiveprefix") == "arXiv"), key
        family = re.sub(r"[^a-z]", "", str(entry.persons["author"][0].last_names[0]).lower())
        assert key.startswith(f"{family}{entry.fields['year']}"), key
    identifiers = [value.lower() for e in entries.values() for f, value in e.fields.items() if f in ("doi", "eprint")]
    assert len(set(identifiers)) == len(identifiers)


def test_every_work_of_the_builtins_and_the_zoo_is_known(registry, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "plugins/surroreg-zoo")
    import surroreg_zoo

    specs = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]
    specs += surroreg_zoo.surroreg_surrogates()
    entries = parsed(BIB.read_text(encoding="utf-8")).values()
    known = {f"doi:{e.fields['doi']}" for e in entries if "doi" in e.fields}
    known |= {f"arxiv:{e.fields['eprint']}" for e in entries if "eprint" in e.fields}
    wanted = {r.identifier for spec in specs for r in spec.references if not r.identifier.startswith("https:")}
    assert len(wanted) >= 12
    assert wanted <= known
    assert "surroreg_zoo" in sys.modules


def test_builtin_gives_its_paper(capsys):
    code, entries, err = cited(capsys, "FastSigmoid")
    assert (code, err) == (0, "")
    (entry,) = entries.values()
    assert entry.type == "article"
    assert [str(person) for person in entry.persons["author"]] == ["Zenke, Friedemann", "Ganguli, Surya"]
    assert (entry.fields["year"], entry.fields["pages"]) == ("2018", "1514--1541")


def test_work_that_several_surrogates_cite_comes_once(capsys):
    code, entries, _ = cited(capsys, *surroreg.names(namespace="builtin"))
    assert code == 0
    dois = [entry.fields.get("doi", entry.fields.get("eprint")) for entry in entries.values()]
    assert dois.count("10.1109/JPROC.2023.3308088") == 1


def test_work_under_two_identifiers_comes_once(registry, capsys):
    registry("stbp", "arxiv:1706.02609v2", "doi:10.3389/FNINS.2018.00331")
    _, entries, _ = cited(capsys, "acme/stbp")
    assert list(entries) == ["wu2018spatio"]


@pytest.mark.parametrize(
    ("reference", "field", "value"),
    [
        ("doi:10.1234/some_thing(2)", "doi", "10.1234/some_thing(2)"),
        ("arxiv:9901.00001", "eprint", "9901.00001"),
        ("https://example.org/a_b?c=1&d=%20#e", "url", "https://example.org/a_b?c=1&d=%20#e"),
        ("https://example.org/}@misc{x,title={y}", "url", "https://example.org/%7D@misc%7Bx,title=%7By%7D"),
    ],
)
def test_unknown_work_gives_its_identifier_and_a_message(registry, capsys, reference, field, value):
    registry("bell", reference)
    code, entries, err = cited(capsys, "bell")
    (entry,) = entries.values()
    assert code == 0
    assert (entry.type, entry.fields[field]) == ("misc", value)
    assert f"only the identifier of {reference} is known here" in err


def test_surrogate_without_references_is_named_with_code_1(registry, capsys):
    registry("bare")
    assert main(["cite", "acme/bare"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "surroreg: acme/bare names no reference\n"
    assert main(["cite", "acme/bare", "atan"]) == 0


def test_no_name_cites_surroreg_itself(capsys):
    code, entries, err = cited(capsys)
    assert (code, err, list(entries)) == (0, "", ["surroreg"])
    assert surroreg.__version__ in entries["surroreg"].fields["note"]


def test_json_names_the_surrogates_of_each_work(capsys):
    assert main(["cite", "lso", "sfs", "SparseFastSigmoid", "--json"]) == 0
    references = json.loads(capsys.readouterr().out)["references"]
    assert [reference["surrogates"] for reference in references] == [["leaky_spike_operator"], ["sparse_fast_sigmoid"]]
    assert references[1]["url"] == "https://arxiv.org/abs/2105.08810"
    assert list(parsed(references[1]["bibtex"])) == ["pereznieves2021sparse"]
