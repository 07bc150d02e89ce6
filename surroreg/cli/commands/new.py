"""``surroreg new``: the smallest complete plugin, written into a folder under the user's names."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

import surroreg
from surroreg.cli.command import Command
from surroreg.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "surroreg-"
#: The names in the template. ``new`` replaces every occurrence, so the template may use these words for nothing else.
DISTRIBUTION, MODULE, NAMESPACE, SURROGATE = "surroreg-template", "surroreg_template", "template", "bump"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="PACKAGE", help="such as 'surroreg-acme', or 'acme' for short")
    parser.add_argument("--namespace", metavar="NAMESPACE", help="of its surrogates (the part after 'surroreg-')")
    parser.add_argument("--surrogate", default="bump", metavar="NAME", help="of its first surrogate (bump)")
    parser.add_argument("--json", action="store_true", help="print the names and the files as JSON")


def _run(arguments: argparse.Namespace) -> int:
    """Write a plugin into a new folder. Print its files, and the next commands to type."""
    from pathlib import Path

    distribution = _distribution(arguments.package)
    namespace = arguments.namespace
    if namespace is None:
        namespace = distribution.removeprefix(PREFIX).replace("-", "_")
    files = _template()
    _check_namespace(namespace)
    _check_surrogate(arguments.surrogate, namespace, files[f"{MODULE}/__init__.py"])

    # One pass replaces all names: a second pass would replace an old name within a new one.
    chosen = (distribution, distribution.replace("-", "_"), namespace, arguments.surrogate)
    names = dict(zip((DISTRIBUTION, MODULE, NAMESPACE, SURROGATE), chosen, strict=True))
    pattern = re.compile("|".join(names))

    def renamed(text: str) -> str:
        return pattern.sub(lambda match: names[match[0]], text)

    files = {renamed(path): renamed(text) for path, text in files.items()}
    _write(Path(distribution), files)
    paths = [str(Path(distribution, path)) for path in sorted(files)]
    if arguments.json:
        say_json(distribution=distribution, namespace=namespace, surrogate=arguments.surrogate, files=paths)
    else:
        say("\n".join(paths))
    tell(f'\nNext:\n  cd {distribution}\n  pip install -e ".[test]"\n  pytest --plugin-conformance')
    return 0


def _template() -> dict[str, str]:
    """Return the texts of the template's files by path, without the files that its ``.gitignore`` names."""
    import fnmatch
    from pathlib import Path

    package = Path(surroreg.__file__).parent
    folder = package / NAMESPACE  # its place in a wheel; a checkout has the plugin itself
    if not folder.is_dir():
        folder = package.parent / "plugins" / DISTRIBUTION
    ignored = [line.strip("/") for line in (folder / ".gitignore").read_text(encoding="utf-8").split()]
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
        and not any(fnmatch.fnmatch(part, glob) for part in path.relative_to(folder).parts for glob in ignored)
    }


def _distribution(package: str) -> str:
    """Return the normalised name of a distribution, with the prefix ``surroreg-``."""
    if not re.fullmatch(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", package):
        raise surroreg.SurroregError(
            f"{package!r} cannot name a package: ASCII letters, digits, '-', '_' and '.', a letter or digit at both "
            f"ends.{_nearest(package, '-')}"
        )
    from surroreg.registry import discovery

    name = discovery.normalised(package)
    return name if name.startswith(PREFIX) else PREFIX + name


def _check_namespace(namespace: str) -> None:
    """Raise if a new plugin cannot have this namespace."""
    from surroreg.registry import discovery
    from surroreg.registry.inventory import PACKAGES
    from surroreg.registry.qualified import BUILTIN, LOCAL
    from surroreg.specs import IDENTIFIER

    if not IDENTIFIER.fullmatch(namespace):
        raise surroreg.SurroregError(
            f"{namespace!r} cannot be a namespace: lower-case letters, digits and '_', a letter first. "
            f"Give one with --namespace.{_nearest(namespace, '_')}"
        )
    owners = {BUILTIN: "surroreg itself", LOCAL: "surroreg itself", NAMESPACE: DISTRIBUTION, **PACKAGES}
    installed = {c.namespace: f"{c.distribution} {c.version}, which is installed" for c in discovery.scan()[0]}
    owner = {**owners, **installed}.get(namespace)
    if owner is not None:
        raise surroreg.SurroregError(f"the namespace {namespace!r} belongs to {owner}. Give another with --namespace.")


def _check_surrogate(name: str, namespace: str, module: str) -> None:
    """Raise if a surrogate of this name could not be loaded by it, or not be defined in the module's text."""
    import ast
    import keyword

    from surroreg.registry import process
    from surroreg.specs import IDENTIFIER

    if not IDENTIFIER.fullmatch(name):
        raise surroreg.SurroregError(
            f"{name!r} cannot name a surrogate: lower-case letters, digits and '_', a letter first."
            f"{_nearest(name, '_')}"
        )
    builtin = process.registry.builtin.keys.get(name)
    if builtin is not None:
        owner = "is built in" if builtin.name == name else f"is an alias of the built-in {builtin.name!r}"
        raise surroreg.SurroregError(
            f"{name!r} {owner}: yours could only be loaded as '{namespace}/{name}'. Choose another with --surrogate."
        )
    used = {getattr(node, "id", getattr(node, "name", None)) for node in ast.walk(ast.parse(module))}
    if keyword.iskeyword(name) or name in used - {SURROGATE}:
        raise surroreg.SurroregError(
            f"{name!r} cannot name a surrogate: it means something else in the module that defines it. "
            "Choose another with --surrogate."
        )


def _nearest(text: str, joint: str) -> str:
    """Return ``" Try 'my_lab'."`` for ``"My lab!"``, or ``""`` if the text without special characters is no name."""
    near = joint.join(re.findall("[a-z0-9]+", text.lower()))
    return f" Try {near!r}." if near and (joint == "-" or near[0].isalpha()) else ""


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write all files or none."""
    import tempfile
    from pathlib import Path

    if os.path.lexists(folder):  # unlike Path.exists, it does not raise if the name is too long
        raise surroreg.SurroregError(f"there is a {str(folder)!r} here already: move it away, or choose another name.")
    try:
        with tempfile.TemporaryDirectory(prefix=".surroreg-", dir=".") as beside:
            for path, text in files.items():
                file = Path(beside, folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            Path(beside, folder).rename(folder)
    except OSError as error:
        raise surroreg.SurroregError(f"{str(folder)!r} cannot be written: {error}") from error


COMMAND = Command(
    help="write a plugin of your own into a new folder, complete and tested",
    text=(
        "Writes a plugin into a new folder: package, entry point, a first surrogate, tests, workflows and trusted "
        "publishing. Nothing is written where a name is taken or malformed."
    ),
    examples={
        "surroreg new acme": "the package surroreg-acme with acme/bump",
        "surroreg new surroreg-my-lab --namespace lab --surrogate bell": "all names chosen",
    },
    arguments=_arguments,
    run=_run,
    order=80,
)
