"""The published parts: names, wheel, README."""

import ast
import importlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

import surroreg

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_public_name_resolves_and_is_declared():
    tree = ast.parse((ROOT / "surroreg/__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {alias.name: statement.module for statement in block.body for alias in statement.names}
    assert set(surroreg.__all__) == declared.keys() | {"__version__"}
    for name, module in declared.items():
        assert getattr(surroreg, name) is getattr(importlib.import_module(module), name), name
    assert dir(surroreg) == sorted(surroreg.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lod'"):
        surroreg.lod  # noqa: B018


def test_public_classes_are_named_by_the_path_users_import():
    classes = [value for value in (getattr(surroreg, name) for name in surroreg.__all__) if isinstance(value, type)]
    assert len(classes) > 10
    assert {value.__module__ for value in classes} == {"surroreg"}


def test_wheel_holds_the_package_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"surroreg", f"surroreg-{surroreg.__version__}.dist-info"}
    assert "surroreg/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_link_of_the_readme_resolves():
    linked = [link for link in re.findall(r"\]\(([^)#]+)", README) if not link.startswith("https://")]
    assert len(linked) > 8
    assert [link for link in linked if not (ROOT / link).exists()] == []


def test_citation_is_of_this_version():
    assert f"\nversion: {surroreg.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_core_dependencies_are_three():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [re.match("[a-z-]+", d)[0] for d in project["dependencies"]] == ["torch", "pluggy", "importlib-metadata"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_plugin_of_the_readme_works_as_printed(tmp_path):
    (plugin,) = [block for block in blocks("python") if "hookimpl" in block]
    (points,) = blocks("toml")
    (tmp_path / "surroreg_acme.py").write_text(plugin)
    info = tmp_path / "surroreg_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: surroreg-acme\nVersion: 1.0\n")
    entry_points = tomllib.loads(points)["project"]["entry-points"]["surroreg"]
    (info / "entry_points.txt").write_text("[surroreg]\n" + "".join(f"{k} = {v}\n" for k, v in entry_points.items()))
    code = """if True:
        import pickle, surroreg, torch
        x = torch.tensor([-0.5, 0.25], requires_grad=True)
        surroreg.load("bell")(x).sum().backward()
        print(x.grad.tolist(), pickle.loads(pickle.dumps(surroreg.load("acme/bell", width=0.3))))
    """
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stderr == ""
    gradients, shown = done.stdout.split("] ")
    assert [float(g) for g in gradients.strip("[").split(",")] == pytest.approx([0.36787944, 0.77880078])
    assert shown.strip() == "surroreg.load('acme/bell', width=0.3)"


def test_snntorch_example_of_the_readme_works_as_printed():
    (example,) = [block for block in blocks("python") if "snn.Leaky" in block]
    scope = {"surroreg": surroreg}
    exec(example, scope)
    assert scope["lif"].spike_grad.slope == 25.0


def test_spikingjelly_example_of_the_readme_works_as_printed():
    pytest.importorskip("spikingjelly", reason="SpikingJelly is not installed")
    (example,) = [block for block in blocks("python") if "LIFNode" in block]
    scope = {"surroreg": surroreg}
    exec(example, scope)
    assert repr(scope["lif"].surrogate_function) == "surroreg.load('atan', alpha=2.0, at_zero=1)"


@pytest.mark.parametrize("page", ["README.md", "docs/libraries.md"])
def test_comment_beside_a_line_is_the_result_of_the_line(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = re.findall(r"^(surroreg\.(?:translate|load)\(.*?)  # (.*)$", text, re.M)
    assert len(lines) >= 2
    for line, comment in lines:
        given, _, note = comment.partition(": ")
        result = str(eval(line, {"surroreg": surroreg}))
        if given.startswith("... "):
            assert result.endswith(given.removeprefix("... ") + ")"), line
            assert note
        else:
            assert result == comment, line
