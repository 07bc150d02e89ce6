"""A library is one file: what that file claims is verified, and what is not verified is marked."""

import importlib
import importlib.metadata
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import surroreg
from surroreg.cli import main
from surroreg.libraries import LIBRARIES, ROWS
from tests.translation.originals import ORIGINALS

ROOT = Path(__file__).parents[2]

# -- who verifies ---------------------------------------------------------------------------------


def verify(library, version, required):
    """Skip, fail or pass: whether a release is the one that the rows are compared with in this run.

    Args:
        library: the name of its file.
        version: the release that the file records; empty if none.
        required: whether a release that is recorded must be installed.
    """
    claimed = f"surroreg/libraries/{library}.py"
    original = ORIGINALS.get(library)
    if original is None:
        if version or importlib.util.find_spec(library):
            pytest.fail(
                f"no test verifies the rows of {claimed}: add tests/translation/originals/{library}.py, with a LIBRARY "
                f"as the files beside it have. Until then, leave out the version in {claimed}.",
                pytrace=False,
            )
        pytest.skip(f"{library} is not installed: its rows are NOT VERIFIED")
    if missing := original.missing():
        if version and required:
            pytest.fail(
                f"{missing} is not installed, and {claimed} records version {version}. Where .ci/run and "
                f".github/workflows/test.yml install the other libraries, install {library}=={version} and its needs.",
                pytrace=False,
            )
        pytest.skip(f"{missing} is not installed: the rows of {library} are NOT VERIFIED")
    installed = importlib.metadata.version(library)
    if version != installed:
        pytest.fail(
            f"{library} {installed} is installed, and {claimed} records version {version or 'none'}. Verify the "
            f'rows: pytest tests/translation. If no other test fails, write version="{installed}" in {claimed}.',
            pytrace=False,
        )


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_is_installed_in_the_verified_version(library, pytestconfig):
    verify(library, LIBRARIES[library].version, pytestconfig.getoption("--require-libraries"))


@pytest.mark.parametrize("version", ["", "1.2"])
@pytest.mark.parametrize("required", [True, False])
def test_missing_library_fails_only_where_it_is_required(monkeypatch, version, required):
    monkeypatch.setattr(ORIGINALS["norse"], "missing", lambda: "norse")
    refused = version and required
    with pytest.raises(pytest.fail.Exception if refused else pytest.skip.Exception, match="norse is not installed"):
        verify("norse", version, required)


def test_library_of_another_version_fails_with_both(monkeypatch):
    monkeypatch.setattr(ORIGINALS["norse"], "missing", str)
    monkeypatch.setattr(importlib.metadata, "version", {"norse": "1.3"}.__getitem__)
    with pytest.raises(pytest.fail.Exception, match=r"norse 1\.3 .* records version 1\.2\. .* write version=\"1\.3\""):
        verify("norse", "1.2", required=False)


@pytest.mark.parametrize("version", ["", "1.2"])
def test_library_without_originals_fails_once_it_counts(version):
    error = pytest.fail.Exception if version else pytest.skip.Exception
    with pytest.raises(error, match="originals/heron.py" if version else "heron is not installed"):
        verify("heron", version, required=False)
    with pytest.raises(pytest.fail.Exception, match=r"originals/torch\.py"):
        verify("torch", "", required=False)


@pytest.mark.parametrize("gate", [".ci/run", ".github/workflows/test.yml"])
def test_gate_installs_and_requires_every_verified_library(gate):
    text = (ROOT / gate).read_text(encoding="utf-8")
    pins = text + (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    verified = {f"{name}=={library.version}" for name, library in LIBRARIES.items() if library.version}
    missing = verified - set(re.findall(r"[\w-]+==[\w.]+", pins))
    assert not missing, f"{gate} does not install these, where it installs the other libraries"
    runs = [line for line in text.replace("\\\n", "").splitlines() if "tests/translation" in line]
    assert runs
    assert all("--require-libraries" in line for line in runs)


# -- an additional file ----------------------------------------------------------------------------

HERON = '''"""heron."""

from surroreg.libraries.table import Library, no_equivalent, row

LIBRARY = Library("heron", module="heron.activations", fires_at_zero=False)

ROWS = (
    row("SuperSpike", {"beta": 20.0}, "fast_sigmoid", {"slope": "7*beta"}, {"beta": "slope/7"}),
    no_equivalent("EscapeNoise", "its forward pass draws spikes at random"),
)
'''


@pytest.fixture
def heron(tmp_path, monkeypatch):
    """The table with one more file: a library that is not installed, with a row that no test compares."""
    folder = tmp_path / "table_with_heron"
    shutil.copytree(ROOT / "surroreg/libraries", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "heron.py").write_text(HERON, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    table = importlib.import_module(folder.name)
    for name in ("LIBRARIES", "ROWS"):
        monkeypatch.setattr(f"surroreg.libraries.{name}", getattr(table, name))
        monkeypatch.setattr(f"surroreg.translation.{name}", getattr(table, name))
    yield table
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def test_file_more_is_a_library_more(heron):
    assert heron.LIBRARIES.keys() - LIBRARIES.keys() == {"heron"}
    assert [row for row in heron.ROWS if row.library != "heron"] == list(ROWS)
    assert str(surroreg.translate("heron.SuperSpike").load()) == "surroreg.load('fast_sigmoid', slope=140.0)"


def test_row_is_verified_if_it_runs_in_a_recorded_version(heron):
    assert not any(row.verified for row in heron.ROWS if row.library == "heron")
    assert surroreg.translate("snntorch.SFS").verified
    assert not surroreg.translate("snntorch.LSO").verified  # snnTorch 1.0.0 cannot run it


def test_translation_of_an_unverified_row_is_marked(heron):
    translation = surroreg.translate("heron.SuperSpike")
    assert not translation.verified
    assert str(translation) == "surroreg.load('fast_sigmoid', slope=140.0)  # unverified"
    assert eval(str(translation)).to_config() == translation.load().to_config()
    with pytest.raises(surroreg.NoEquivalentError, match=r"draws spikes at random \(unverified\)\.$"):
        surroreg.translate("heron.EscapeNoise")


@pytest.mark.parametrize(
    ("name", "to", "line"),
    [
        ("fast_sigmoid", "heron", "heron.activations.SuperSpike(beta=3.5714285714285716)  # unverified"),
        ("heron.SuperSpike", "snntorch", "snntorch.surrogate.fast_sigmoid(slope=140.0)  # unverified"),
        ("zoo/soft_sign", "heron", "heron.activations.SuperSpike(beta=0.2857142857142857)  # unverified"),
        ("snntorch.fast_sigmoid", "snntorch", "snntorch.surrogate.fast_sigmoid(slope=25.0)"),
    ],
)
def test_translation_is_verified_if_every_row_of_it_is(heron, name, to, line):
    translation = surroreg.translate(name, to=to)
    assert str(replace(translation, scale=1.0)) == line
    assert translation.verified == ("#" not in line)


def test_translate_command_marks_an_unverified_row(heron, capsys):
    assert main(["translate", "heron"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^heron\.SuperSpike\(beta=20\) +fast_sigmoid\(slope=7\*beta\) +unverified$", out, re.M)
    assert re.search(r"^heron\.EscapeNoise +no equivalent +unverified +its forward pass", out, re.M)
    assert main(["translate", "spyx"]) == 0
    assert "unverified" not in capsys.readouterr().out
    assert main(["translate", "heron.SuperSpike"]) == 0
    assert re.search(r"# unverified\n  unverified: no test", capsys.readouterr().out)


def test_translate_command_has_unverified_rows_in_json(heron, capsys):
    assert main(["translate", "heron", "--json"]) == 0
    assert {(row["verified"], row["version"]) for row in json.loads(capsys.readouterr().out)["equivalents"]} == {
        (False, None)
    }
    assert main(["translate", "norse", "--json"]) == 0
    (known,) = {(row["verified"], row["version"]) for row in json.loads(capsys.readouterr().out)["equivalents"]}
    assert known == (True, LIBRARIES["norse"].version)
    assert main(["translate", "heron.SuperSpike", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["translation"]["verified"] is False


def test_catalogue_marks_an_unverified_row(heron, monkeypatch):
    for needed in ("docutils", "pybtex", "matplotlib", "sphinx"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    monkeypatch.syspath_prepend(ROOT / "docs/_ext")
    facts, card = (importlib.import_module(f"catalogue_{name}") for name in ("facts", "card"))
    for name in ("LIBRARIES", "ROWS"):
        monkeypatch.setattr(card, name, getattr(heron, name))
    entry = facts.Entry("fast_sigmoid", surroreg.spec("fast_sigmoid"))
    page = card.card(entry, plots=(), verdict=None, names=set(), benchmarks="")
    section = page.partition("## In other libraries")[2].partition("\n## ")[0]
    assert "| heron (unverified) |" in section
    assert f"| snnTorch {LIBRARIES['snntorch'].version} |" in section
    assert "Unverified: no test has compared the row with the library." in section
