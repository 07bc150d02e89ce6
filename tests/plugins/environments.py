"""Fresh environments to install into, and commands that run there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import surroreg


def execute(*command: Any, cwd: Path, **environment: str) -> str:
    """Run a command in a process that inherits no variable of this test run; return its output."""
    ours = ("PYTEST_", "SURROREG_", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = {**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout


def build(kind: str, source: Path, into: Path) -> Path:
    """Build an sdist or a wheel of a project; return the file."""
    code = f"import sys; from hatchling.build import build_{kind}; print(build_{kind}(sys.argv[1]))"
    return into / execute(sys.executable, "-c", code, into, cwd=source).splitlines()[-1]


def fresh_python(folder: Path) -> Path:
    """Return the Python of a new environment, which finds the packages of this one: surroreg, torch and pip."""
    # To install a pip of its own would take seconds; ours installs into the environment whose Python runs it.
    options = ["--without-pip"] if Path(sysconfig.get_path("purelib"), "pip").is_dir() else []
    execute(sys.executable, "-m", "venv", *options, folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    site = execute(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    lines = f"{sysconfig.get_path('purelib')}\n{Path(surroreg.__file__).parents[1]}\n"
    Path(site, "outer.pth").write_text(lines, encoding="utf-8")
    return python
