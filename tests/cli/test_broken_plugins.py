"""Every command works beside broken plugins."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from surroreg.cli import command

BROKEN = {
    "raises": "raise RuntimeError('no luck')",
    "unreadable": "def (:",
    "exits": "raise SystemExit(3)",
    "foreign": "import surroreg\n@surroreg.hookimpl\ndef surroreg_surrogates():\n    return [1]",
    "typo": "import surroreg\n@surroreg.hookimpl\ndef surroreg_surogates():\n    return []",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of broken plugins, as an installer leaves them."""
    folder = tmp_path_factory.mktemp("site")
    for name, source in BROKEN.items():
        (folder / f"surroreg_{name}.py").write_text(source, encoding="utf-8")
        info = folder / f"surroreg_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: surroreg-{name}\nVersion: 1.0\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(f"[surroreg]\n{name} = surroreg_{name}\n", encoding="utf-8")
    return folder


def run(site, *arguments, folder=None, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SURROREG_")} | variables
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    line = [sys.executable, "-m", "surroreg", *arguments]
    return subprocess.run(
        line, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=folder, check=False
    )


#: Commands, their exit codes, and a part of their output. Another test runs the first example of all other commands.
TABLE = [
    ("list", 0, "fast_sigmoid"),
    ("list --json", 0, '"fast_sigmoid"'),
    ("show atan", 0, "alpha"),
    ("translate spikingjelly.ATan", 0, "surroreg.load('atan'"),
    ("cite atan", 0, "Fang, Wei"),
    ("completion bash", 0, "complete"),
    ("plugins", 0, "raises"),
    ("doctor", 1, f"{len(BROKEN)} plugin(s) failed."),
    ("check atan --check forward_dtype --device cpu --max-examples 3", 0, "1 passed"),
    ("check raises --check provider_loads", 1, "no luck"),
    ("new acme", 0, "surroreg-acme/pyproject.toml"),
    ("show raises/bell", 2, ""),
]
FIRST = {
    name: next(iter(known.examples))
    for name, known in command.find().items()
    if isinstance(known, command.Command) and name not in {line.split()[0] for line, *_ in TABLE}
}
del FIRST["bench"], FIRST["demo"]  # they measure and train for minutes


@pytest.mark.parametrize(("command", "code", "shown"), TABLE)
def test_command_works_beside_broken_plugins(site, tmp_path, command, code, shown):
    done = run(site, *command.split(), folder=tmp_path)
    assert done.returncode == code
    assert shown in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("example", FIRST.values(), ids=FIRST)
def test_first_example_works_beside_broken_plugins(site, tmp_path, example):
    done = run(site, *shlex.split(example.partition(" >")[0])[1:], folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout
    assert "Traceback" not in done.stderr


def test_warnings_never_mix_with_data(site):
    done = run(site, "list", "--json")
    assert {s["surrogate"] for s in json.loads(done.stdout)["surrogates"]} >= {"atan", "sigmoid"}
    assert done.stderr.count("surroreg: warning: plugin ") == len(BROKEN)


def test_doctor_as_json_names_each_plugin_and_cause(site):
    done = run(site, "doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"], done.stderr) == (1, False, "")
    errors = {plugin["namespace"]: plugin["error"] for plugin in report["plugins"]}
    assert set(errors) == set(BROKEN)
    assert "RuntimeError: no luck" in errors["raises"]


def test_strict_switch_refuses_a_listing_and_spares_doctor(site):
    listing = run(site, "list", SURROREG_STRICT="1")
    assert (listing.returncode, listing.stdout) == (2, "")
    assert "Traceback" not in listing.stderr
    doctor = run(site, "doctor", SURROREG_STRICT="1")
    assert doctor.returncode == 1
    assert "no luck" in doctor.stdout


def test_disabled_plugins_cause_no_warning(site):
    done = run(site, "list", SURROREG_PLUGINS="")
    assert (done.returncode, done.stderr) == (0, "")
