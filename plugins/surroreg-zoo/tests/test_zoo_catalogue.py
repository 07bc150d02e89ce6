"""The README's catalogue agrees with the installed surrogates, and every name in it loads."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import surroreg
import torch

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SPECS = {name.removeprefix("zoo/"): surroreg.spec(name) for name in surroreg.names(namespace="zoo")}
each = pytest.mark.parametrize("name", SPECS)


def catalogue() -> dict[str, list[str]]:
    """Return parameters, peak, area and aliases of each surrogate, from the README."""
    section = README.partition("## The surrogates")[2].partition("##")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "| `" in line]
    return {row[0].strip("`"): [row[1], *row[3:]] for row in rows}


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_readme_lists_every_surrogate_and_no_other() -> None:
    assert list(catalogue()) == sorted(SPECS)
    assert len(SPECS) == 16


@each
def test_the_readme_has_its_parameters_and_defaults(name: str) -> None:
    found = dict(text.split("=") for text in quoted(catalogue()[name][0]))
    assert {key: float(value) for key, value in found.items()} == {p.name: p.default for p in SPECS[name].parameters}


@each
def test_the_readme_has_its_aliases(name: str) -> None:
    assert tuple(quoted(catalogue()[name][3])) == SPECS[name].aliases


def stated(cell: str, params: dict[str, Any]) -> float:
    known = {**params, "sqrt": math.sqrt, "pi": math.pi, "max": max, "inf": math.inf, "__builtins__": {}}
    return float(eval(cell.strip("`"), known))


@each
def test_the_readme_has_its_peak(name: str) -> None:
    s = surroreg.load(f"zoo/{name}")
    x = torch.linspace(-10, 10, 2_000_001, dtype=torch.float64)
    assert float(s.derivative(x).abs().max()) == pytest.approx(stated(catalogue()[name][1], s.params), rel=1e-4)


@each
@pytest.mark.parametrize("factor", [1.0, 0.75, 3.0])
def test_the_readme_has_its_area(name: str, factor: float) -> None:
    spec, cell = SPECS[name], catalogue()[name][2]
    if cell == "none":
        assert name == "square_wave_fourier"
        return
    s = spec(**{p.name: p.default * factor for p in spec.parameters})
    # Both sides of zero at once, each spread evenly over its octaves: x = exp(t).
    t = torch.linspace(-40, 700, 740_001, dtype=torch.float64)
    x = t.exp()
    total = float(torch.trapezoid((s.derivative(x) + s.derivative(-x)) * x, t))
    area = stated(cell, s.params)
    if area == math.inf:
        assert total > 100  # a tail of 1/x adds as much in every octave
    else:
        assert total == pytest.approx(area, rel=2e-3 if "window" in name or name == "box" else 1e-9)


@each
def test_every_alias_loads_the_surrogate_in_any_case(name: str) -> None:
    for alias in SPECS[name].aliases:
        for text in (alias, alias.lower(), alias.upper()):
            assert surroreg.load(f"zoo/{text}").to_config() == surroreg.load(f"zoo/{name}").to_config()


@each
def test_the_bare_name_will_do(name: str) -> None:
    assert surroreg.load(name).spec is SPECS[name]


def test_listing_the_names_does_not_import_torch() -> None:
    code = "import sys, surroreg; assert surroreg.names(namespace='zoo'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
