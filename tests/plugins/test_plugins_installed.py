"""The plugins of this repository, installed by pip into a fresh environment as anybody would."""

import json
import re
import sysconfig
from pathlib import Path

import pytest

from tests.plugins.environments import execute, fresh_python

ROOT = Path(__file__).parents[2]
PYTEST = Path(sysconfig.get_path("scripts"), "pytest")
PLUGINS = {"surroreg-zoo": {"zoo"}, "surroreg-peers": {"snntorch", "spikingjelly", "norse"}}


@pytest.fixture(scope="module", params=PLUGINS)
def installed(request, tmp_path_factory):
    """A plugin's folder, its namespaces, and the Python of the environment it is installed in."""
    folder = ROOT / "plugins" / request.param
    python = fresh_python(tmp_path_factory.mktemp(request.param))
    # What builds it comes from this environment, too.
    execute(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", f"./plugins/{request.param}", cwd=ROOT)
    return folder, PLUGINS[request.param], python


def test_it_is_found_without_another_step(installed, tmp_path):
    folder, namespaces, python = installed
    infos = json.loads(execute(python, "-m", "surroreg", "plugins", "--json", cwd=tmp_path))["plugins"]
    assert {info["namespace"] for info in infos} == namespaces
    assert {info["distribution"] for info in infos} == {folder.name}
    assert {info["status"] for info in infos} <= {"loaded", "unavailable"}  # SpikingJelly may not be installed


def test_its_own_tests_pass_and_it_conforms_but_for_what_it_declares(installed):
    folder, _, python = installed
    options = ("-q", "-p", "no:cacheprovider", "--plugin-conformance", "--conformance-max-examples=5")
    told = execute(python, PYTEST, *options, cwd=folder).splitlines()
    assert re.search(r"\d+ passed", told[-1])
    assert not re.search(r"\b\d+ failed", told[-1])


def test_the_zoo_is_listed_and_loaded_by_bare_name(tmp_path):
    python = fresh_python(tmp_path)
    execute(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "./plugins/surroreg-zoo", cwd=ROOT)
    listed = execute(python, "-m", "surroreg", "list", "zoo/*", cwd=tmp_path)
    assert "zoo/gaussian" in listed
    loaded = execute(python, "-W", "error", "-c", "import surroreg; print(surroreg.load('gaussian'))", cwd=tmp_path)
    assert loaded.strip() == "surroreg.load('zoo/gaussian', sigma=0.5)"
