"""The files that GitHub and contributors read: they parse, and the paths and commands in them exist."""

import itertools
import re
import shlex
import sys
from pathlib import Path

import pytest

from surroreg.cli import parser

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GITHUB = ROOT / ".github"
FILES = [*GITHUB.rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in GITHUB.glob("workflows/*.yml")}
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


def jobs():
    for workflow, content in WORKFLOWS.items():
        for name, job in content["jobs"].items():
            yield f"{workflow}/{name}", job


def lines():
    """Each line that a workflow runs, once for each value of its matrix, with the folder it runs in."""
    for where, job in jobs():
        matrix = {key: values for key, values in job.get("strategy", {}).get("matrix", {}).items() if key != "include"}
        for values in itertools.product(*matrix.values()):
            for step in job["steps"]:
                text = f"{step.get('run', '')}\0{step.get('working-directory', '.')}"
                for key, value in zip(matrix, values, strict=True):
                    text = text.replace(f"${{{{ matrix.{key} }}}}", value)
                run, _, folder = text.partition("\0")
                yield from ((where, line, ROOT / folder) for line in run.splitlines())


LINES = list(lines())


def test_oldest_promised_versions_are_what_a_job_installs():
    (oldest,) = [
        job["packages"]
        for job in WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["include"]
        if f"python>={job['python']}" == f"python{PROJECT['requires-python']}"
    ]
    extras = PROJECT["optional-dependencies"]
    users = [
        *PROJECT["dependencies"],
        *(line for extra in ("conformance", "demo", "plot", "cli") for line in extras[extra]),
    ]
    promised = {line.partition(";")[0].strip() for line in users if not line.startswith("tomli")}
    assert set(oldest.replace("==", ">=").split()) == promised
    torch = next(line.removeprefix("torch>=") for line in promised if line.startswith("torch"))
    assert f"PyTorch {torch} or later" in (ROOT / "docs/start.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_parses(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_expected_workflows_exist():
    assert set(WORKFLOWS) == {"conformance", "docs", "publish", "test"}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflow_may_only_read_and_a_separate_job_may_write(workflow):
    content = WORKFLOWS[workflow]
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        if "permissions" in job:  # nothing that comes from the repository runs beside the permission to publish
            assert not [step for step in job["steps"] if "run" in step or "checkout" in step.get("uses", "")]


def test_every_action_is_pinned_to_a_version():
    used = [step["uses"] for _, job in jobs() for step in job["steps"] if "uses" in step]
    assert len(used) > 10
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@(v\d+|release/v1)", action), action


def test_extras_and_folders_that_are_installed_exist():
    installed = [(line, folder) for _, line, folder in LINES if line.startswith("pip install")]
    assert len(installed) >= 10
    for line, folder in installed:
        for target in re.findall(r'-e "?([^" ]+)', line):
            path, _, extras = target.rstrip("]").partition("[")
            project = tomllib.loads((folder / path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
            assert set(filter(None, extras.split(","))) <= set(project["optional-dependencies"]), line


def test_paths_that_are_named_exist():
    named = [(folder, word) for _, line, folder in LINES if "$" not in line for word in line.split()]
    paths = [(folder, word) for folder, word in named if re.match(r"(tests|docs|plugins|surroreg)(/|$)", word)]
    assert len(paths) >= 8
    for folder, word in paths:
        if "_build" not in word and folder == ROOT:
            assert list(ROOT.glob(word)), word


def test_commands_and_options_of_ours_exist():
    ours = [line for _, line, _ in LINES if line.startswith("surroreg ")]
    assert ours
    for line in ours:
        parser().parse_args(shlex.split(line)[1:])  # exits if the command or an option is unknown
    options = set(re.findall(r"--(?:plugin-)?conformance[\w-]*", "\n".join(line for _, line, _ in LINES)))
    source = (ROOT / "surroreg/pytest_plugin.py").read_text(encoding="utf-8")
    assert len(options) >= 3
    for option in options:
        assert f'"{option}"' in source, option


def test_every_plugin_is_tested_and_checked():
    for workflow in ("test", "conformance"):
        assert WORKFLOWS[workflow]["jobs"]["plugins"]["strategy"]["matrix"]["plugin"] == PLUGINS


def test_every_gate_installs_the_same_releases_of_libraries():
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8")
    workflow = "\n".join(line for _, line, _ in LINES)
    pins = set(re.findall(r"\b[a-z]+==[\d.]+", gate)) - set(re.findall(r"\btorch==[\d.]+", gate))
    assert len(pins) >= 4
    assert pins <= set(re.findall(r"\b[a-z]+==[\d.]+", workflow))


def test_lint_and_type_commands_are_the_same_everywhere():
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8")
    commands = {line for where, line, _ in LINES if where == "test/lint" and not line.startswith("pip")}
    assert len(commands) == 3
    page = (ROOT / "docs/contributing.md").read_text(encoding="utf-8").replace(".venv/bin/", "")
    template = (GITHUB / "pull_request_template.md").read_text(encoding="utf-8")
    for line in commands:
        assert f".venv/bin/{line}\n" in gate
        assert line in page
        assert line in template
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    entries = " ".join(hook["entry"] for hook in hooks)
    (types,) = (line for line in commands if line.startswith("mypy"))
    assert types in entries
    assert {hook["language"] for hook in hooks} == {"system"}


def test_every_path_on_the_page_for_contributors_exists():
    page = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.S))
    extras = set(re.findall(r"\.\[(\w+)\]", commands))
    assert extras <= set(PROJECT["optional-dependencies"])
    named = set(re.findall(r"`((?:surroreg|plugins|docs|tests|\.ci)/[\w./-]*)`", page))
    assert len(named) >= 15
    for path in named:
        assert (ROOT / path).exists(), path
    for target in re.findall(r"\]\((\w+\.md)\)", page):
        assert (ROOT / "docs" / target).is_file()


@pytest.mark.parametrize("path", sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml")), ids=lambda path: path.stem)
def test_issue_form_is_valid_for_github(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert set(form) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids) >= 3
    for field in form["body"]:
        text = "value" if field["type"] == "markdown" else "label"
        assert field["attributes"][text].strip()
    assert any(field.get("validations", {}).get("required") for field in fields)
    # The commands that a form asks for.
    for label in (field["attributes"]["label"] for field in fields):
        for command in re.findall(r'"surroreg ([a-z]+)[^"]*"', label):
            assert command in parser().format_help()


PYTHON = [path for folder in ("tests", "plugins") for path in (ROOT / folder).rglob("test_*.py")]


def test_names_of_tests_have_at_most_sixty_characters():
    names = {name for path in PYTHON for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}
    assert len(names) > 1000
    assert not [name for name in names if len(name) > 60]


def test_test_files_have_at_most_four_hundred_lines():
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in PYTHON}
    assert not {path: number for path, number in lines.items() if number > 400}
