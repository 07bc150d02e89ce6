"""Real installations, in folders of their own, and processes that see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import surroreg.api
from surroreg.registry import Registry, process
from surroreg.registry.discovery import candidates
from surroreg.registry.metadata import metadata

# Evaluates expressions (or runs statements) one after the other, and prints the outcome of each.
CHILD = """
import json, os, pathlib, shutil, sys, warnings
import surroreg

def install(folder, into="site"):
    # The folder's time stamp stays: where file systems count seconds, caches that go by it see nothing new.
    before = (root / into).stat()
    shutil.copytree(root / folder, root / into, dirs_exist_ok=True)
    os.utime(root / into, ns=(before.st_atime_ns, before.st_mtime_ns))

def remove(pattern, folder="site"):
    for path in (root / folder).glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()

root, given = pathlib.Path(sys.argv[1]), json.load(sys.stdin)
scope = {"surroreg": surroreg, "install": install, "remove": remove, "root": root, "sys": sys}
for text in given:
    outcome = {}
    with warnings.catch_warnings(record=True) as caught:
        if not sys.warnoptions:
            warnings.simplefilter("always")
        try:
            try:
                code = compile(text, "<asked>", "eval")
            except SyntaxError:
                code = compile(text, "<asked>", "exec")
            outcome["value"] = eval(code, scope)
        except BaseException as error:
            outcome["error"] = type(error).__name__
            outcome["message"] = str(error)
            outcome["cause"] = repr(error.__cause__) if error.__cause__ else ""
    outcome["warnings"] = [[w.category.__name__, str(w.message), w.filename] for w in caught]
    print(json.dumps(outcome, default=str))
"""

SURROGATE = """
@surrogate(parameters=[Parameter("slope", 25.0, gt=0)], aliases={aliases}, deprecated_aliases={deprecated})
def {name}(x, slope):
    \"\"\"A surrogate for tests.\"\"\"
    return 1 / (1 + slope * x.abs())
"""


@dataclass
class Outcome:
    """The outcome of one expression. ``warnings`` holds (category, text, file) of each."""

    value: Any = None
    error: str = ""
    message: str = ""
    cause: str = ""
    warnings: list[list[str]] = field(default_factory=list)

    def warned_of(self, text: str) -> list[str]:
        """Return the warnings that mention ``text``. Other installed distributions may warn of their own faults."""
        return [message for _, message, _ in self.warnings if text in message]


@dataclass
class Run:
    """A finished process."""

    stdout: str
    stderr: str
    returncode: int

    @property
    def json(self) -> Any:
        """The last line of output, parsed."""
        return json.loads(self.stdout.splitlines()[-1])


class Environment:
    """Folders of installed distributions, and processes with those folders on their path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "site").mkdir()
        self.path = ["site"]

    def install(
        self,
        name: str,
        version: str = "1.0",
        *,
        entry_points: Mapping[str, str] | str | bytes | None = None,
        modules: Mapping[str, str] | None = None,
        folder: str = "site",
        kind: str = "dist-info",
        metadata: bool = True,
    ) -> None:
        """Write what an installer would; ``entry_points`` is a mapping, or the raw content of the file."""
        base = self.root / folder
        stem = name.replace("-", "_") + (f"-{version}" if kind == "dist-info" else "")
        info = base / f"{stem}.{kind}"
        info.mkdir(parents=True)
        if metadata:
            file = info / ("METADATA" if kind == "dist-info" else "PKG-INFO")
            file.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        if isinstance(entry_points, Mapping):
            entry_points = "[surroreg]\n" + "".join(f"{key} = {value}\n" for key, value in entry_points.items())
        if entry_points is not None:
            raw = entry_points if isinstance(entry_points, bytes) else entry_points.encode()
            (info / "entry_points.txt").write_bytes(raw)
        for module, source in (modules or {}).items():
            (base / f"{module}.py").write_text(source, encoding="utf-8")

    @staticmethod
    def source(*surrogates: str, aliases: Iterable[str] = (), deprecated: Iterable[str] = (), then: str = "") -> str:
        """Return a plugin module that provides ``surrogates``."""
        bodies = [SURROGATE.format(name=n, aliases=[*aliases], deprecated=[*deprecated]) for n in surrogates]
        hook = f"@hookimpl\ndef surroreg_surrogates():\n    return [{', '.join(surrogates)}]\n"
        return "\n".join(["from surroreg import Parameter, hookimpl, surrogate", *bodies, hook, then])

    def plugin(self, namespace: str, *surrogates: str, version: str = "1.0", folder: str = "site", **how: Any) -> None:
        """Install the distribution ``<namespace>-surrogates`` with a plugin that works."""
        self.install(
            f"{namespace}-surrogates",
            version,
            entry_points={namespace: f"surroreg_{namespace}"},
            modules={f"surroreg_{namespace}": self.source(*(surrogates or ("bump",)), **how)},
            folder=folder,
        )

    def run(self, code: str, *options: str, check: bool = True, stdin: str = "", **variables: str) -> Run:
        """Run ``python [options] -c code`` with the folders on its path and ``variables`` in its environment."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SURROREG_", "PYTHON"))}
        variables["PYTHONPATH"] = os.pathsep.join(str(self.root / folder) for folder in self.path)
        done = subprocess.run(
            [sys.executable, *options, "-c", code, str(self.root)],
            env={**inherited, **variables},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            cwd=self.root,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return Run(done.stdout, done.stderr, done.returncode)

    def ask(self, *expressions: str, options: Iterable[str] = (), **variables: str) -> list[Outcome]:
        """Evaluate expressions one after the other in one new process, which also has install() and remove()."""
        done = self.run(CHILD, *options, stdin=json.dumps(expressions), **variables)
        return [Outcome(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An installation that ends with the test; new distributions go into its folder ``site``."""
    return Environment(tmp_path)


@pytest.fixture
def with_scan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give the public verbs a new registry: the built-ins, and the results of the test's own scan."""

    def begin(scan: Callable[[], Any] = lambda: ([], [])) -> Any:
        monkeypatch.setattr(process, "registry", Registry(scan=scan))
        return surroreg

    return begin


@pytest.fixture
def in_process(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, with_scan: Callable[..., Any]
) -> Iterator[Any]:
    """The public verbs in this process, with the distributions of the folder ``site`` and no others.

    A test that loads a surrogate runs here: a process of its own would import torch anew, which takes over a second.
    """
    site = str(environment.root / "site")
    monkeypatch.syspath_prepend(site)
    yield with_scan(lambda: candidates(metadata.distributions(path=[site])))
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", None)).startswith(site):
            del sys.modules[name]


@pytest.fixture
def registry(with_scan: Callable[..., Any]) -> Any:
    """The public verbs, on a new registry with nothing installed."""
    return with_scan()
