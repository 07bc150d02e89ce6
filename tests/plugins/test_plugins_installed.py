"""The plugins of this repository, installed by pip into a fresh environment as anybody would."""

import functools
import json
import re
import sysconfig
from pathlib import Path

import pytest

from tests.plugins.environments import execute, fresh_python

ROOT = Path(__file__).parents[2]
PYTEST = Path(sysconfig.get_path("scripts"), "pytest")
NAMESPACES = {"surroreg-zoo": {"zoo"}, "surroreg-peers": {"snntorch", "spikingjelly", "norse"}}
#: tests/conformance holds the zoo and the peers to all checks, and to what their pyproject.toml declares.
SOME = [f"--conformance-check={check}" for check in ("provider_*", "forward_step", "factory_*")]


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """A function that installs a plugin in an environment of its own, once, and returns that environment's Python."""

    @functools.cache
    def install(name):
        python = fresh_python(tmp_path_factory.mktemp(name))
        # The packages that build the plugin come from this environment, too.
        execute(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", f"./plugins/{name}", cwd=ROOT)
        return python

    return install


@pytest.mark.parametrize("name", NAMESPACES)
def test_installed_plugin_is_found_without_another_step(name, install, tmp_path):
    infos = json.loads(execute(install(name), "-m", "surroreg", "plugins", "--json", cwd=tmp_path))["plugins"]
    assert {info["namespace"] for info in infos} == NAMESPACES[name]
    assert {info["distribution"] for info in infos} == {name}
    assert {info["status"] for info in infos} <= {"loaded", "unavailable"}  # SpikingJelly may not be installed


@pytest.mark.parametrize("name", NAMESPACES)
def test_installed_plugin_passes_its_tests_and_conforms(name, install):
    options = ("-q", "-p", "no:cacheprovider", "--plugin-conformance", "--conformance-max-examples=5", *SOME)
    lines = execute(install(name), PYTEST, *options, cwd=ROOT / "plugins" / name).splitlines()
    assert re.search(r"\d+ passed", lines[-1])
    assert not re.search(r"\b\d+ failed", lines[-1])


def test_zoo_is_listed_and_loaded_by_bare_name(install, tmp_path):
    python = install("surroreg-zoo")
    listed = execute(python, "-m", "surroreg", "list", "zoo/*", cwd=tmp_path)
    assert "zoo/gaussian" in listed
    loaded = execute(python, "-W", "error", "-c", "import surroreg; print(surroreg.load('gaussian'))", cwd=tmp_path)
    assert loaded.strip() == "surroreg.load('zoo/gaussian', sigma=0.5)"
