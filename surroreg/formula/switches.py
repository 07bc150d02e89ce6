"""The places where a formula switches: only at these its derivative can fail to be smooth."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surroreg.formula import grammar
from surroreg.formula.numeric import DIGITS, compiled, context
from surroreg.formula.text import NOISE, declared, tree
from surroreg.specs import SurrogateSpec

#: More changes than this are taken for those of a formula that switches without end, such as a periodic one.
MOST = 20

#: Functions that switch where their argument changes its sign, or is no longer real.
SIGNS = ("Abs", "abs", "sign", "Heaviside", "sqrt", "log", "ln")

Switch = Callable[[Mapping[str, Any]], Any]


class Switches:
    """The branches that a formula takes, as functions of the input, at some values of its parameters."""

    def __init__(self, spec: SurrogateSpec, params: Mapping[str, Any]) -> None:
        self.mp = context(DIGITS)
        self.names = {p.name: self.mp.mpf(params[p.name]) for p in spec.parameters if p.type in (int, float)}
        self.names[NOISE] = self.mp.mpf(0.5)
        root = tree(spec, declared(spec))
        self.formula = compiled(root, self.mp)
        self.switches = self._of(root)

    def value(self, x: Any) -> Any:
        """Return the formula at ``x``, with many digits."""
        return self.formula({**self.names, "x": self.mp.mpf(x)})

    def branch(self, x: Any) -> tuple[Any, ...]:
        """Return the branch of every switch at ``x``."""
        names = {**self.names, "x": self.mp.mpf(x)}
        return tuple(switch(names) for switch in self.switches)

    def at(self, place: float) -> bool:
        """Return whether a switch changes at a place, or right beside it."""
        reach = max(abs(place) * 1e-9, 1e-30)
        middle, left, right = (self.branch(self.mp.mpf(place) + side * reach) for side in (0, -1, 1))
        return not left == middle == right

    def changes(self, grid: Sequence[float]) -> list[tuple[float, float]]:
        """Return the neighbours of a grid between which a switch changes."""
        branches = [self.branch(x) for x in grid]
        pairs = zip(grid, grid[1:], branches, branches[1:], strict=False)
        return [(low, high) for low, high, before, after in pairs if before != after]

    def narrowed(self, low: float, high: float) -> float:
        """Return the place between two inputs where a switch changes first."""
        start = self.branch(low)
        for _ in range(90):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if self.branch(middle) == start else (low, middle)
        return high

    def kinked(self, place: float) -> bool:
        """Return whether value or slope of the formula jumps at a place."""
        mp, step = self.mp, self.mp.mpf(max(abs(place), 1e-6)) * self.mp.mpf(10) ** -12
        # The place is rounded to float64: nearer samples could lie on its other side.
        sides = [[self.value(mp.mpf(place) + side * part * step) for part in (1, 2, 3)] for side in (-1, 1)]
        if not all(mp.isfinite(value) for side in sides for value in side):
            return True
        height = max(abs(value) for side in sides for value in side)
        # By linear continuation, both sides meet at the place.
        (left, second, _), (right, fourth, _) = sides
        gap = abs((2 * left - second) - (2 * right - fourth))
        slopes = [(left - second) / step, (fourth - right) / step]
        steepness = max(map(abs, slopes))
        return bool(gap > 1e-9 * height or abs(slopes[1] - slopes[0]) > 1e-4 * steepness > 1e-13 * height)

    def _of(self, root: ast.expr) -> list[Switch]:
        switches: list[Switch | None] = []
        for node in ast.walk(root):
            if isinstance(node, ast.Compare):
                switches.append(self._sign(ast.BinOp(node.left, ast.Sub(), node.comparators[0])))
                continue
            if not isinstance(node, (ast.BinOp, ast.Call)):
                continue
            kind, parts = grammar.parts(node)
            if kind in SIGNS or (kind is ast.Pow and not _is_whole(parts[1])):
                switches.append(self._sign(parts[0]))
            elif kind is ast.Div and _reads(parts[1]):
                switches.append(self._sign(parts[1]))
            elif kind in ("Max", "Min"):
                switches += [self._sign(ast.BinOp(parts[0], ast.Sub(), part)) for part in parts[1:]]
                switches += [self._sign(ast.BinOp(parts[1], ast.Sub(), part)) for part in parts[2:]]
            elif kind in ("floor", "ceiling"):
                switches.append(self._whole(parts[0]))
            elif kind == "Mod":
                switches.append(self._whole(ast.BinOp(parts[0], ast.Div(), parts[1])))
        return [switch for switch in switches if switch is not None]

    def _sign(self, node: ast.expr) -> Switch | None:
        """Return the sign of a part of the formula, or nothing if it is the same for all inputs."""
        if not _reads(node):
            return None
        part = compiled(node, self.mp)
        return lambda names: self.mp.sign(part(names))

    def _whole(self, node: ast.expr) -> Switch | None:
        if not _reads(node):
            return None
        part = compiled(node, self.mp)
        return lambda names: math.floor(value) if self.mp.isfinite(value := part(names)) else None


def _reads(node: ast.expr) -> bool:
    """Whether a part of the formula depends on the input, and not on noise."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return "x" in names and NOISE not in names


def _is_whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
