"""Plugins as an installer leaves them, and the commands ``pytest`` and ``surroreg`` run beside them."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from surroreg.cli import main
from surroreg.registry import Registry, process
from tests import prepared

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
(PLUGIN,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "hookimpl" in block]

#: The console scripts as pip writes them: Python puts the script's folder on the path, not the current one.
SCRIPTS = {"pytest": "from pytest import main", "surroreg": "from surroreg.cli import main"}
QUICK = ("-p", "no:cacheprovider", "--plugin-conformance", "--conformance-max-examples=3")

#: Variables that a run may not inherit, by their beginnings. With CI set, pytest repeats whole messages in its summary.
DROPPED = ("SURROREG_", "PYTHON", "PYTEST_", "COLUMNS", "CI", "BUILD_NUMBER")


@dataclass
class Run:
    """The output and the exit code of a command."""

    stdout: str
    stderr: str
    code: int

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    @property
    def outcomes(self) -> dict[str, int]:
        """The counts in pytest's last line."""
        last = [line for line in self.stdout.splitlines() if line.strip()][-1]
        counts = re.findall(r"(\d+) (passed|failed|skipped|xfailed|xpassed|error|deselected)", last)
        return {outcome: int(number) for number, outcome in counts}

    @property
    def ids(self) -> list[str]:
        """The ids that ``--collect-only -q`` lists."""
        return [line for line in self.stdout.splitlines() if "::" in line]


class Place:
    """A folder for distributions that are installed, and one to work in."""

    #: The README's plugin, and a copy whose gradient has a factor that its formula lacks.
    plugin = PLUGIN
    broken = PLUGIN.replace("return (-", "return 1.1 * (-")
    head = "from surroreg import Parameter, SurrogateSpec, hookimpl, surrogate\n"

    def __init__(self, root: Path) -> None:
        self.root, self.site, self.work = root, root / "site", root / "work"
        self.numbers = itertools.count()
        for folder in (self.site, self.work, root / "bin"):
            folder.mkdir()
        for name, source in SCRIPTS.items():
            script = root / "bin" / name
            script.write_text(f"#!{sys.executable}\nimport sys\n{source}\nsys.exit(main())\n", encoding="utf-8")
            script.chmod(script.stat().st_mode | stat.S_IXUSR)

    def install(self, namespace: str, source: str = PLUGIN, *, version: str = "1.0") -> None:
        """Install a plugin module as the distribution ``surroreg-<namespace>``."""
        module = f"surroreg_{namespace}"
        (self.site / f"{module}.py").write_text(source, encoding="utf-8")
        info = self.site / f"{module}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: surroreg-{namespace}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[surroreg]\n{namespace} = {module}\n", encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        """Write a file in the folder to work in."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def files(self) -> set[str]:
        """The files in the folder to work in."""
        return {str(path.relative_to(self.work)) for path in self.work.rglob("*")}

    def run(self, *command: str, folder: str = ".", **variables: str) -> Run:
        """Run a command in the folder to work in: one of pytest or surroreg in a fork, which need not import torch."""
        program, *options = command
        if program not in SCRIPTS or not hasattr(os, "fork"):
            return self.spawn(*command, folder=folder, **variables)
        environment = self.environment(**variables)
        script = self.root / "bin" / program
        files = [self.root / f"{next(self.numbers)}.{stream}" for stream in ("out", "err")]
        code = prepared.Fork(
            f"{SCRIPTS[program]}\nsys.exit(main())",
            [str(script), *options],
            path=[str(script.parent), *environment["PYTHONPATH"].split(os.pathsep)],
            stdout=files[0],
            stderr=files[1],
            folder=self.work / folder,
            environment=environment,
        ).wait()
        return Run(*(file.read_text(encoding="utf-8") for file in files), code)

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment of a command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)  # may hold the surroreg under test
        ours = {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.site), *inherited])),
            "PATH": os.pathsep.join([str(self.root / "bin"), str(Path(sys.executable).parent), kept["PATH"]]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }
        return {**kept, **ours, **variables}

    def spawn(self, *command: str, folder: str = ".", **variables: str) -> Run:
        """Run a command in a process of its own. A single argument is a line for the shell."""
        done = subprocess.run(
            ["/bin/sh", "-c", command[0] if len(command) == 1 else shlex.join(command)],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            cwd=self.work / folder,
        )
        return Run(done.stdout, done.stderr, done.returncode)

    def check(self, *options: str, **how: str) -> Run:
        """Run ``pytest --plugin-conformance`` with options, without a cache, and with few examples."""
        return self.run("pytest", *QUICK, *options, **how)

    def check_apart(self, *options: str, **how: str) -> Run:
        """Run the same in another process."""
        return Place.run(self, "pytest", *QUICK, *options, **how)


class Inside(Place):
    """A place whose commands run in this process: they need not import torch again."""

    def run(self, *command: str, folder: str = ".", **variables: str) -> Run:
        assert not variables
        program, *options = command
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _chdir(self.work / folder):
            # Each run of pytest ends with a full garbage collection. Unfrozen, torch would make that half a second.
            gc.freeze()
            try:
                code = {"pytest": pytest.main, "surroreg": main}[program](options)
            except SystemExit as error:  # of argparse
                code = error.code
            finally:
                gc.unfreeze()
        self.forget()
        return Run(out.getvalue(), err.getvalue(), int(code or 0))

    def forget(self) -> None:
        """Remove the modules of this place, so that the next command imports them anew."""
        for name, module in list(sys.modules.items()):
            if str(self.root) in (getattr(module, "__file__", None) or ""):
                del sys.modules[name]
        process.registry = Registry()


@contextlib.contextmanager
def _chdir(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of the test's own, where nothing is installed."""
    return Place(tmp_path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that makes places. They stay until the module ends."""
    return lambda: Place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: None) -> Iterator[Inside]:
    """A place of the test's own in this process. The registry knows the built-ins and the plugins installed there."""
    place = Inside(tmp_path)
    for name in [name for name in os.environ if name.startswith(DROPPED)]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", [str(place.site), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(process, "registry", Registry())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    yield place
    place.forget()
