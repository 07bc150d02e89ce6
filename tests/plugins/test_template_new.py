"""A plugin from ``surroreg new``, installed in a fresh environment; and the template that it is a copy of."""

import ast
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surroreg.cli import main
from tests.plugins.environments import build, execute, fresh_python

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "plugins/surroreg-template"
FILES = {
    ".github/workflows/publish.yml",
    ".github/workflows/test.yml",
    ".gitignore",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "surroreg_template/__init__.py",
    "surroreg_template/py.typed",
    "tests/test_template.py",
}
ASKED = ("acme-lab", "--namespace", "quagga", "--surrogate", "plateau")
LEFTOVERS = (
    "dist/old.whl",
    "tests/__pycache__/old.pyc",
    ".pytest_cache/README.md",
    ".hypothesis/x",
    "conformance.html",
)


def unpacked(sdist, into):
    with tarfile.open(sdist) as archive:
        archive.extractall(into, **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
    return into / sdist.name.removesuffix(".tar.gz")


def texts(folder):
    return {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}


def scaffold(folder, *asked):
    execute(sys.executable, "-m", "surroreg", "new", *(asked or ASKED), cwd=folder)
    (project,) = folder.iterdir()
    return project


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A scaffold, and the Python of a fresh environment that has the wheel of its sdist."""
    folder, dist, away = map(tmp_path_factory.mktemp, ("scaffold", "dist", "away"))
    project = scaffold(folder)
    wheel = build("wheel", unpacked(build("sdist", project, dist), away), dist)
    python = fresh_python(away)
    execute(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=away)
    return project, python


def test_installed_scaffold_is_found_by_bare_and_qualified_name(installed, tmp_path):
    project, python = installed
    (example,) = re.findall(r"```python\n(.*?)```", (project / "README.md").read_text(), re.S)
    code = """if True:
        import pathlib, sys, surroreg_acme_lab
        print(surroreg.load("plateau"), spike)
        home = pathlib.Path(surroreg_acme_lab.__file__)
        print(home.is_relative_to(sys.prefix), home.with_name("py.typed").exists())
    """
    loaded, location = execute(python, "-W", "error", "-c", example + code, cwd=tmp_path).splitlines()
    assert loaded == "surroreg.load('quagga/plateau', width=1.0) surroreg.load('quagga/plateau', width=0.5)"
    assert location == "True True"
    (info,) = json.loads(execute(python, "-m", "surroreg", "plugins", "--json", cwd=tmp_path))["plugins"]
    assert (info["distribution"], info["version"], info["status"]) == ("surroreg-acme-lab", "0.1.0", "loaded")


def test_commands_of_the_scaffolds_workflow_pass(installed):
    project, python = installed
    # The command itself, not "python -m", which would find the sources beside the installed package.
    pytest_command = Path(sysconfig.get_path("scripts"), "pytest")
    workflow = (project / ".github/workflows/test.yml").read_text()
    own, conformance = (shlex.split(line)[1:] for line in re.findall(r"- run: (pytest.*)", workflow))
    assert re.search(r"\d+ passed", execute(python, pytest_command, *own, cwd=project))
    output = execute(python, pytest_command, *conformance, "--conformance-max-examples=2", cwd=project)
    assert re.search(r"quagga/plateau +\d+ passed", output)
    assert "failed" not in output
    assert "quagga/plateau" in (project / "conformance.html").read_text("utf-8")


def test_scaffold_has_no_name_of_the_template(tmp_path):
    for path, text in texts(scaffold(tmp_path)).items():
        assert not re.search("surroreg.template|template|bump", f"{path}\n{text}", re.I), path


def test_scaffold_is_the_template_under_other_names(tmp_path):
    project = scaffold(tmp_path)
    names = {
        "surroreg-acme-lab": "surroreg-template",
        "surroreg_acme_lab": "surroreg_template",
        "quagga": "template",
        "plateau": "bump",
    }

    def back(text):
        for new, old in names.items():
            text = text.replace(new, old)
        return text

    originals = {path: (TEMPLATE / path).read_text("utf-8") for path in FILES}
    assert project.name == "surroreg-acme-lab"
    assert {back(path): back(text) for path, text in texts(project).items()} == originals


def test_namespace_and_surrogate_have_defaults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "Surroreg_Acme.Lab"]) == 0
    out, err = capsys.readouterr()
    project = tmp_path / "surroreg-acme-lab"
    assert out.splitlines() == sorted(f"surroreg-acme-lab/{path}" for path in texts(project))
    assert [line.strip() for line in err.splitlines()[2:]] == [
        "cd surroreg-acme-lab",
        'pip install -e ".[test]"',
        "pytest --plugin-conformance",
    ]
    assert 'acme_lab = "surroreg_acme_lab"' in (project / "pyproject.toml").read_text()
    assert "def bump(x: Tensor, width: float)" in (project / "surroreg_acme_lab/__init__.py").read_text()


TRAPS = [
    "template",
    "bump",
    "surroreg_template",
    "templates",
    "surroreg",
    "math",
    "list",
    "x",
    "u",
    "self",
    "match",
    "pi",
]
NAMES = st.sampled_from(TRAPS) | st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)


@settings(deadline=None, max_examples=60)
@given(package=NAMES, namespace=NAMES, surrogate=NAMES)
def test_plugin_works_under_every_accepted_name(package, namespace, surrogate):
    package = package.rstrip("_")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        for stream in (contextlib.redirect_stdout, contextlib.redirect_stderr):
            stack.enter_context(stream(io.StringIO()))
        code = main(["new", package, "--namespace", namespace, "--surrogate", surrogate])
        assert code in (0, 2)
        assert len(os.listdir()) == (code == 0)
        assume(code == 0)
        (project,) = Path(folder).iterdir()
        metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        ((space, module),) = metadata["entry-points"]["surroreg"].items()
        source = (project / module / "__init__.py").read_text()
        ast.parse((project / f"tests/test_{namespace}.py").read_text())
    assert metadata["name"] == project.name
    assert module == project.name.replace("-", "_")
    assert space == namespace
    scope = {"__name__": module}
    exec(source, scope)
    (spec,) = scope["surroreg_surrogates"]()
    assert spec is scope[surrogate]
    assert spec.name == surrogate
    assert spec().derivative(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([1, 0])
    assert spec().primitive(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([0.5, 1])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["acme lab!"], "'acme lab!' cannot name a package"),
        (["Acme Lab!"], "Try 'acme-lab'"),
        ([""], "'' cannot name a package"),
        (["../acme"], "cannot name a package"),
        (["acme-"], "cannot name a package"),
        (["äcme"], "cannot name a package"),
        (["acme\n"], "cannot name a package"),
        (
            ["3d"],
            "'3d' cannot be a namespace: lower-case letters, digits and '_', a letter first. Give one with --names",
        ),
        (["acme", "--namespace", "My-Lab"], "Try 'my_lab'"),
        (["acme", "--namespace", ""], "'' cannot be a namespace"),
        (["acme", "--namespace", "builtin"], "the namespace 'builtin' belongs to surroreg itself"),
        (["surroreg-local"], "the namespace 'local' belongs to surroreg itself"),
        (["zoo"], "the namespace 'zoo' belongs to surroreg-zoo"),
        (["acme", "--namespace", "snntorch"], "'snntorch' belongs to surroreg-"),
        (["acme", "--namespace", "spikingjelly"], "'spikingjelly' belongs to surroreg-"),
        (["acme", "--namespace", "norse"], "'norse' belongs to surroreg-"),
        (["template"], "the namespace 'template' belongs to surroreg-template"),
        (["acme", "--surrogate", "9 Lives"], "'9 Lives' cannot name a surrogate"),
        (["acme", "--surrogate", "Bell-Curve"], "Try 'bell_curve'"),
        (["acme", "--surrogate", "atan"], "'atan' is built in: yours could only be loaded as 'acme/atan'"),
        (["acme", "--surrogate", "sso"], "'sso' is an alias of the built-in 'stochastic_spike_operator'"),
        (["acme", "--surrogate", "lambda"], "'lambda' cannot name a surrogate: it means something else"),
        (["acme", "--surrogate", "hookimpl"], "'hookimpl' cannot name a surrogate: it means something else"),
        (["acme", "--surrogate", "width"], "'width' cannot name a surrogate: it means something else"),
    ],
)
def test_unusable_name_is_refused_and_writes_nothing(asked, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", *asked]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_namespace_of_an_installed_plugin_is_refused(tmp_path, monkeypatch, capsys):
    info = tmp_path / "site/other-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text("[surroreg]\nacme = does_not_exist\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    assert main(["new", "acme"]) == 2
    assert "the namespace 'acme' belongs to other 2.5, which is installed. Give another" in capsys.readouterr().err
    assert os.listdir() == ["site"]


def test_existing_folder_is_left_unchanged(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "surroreg-acme").mkdir()
    (tmp_path / "surroreg-acme/mine.txt").write_text("mine")
    assert main(["new", "acme"]) == 2
    assert "there is a 'surroreg-acme' here already" in capsys.readouterr().err
    assert texts(tmp_path) == {"surroreg-acme/mine.txt": "mine"}


def test_full_disk_leaves_no_half_written_plugin(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write = Path.write_text

    def full(self, *args, **kwargs):
        if self.name == "test_acme.py":
            raise OSError(28, "No space left on device")
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["new", "acme"]) == 2
    assert "'surroreg-acme' cannot be written: [Errno 28] No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the files that surroreg is built from, where somebody has worked on the template."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "surroreg", folder / "surroreg", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*FILES, *LEFTOVERS]:
        (folder / "plugins/surroreg-template" / path).parent.mkdir(parents=True, exist_ok=True)
    for path in FILES:
        shutil.copy(TEMPLATE / path, folder / "plugins/surroreg-template" / path)
    for path in LEFTOVERS:
        (folder / "plugins/surroreg-template" / path).write_bytes(b"\xff")
    return folder


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    """The wheel that is built from the checkout."""
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


def test_leftovers_in_the_template_are_not_copied(checkout, tmp_path):
    execute(sys.executable, "-m", "surroreg", "new", *ASKED, cwd=tmp_path, PYTHONPATH=str(checkout))
    (project,) = tmp_path.iterdir()
    assert texts(project) == texts(scaffold(Path(tempfile.mkdtemp(dir=tmp_path))))


def test_sdist_and_wheel_hold_the_template_and_no_other_plugin(checkout, wheel, tmp_path):
    source = unpacked(build("sdist", checkout, tmp_path), tmp_path)
    assert set(texts(source / "plugins")) == {f"surroreg-template/{path}" for path in FILES}
    package = {f"surroreg/{path}": text for path, text in texts(checkout / "surroreg").items()}
    package |= {f"surroreg/template/{path}": (TEMPLATE / path).read_text("utf-8") for path in FILES}
    for place, built in (("checkout", wheel), ("sdist", build("wheel", source, tmp_path))):
        with zipfile.ZipFile(built) as archive:
            archive.extractall(tmp_path / place)
        installed = texts(tmp_path / place / "surroreg")
        assert {f"surroreg/{path}": text for path, text in installed.items()} == package, place


def test_installed_surroreg_writes_the_same_as_a_checkout(wheel, tmp_path):
    for folder in ("site", "installed", "checkout"):
        (tmp_path / folder).mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = "import sys, surroreg.cli as cli; print(cli.__file__); sys.exit(cli.main(['new', *sys.argv[1:]]))"
    output = execute(sys.executable, "-c", code, *ASKED, cwd=tmp_path / "installed", PYTHONPATH=str(tmp_path / "site"))
    assert output.startswith(str(tmp_path / "site"))
    scaffold(tmp_path / "checkout")
    assert texts(tmp_path / "installed") == texts(tmp_path / "checkout")


def test_editable_install_only_points_at_the_checkout(checkout, tmp_path):
    with zipfile.ZipFile(build("editable", checkout, tmp_path)) as archive:
        (pointer,) = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert archive.read(pointer).decode().split() == [str(checkout)]


def test_template_passes_conformance(monkeypatch, capsys):
    monkeypatch.syspath_prepend(TEMPLATE)
    assert main(["check", "surroreg_template", "--max-examples", "2"]) == 0
    assert re.search(r"surroreg_template/bump +\d+ passed", capsys.readouterr().out)


def test_template_is_clean_by_ruff():
    pytest.importorskip("ruff", reason="needs the package ruff")
    for command in (["check"], ["format", "--check"]):
        execute(sys.executable, "-m", "ruff", *command, "--no-cache", TEMPLATE, cwd=ROOT)


def test_template_is_clean_by_mypy():
    pytest.importorskip("mypy", reason="needs the package mypy")
    execute(sys.executable, "-m", "mypy", "--strict", TEMPLATE / "surroreg_template", cwd=ROOT)
