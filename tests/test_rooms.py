"""The rooms of the package: imports run one way, and the root holds what users import by that path."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "surroreg"

#: Modules that users import by that path, or that Python itself asks for.
ROOT = {
    "__init__",
    "__main__",
    "api",
    "errors",
    "files",
    "hookspecs",
    "plot",
    "pytest_plugin",
    "shape",
    "translation",
}
#: An imported submodule of such a name would overwrite the function of the package.
TAKEN = {"load", "names", "spec", "plugins", "register", "refresh", "from_config", "surrogate", "translate", "hookimpl"}


def room(path):
    """The folder below the package, or the module itself where it lies at the root."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree):
    """Yield the dotted names that a module imports, lazily too, but not for type checkers alone."""
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph():
    """The rooms that each room imports."""
    rooms = {room(path) for path in PACKAGE.rglob("*.py")}
    imports = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            package, _, rest = name.partition(".")
            if package == "surroreg":
                other = rest.partition(".")[0]
                imports[room(path)].add(other if other in rooms else "__init__")
    return {each: others - {each} for each, others in imports.items()}


def test_rooms_import_each_other_one_way():
    rest = graph()
    while leaves := {each for each, others in rest.items() if not others & rest.keys()}:
        rest = {each: others for each, others in rest.items() if each not in leaves}
    circle = {each: sorted(others & rest.keys()) for each, others in rest.items()}
    assert circle == {}, "these rooms import each other: move what is shared into a lower one"


def test_low_rooms_import_no_higher_room():
    imports = graph()
    assert imports.get("errors", set()) == set()
    assert imports["specs"] == {"errors"}
    assert imports["registry"] <= {"errors", "hookspecs", "libraries", "specs"}
    assert imports["formula"] <= {"errors", "specs"}
    assert imports["autograd"] <= {"errors", "formula", "specs"}
    # `surroreg` itself imports every public name lazily: a lower room that imports it would close a circle.
    assert {each for each, others in imports.items() if "__init__" in others} <= {
        "bench",
        "cli",
        "conformance",
        "explorer",
        "pytest_plugin",
    }


def test_root_holds_public_paths_and_rooms():
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules == ROOT
    assert not (modules | rooms) & TAKEN
