"""What is imported and read, and when: nothing before it is needed, nothing twice."""

from __future__ import annotations

import sys

import pytest

HEAVY = {"torch", "numpy", "sympy", "pluggy", "importlib.metadata", "importlib_metadata", "surroreg_acme"}

# Count the scans for entry points, in both libraries that can read metadata.
WATCH_SCANS = """
import importlib, json, sys
scans = []
def watch():
    for name in ("importlib.metadata", "importlib_metadata"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        def discover(*args, real=module.Distribution.discover, **kwargs):
            scans.append(1)
            return real(*args, **kwargs)
        module.Distribution.discover = discover
"""


def imported(environment, code):
    """Return which heavy modules a process has imported after ``code``, not counting what it began with."""
    report = (
        f"import json, sys; before = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    return HEAVY & set(environment.run(report).json)


def test_import_of_surroreg_imports_nothing_heavy(environment):
    environment.plugin("acme")
    assert imported(environment, "import surroreg; surroreg.__version__; dir(surroreg)") == set()


def test_import_of_surroreg_adds_only_the_standard_library(environment):
    code = "import sys; before = set(sys.modules); import surroreg; import json\n"
    code += "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    modules = environment.run(code).json
    assert "surroreg" in modules
    assert not set(modules) - sys.stdlib_module_names - {"surroreg"}


@pytest.mark.parametrize(
    "code",
    [
        "assert 'atan' in surroreg.names()",
        "assert surroreg.names(namespace='acme') == ['acme/bump']",
        "assert 'surroreg_acme:bump' in surroreg.spec('acme/bump').to_json()",
        "surroreg.plugins()",
    ],
)
def test_plugins_are_listed_and_described_without_torch(environment, code):
    environment.plugin("acme")
    modules = imported(environment, f"import surroreg; {code}")
    assert "surroreg_acme" in modules
    assert not {"torch", "numpy", "sympy"} & modules


@pytest.mark.parametrize(
    "code",
    [
        "surroreg.spec('atan')",
        "surroreg.spec('builtin/ATan').to_json()",
        "surroreg.names(namespace='builtin')",
        "[surroreg.spec(name).to_dict() for name in surroreg.names(namespace='builtin')]",
    ],
)
def test_builtins_are_described_without_torch_or_plugins(environment, code):
    environment.plugin("acme")
    assert imported(environment, f"import surroreg; {code}") <= {"pluggy"}


def test_describing_a_spec_does_not_import_what_it_names(environment):
    code = "from surroreg import SurrogateSpec\n"
    code += "spec = SurrogateSpec(name='late', derivative='surroreg_acme:bump'); spec.to_json(); repr(spec)"
    environment.plugin("acme")
    assert "surroreg_acme" not in imported(environment, code)


def test_defining_a_surrogate_imports_no_torch(environment):
    environment.plugin("acme")
    assert not {"torch", "numpy"} & imported(environment, "import surroreg_acme")


def test_load_of_a_builtin_reads_no_metadata_and_no_plugin(environment):
    environment.plugin("acme")
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    code = """
import torch  # which reads metadata of its own
watch()
import surroreg
for name in ("atan", "ATan", "builtin/atan"):
    surrogate = surroreg.load(name, alpha=3)
surroreg.from_config(surrogate.to_config())
surroreg.spec("fast_sigmoid")(slope=2)
assert "surroreg_acme" not in sys.modules
assert not scans, "metadata was read"
surroreg.names(namespace="acme")
print(json.dumps(scans))  # the watch does watch
"""
    assert environment.run(WATCH_SCANS + code, "-W", "error").json == [1]


def test_thousand_distributions_are_scanned_once_and_read_once(environment):
    for number in range(1000):
        folder = environment.root / "site" / f"stranger_{number}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger-{number}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[console_scripts]\nstranger{number} = stranger:main\n")
    environment.plugin("acme")
    environment.plugin("good", "hill")
    code = """
import collections, os
watch()
import surroreg
opened = collections.Counter()
def audit(event, arguments):
    if event == "open" and "site" + os.sep + "stranger" in str(arguments[0]):
        opened[str(arguments[0])] += 1
sys.addaudithook(audit)
for _ in range(3):
    surroreg.names()
    surroreg.spec("acme/bump")
    surroreg.spec("hill")
    surroreg.plugins()
    try:
        surroreg.spec("no_such_surrogate")
    except KeyError:
        pass
kinds = collections.Counter(os.path.basename(path) for path in opened)
print(json.dumps([len(scans), kinds, max(opened.values())]))
"""
    scans, opened, most_reads = environment.run(WATCH_SCANS + code).json
    assert scans == 1
    assert opened == {"entry_points.txt": 1000}  # no METADATA is parsed to find a plugin
    assert most_reads == 1


def test_plugin_is_imported_only_when_its_turn_comes(environment):
    environment.plugin("acme")
    environment.plugin("good", "hill")
    code = """
import json, sys
def plugins(): return sorted(name for name in sys.modules if name.startswith("surroreg_"))
import surroreg
steps = [plugins()]
surroreg.spec("atan"); steps.append(plugins())
surroreg.spec("acme/bump"); steps.append(plugins())
surroreg.spec("hill"); steps.append([name for name in plugins() if name in ("surroreg_acme", "surroreg_good")])
print(json.dumps(steps))
"""
    assert environment.run(code).json == [[], [], ["surroreg_acme"], ["surroreg_acme", "surroreg_good"]]


def test_failing_scan_does_not_take_the_builtins_along(environment):
    code = """
watch()
import surroreg
assert surroreg.spec("atan").name == "atan"
assert "atan" in surroreg.names(namespace="builtin")
print(json.dumps("fine"))
"""
    assert environment.run(WATCH_SCANS + code).json == "fine"
