"""No permitted formula takes SymPy, mpmath or a printer seconds."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from surroreg import SpecError
from surroreg.formula import grammar
from tests.attacks.formulas import READERS, value

#: Permitted formulas, each made to exhaust SymPy, mpmath or a printer.
BOMBS = [
    "exp(exp(exp(exp(9.0 + 0*x))))",
    "Abs(exp(exp(exp(exp(9 + x - x)))) - 7)",
    "Max(exp(exp(exp(exp(9 + 0*x)))), 5)",
    "(2*x)**(10**9 + 0*x)",
    "2**(10**9 + x - x)",
    "(1e300*x)**1000",
    "exp(1000*log(exp(1000*log(exp(1000*log(2*x))))))*exp(x)",
    "(exp(a*log(exp(a*log(exp(a*log(2*x))))))**(1000/a))**(1000/a)",
    "E**(1e5*log(2*x))",
    "*".join(["x**1000"] * 30),
    "(((Max(x, a, b, n) + 1)**8 + 1)**8 + 1)**8",
    *(f"{name}(" * 23 + "x" + ")" * 23 for name in ("exp", "cosh", "tan", "log", "sign", "Heaviside", "floor")),
    "Mod(x, " * 23 + "3" + ")" * 23,
    "Mod(" * 23 + "x" + ", 3)" * 23,
    "Max(x, Min(a, " * 11 + "1" + "))" * 11,
    "Piecewise((" * 10 + "x" + ", x > 1), (a, True))" * 10,
    "x**(" * 25 + "x" + ")" * 25,
    "chebyshevu(n, " * 20 + "x" + ")" * 20,
    "sqrt((exp((log(x) + 1)**100) + U)**a)",
    "cosh((x + a + b + n + U + pi + log(x))**90)**a",
    "(tanh(log(x)*(x + a)*(b + n)*(x - n)*(U + x)*(1 + a)*(x - 1)*(x - 2)*(x - 3)*(x - 4)) + 1)**(a/(1 + a))",
    "Piecewise((1, -x*Abs(tanh((x + a + b + n + U)**90))**3 > 1), (0, True))**a",
    "sqrt((5.881e-200*x)*((3/2)**(1/3)))",
    "Mod((x + a)**50*(x + b), (x + n)**50*(x + U))",
    "1/floor(x/x/2)",
    "exp(b*x)*exp(-b*x)",
    "Mod(exp(b*x), 3)",
    "sin(exp(b*x))",
    "(exp(x)**b)**exp(b*x)",
    "(x - x)*erf(40*x/x)*erfc(39*x/x)",
]
PROBE = """
import json, sys, time
sys.path.insert(0, {folder!r})
from surroreg import SpecError
from tests.attacks.formulas import READERS, value
slowest = 0.0
for text in json.load(sys.stdin):
    values = [lambda text, x=x: value(text, x, n=10**400) for x in (2.0**500, -(2.0**500), 2.0**-500)]
    for reader in [*values, *READERS.values()]:
        before = time.perf_counter()
        try:
            reader(text)
        except SpecError:
            pass
        slowest = max(slowest, time.perf_counter() - before)
print(slowest)
"""


def test_explosive_formula_takes_no_reader_seconds():
    code = PROBE.format(folder=str(Path(__file__).parents[2]))
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, input=json.dumps(BOMBS), text=True, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5


class Draw:
    """Draws formulas at random, with every word of the grammar, some beyond its bounds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, depth: int, size: int) -> str:
        draw = self.random
        if size <= 1 or depth <= 0:
            large = f"{draw.uniform(1, 9):.3f}e{draw.randint(-300, 300)}"
            return draw.choice([*"xxxabnUE", "pi", "oo", "3/2", "1000", "0.001", large, str(draw.randint(0, 10**18))])
        inner, half = (depth - 1, size - 1), (depth - 1, size // 2)
        some = [self.number(depth - 1, size // 3 + 1) for _ in range(draw.randint(1, 3))]
        unary = [name for name, function in grammar.FUNCTIONS.items() if function.least == function.most == 1]
        exponent = draw.choice(["2", "3", "-1", "1/2", "0.5", "(-2)", "10", "1000", "(x - x + 2)", "n", "a", "1/3"])
        return draw.choice(
            [
                lambda: f"({self.number(*half)}){draw.choice('+-*/')}({self.number(*half)})",
                lambda: draw.choice([" + ", " - ", " * "]).join(some * draw.randint(1, 4)),
                lambda: f"({self.number(*inner)})**{exponent}",
                lambda: f"{draw.choice(unary)}({self.number(*inner)})",
                lambda: f"{draw.choice(unary)}({self.number(*inner)})",
                lambda: f"{draw.choice(['Max', 'Min'])}({', '.join(some)})",
                lambda: f"Mod({self.number(*half)}, {self.number(*half)})",
                lambda: f"{draw.choice(['chebyshevt', 'chebyshevu'])}({draw.choice('3nx')}, {self.number(*inner)})",
                lambda: f"-({self.number(*inner)})",
                lambda: f"Piecewise({self.cases(some, depth - 1, size // 2)}{draw.choice(['', ', (0, True)'])})",
            ]
        )()

    def cases(self, values: list[str], depth: int, size: int) -> str:
        return ", ".join(f"({each}, {self.condition(depth, size)})" for each in values)

    def condition(self, depth: int, size: int) -> str:
        if depth <= 0 or size < 3 or self.random.random() < 0.7:
            relation = self.random.choice(["<", ">", "<=", ">=", "==", "!="])
            return f"{self.number(depth - 1, size // 3)} {relation} {self.number(depth - 1, size // 3)}"
        if self.random.random() < 0.3:
            return f"~({self.condition(depth - 1, size)})"
        first, second = (self.condition(depth - 1, size // 2) for _ in range(2))
        return f"({first}) {self.random.choice('&|')} ({second})"


def test_random_formula_is_refused_or_takes_no_time(capsys):
    draw, outcomes, slowest, longest = Draw(0), Counter[str](), 0.0, 0
    for _ in range(1000):
        text = draw.number(draw.random.choice([3, 6, 12, 28]), draw.random.choice([5, 10, 20, 40, 90]))
        readers = dict(READERS)
        for x in (0.0, 0.7, -3.0, 2.0**500, -(2.0**500)):
            readers[f"values at {x:.0e}"] = lambda text, x=x: value(text, x, n=10**30)
        for name, reader in readers.items():
            before = time.perf_counter()
            try:
                result = reader(text)
            except SpecError:
                outcomes[f"{name}: refused"] += 1
                if name == "read":
                    break
            else:
                outcomes[f"{name}: passed"] += 1
                longest = max(longest, len(result) if isinstance(result, str) else 0)
            slowest = max(slowest, time.perf_counter() - before)
            assert slowest < 5, text
    with capsys.disabled():
        print(f"\n1000 formulas, at most {slowest:.2f} s and {longest} characters of code: {dict(outcomes)}")
    assert longest < 50_000
    assert outcomes["read: passed"] > 500
    assert min(outcomes[f"{name}: passed"] for name in READERS) > 100
