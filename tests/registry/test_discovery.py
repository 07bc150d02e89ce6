"""Finding plugins in an environment that is not to be trusted: real folders, as installers leave them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from surroreg.registry.discovery import Candidate, candidates

PLUGINS = "[(p.namespace, p.distribution, p.version, p.status) for p in surroreg.plugins() if p.namespace == 'acme']"
GOOD = "surroreg.spec('good/bump').origin"


# -- forms of a plugin's distribution -------------------------------------------------------------


def test_installed_plugin_is_found(environment):
    environment.plugin("acme", "bump", version="1.2.3")
    spec, names, plugins = environment.ask(
        "surroreg.spec('acme/bump').origin", "surroreg.names(namespace='acme')", PLUGINS
    )
    assert spec.value == "surroreg_acme:bump"
    assert names.value == ["acme/bump"]
    assert plugins.value == [["acme", "acme-surrogates", "1.2.3", "loaded"]]
    assert not plugins.warned_of("acme")


def test_one_distribution_can_offer_several_namespaces(environment):
    environment.install(
        "acme-surrogates",
        entry_points={"acme": "surroreg_acme", "bcme": "surroreg_bcme"},
        modules={"surroreg_acme": environment.source("bump"), "surroreg_bcme": environment.source("zap")},
    )
    names, spec = environment.ask("surroreg.names('?cme/*')", "surroreg.spec('bcme/zap').origin")
    assert names.value == ["acme/bump", "bcme/zap"]
    assert spec.value == "surroreg_bcme:zap"
    assert not names.warned_of("acme")


OBJECT = """
class Provider:
    @hookimpl
    def surroreg_surrogates(self):
        return [bump]

provider = Provider()
class Inside:
    provider = provider
"""


VALUES = {
    "module": "{}",
    "object": "{}:provider",
    "spaces": "{} : provider",
    "inner_object": "{}:Inside.provider",
    "extra": "{} [extra]",
    "object_and_extras": "{}:provider [extra, another]",
}


def test_entry_point_names_a_module_or_an_object_in_it(environment):
    for kind, value in VALUES.items():
        module = f"surroreg_{kind}"
        environment.install(
            f"acme-{kind}",
            entry_points={f"acme_{kind}": value.format(module)},
            modules={module: environment.source("bump", then=OBJECT)},
        )
    [names] = environment.ask("surroreg.names('acme_*/*')")
    assert names.value == sorted(f"acme_{kind}/bump" for kind in VALUES), names.warnings


@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_metadata_is_not_needed(environment, kind):
    environment.install(
        "acme-surrogates",
        entry_points={"acme": "surroreg_acme"},
        modules={"surroreg_acme": environment.source("bump")},
        kind=kind,
        metadata=False,
    )
    names, plugins = environment.ask("surroreg.names('acme/*')", PLUGINS)
    assert names.value == ["acme/bump"]
    [[_, distribution, version, status]] = plugins.value
    assert (distribution, status) == ("acme-surrogates", "loaded")
    assert version == "1.0" or (kind == "egg-info" and "unknown" in version)
    assert not names.warned_of("acme")


@pytest.mark.parametrize("name", ["Acme.Surrogates", "acme_surrogates", "ACME--surrogates"])
def test_distribution_is_reported_under_its_normalised_name(environment, name):
    environment.install(
        name, entry_points={"acme": "surroreg_acme"}, modules={"surroreg_acme": environment.source("bump")}
    )
    [plugins] = environment.ask(PLUGINS)
    assert plugins.value == [["acme", "acme-surrogates", "1.0", "loaded"]]


def test_plugin_may_come_in_an_archive(environment):
    environment.plugin("acme", folder="unpacked")
    shutil.make_archive(str(environment.root / "packed"), "zip", environment.root / "unpacked")
    environment.path = ["packed.zip", "no such folder"]
    names, plugins = environment.ask("surroreg.names('acme/*')", PLUGINS)
    assert names.value == ["acme/bump"]
    assert plugins.value == [["acme", "acme-surrogates", "1.0", "loaded"]]


# -- strangers ------------------------------------------------------------------------------------


STRANGERS = {
    "malformed": b"[console_scripts]\nno equals sign\n",
    "no-section": b"stray = before.any:section\n",
    "undecodable": b"[console_scripts]\nx = y:z\n\xff\xfe\x00\n",
    "unclosed-section": b"[broken\nx = y\n",
    "empty": b"",
    "no-file": None,
}


@pytest.mark.parametrize("metadata", [True, False], ids=["", "no METADATA"])
def test_broken_strangers_cost_nothing(environment, metadata):
    for kind, content in STRANGERS.items():
        environment.install(f"stranger-{kind}", entry_points=content, metadata=metadata)
    environment.plugin("good")
    good, names = environment.ask(GOOD, "surroreg.names('good/*')")
    assert (good.value, names.value) == ("surroreg_good:bump", ["good/bump"])
    assert not good.warned_of("stranger")
    assert not names.warned_of("stranger")


def test_group_with_a_similar_name_is_ignored(environment):
    environment.install(
        "stranger", entry_points="# not [surroreg]\n[surroreg.extra]\na = nowhere\n[Surroreg]\nb = nowhere\n"
    )
    names, infos = environment.ask("surroreg.names()", "[p.distribution for p in surroreg.plugins()]")
    assert "atan" in names.value
    assert not names.warned_of("nowhere")
    assert "stranger" not in infos.value


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        pytest.param(b"[surroreg]\nacme surroreg_acme\n", "malformed", id="no equals sign"),
        pytest.param(b"[surroreg]\nacme = surroreg_acme\n[other]\nnothing\n", "malformed", id="in another group"),
        pytest.param(b"[surroreg]\nacme = surroreg_acme\n# \xff\xfe\n", "decode", id="undecodable"),
        pytest.param(b"[surroreg]\nacme =\n", "cannot be used", id="no value"),
    ],
)
def test_malformed_file_with_the_group_costs_one_warning(environment, content, cause):
    environment.install(
        "acme-surrogates", "2.5", entry_points=content, modules={"surroreg_acme": environment.source("bump")}
    )
    environment.plugin("good")
    names, again, good, infos = environment.ask(
        "surroreg.names('good/*')",
        "surroreg.names('good/*')",
        GOOD,
        "[(p.version, p.status) for p in surroreg.plugins() if p.distribution == 'acme-surrogates']",
    )
    assert names.value == again.value == ["good/bump"]
    assert good.value == "surroreg_good:bump"
    assert infos.value == [["2.5", "failed"]]
    [warning] = names.warned_of("acme-surrogates 2.5")
    assert cause in warning
    assert "SURROREG_DISABLE_PLUGINS=acme-surrogates" in warning
    assert not again.warned_of("acme")


# -- in memory ------------------------------------------------------------------------------------


@dataclass
class Distribution:
    """As a custom finder may give it: no folder to look at."""

    metadata: Any
    version: str
    text: str = "[surroreg]\nacme = surroreg_acme\n"

    def read_text(self, name):
        return self.text if name == "entry_points.txt" else None

    @property
    def entry_points(self):
        return [Point(*line.split(" = ")) for line in self.text.splitlines()[1:]]


@dataclass
class Point:
    name: str
    value: str
    group: str = "surroreg"


def test_distribution_without_a_folder_gives_its_name():
    plugins, remarks = candidates([Distribution({"Name": "Acme_Surrogates"}, "1.0")])
    assert plugins == [Candidate("acme", "surroreg_acme", "acme-surrogates", "1.0")]
    assert remarks == []


def test_distributions_without_a_name_are_not_copies():
    texts = ["[surroreg]\nacme = surroreg_acme\n", "[surroreg]\nbcme = surroreg_bcme\n"]
    plugins, remarks = candidates([Distribution({"Name": None}, "1.0", text) for text in texts])
    assert [c.namespace for c in plugins] == ["acme", "bcme"]
    assert remarks == []


def test_order_of_the_scan_decides_nothing():
    distributions = [
        Distribution({"Name": n}, "1.0", f"[surroreg]\n{space} = {n}\n") for n, space in zip("abc", "yxx", strict=True)
    ]
    forward, backward = candidates(distributions), candidates(reversed(distributions))
    assert forward == backward
    assert [(c.namespace, c.distribution) for c in forward[0]] == [("x", "b"), ("x", "c"), ("y", "a")]
