"""Write the table of checks into conformance.md."""

from pathlib import Path

import torch

from surroreg.conformance import runner  # noqa: F401  # importing it registers the checks
from surroreg.conformance.table import CHECKS, Check

PAGE = Path(__file__).with_name("conformance.md")
BEGIN, END = "<!-- checks: written by python docs/checks.py -->\n", "<!-- end of checks -->"


def over(check: Check) -> str:
    """Return the sets of parameter values, and the dtypes, for which a check is repeated."""
    if check.sweep == "provider":
        return "the plugin"
    if not check.dtypes and check.sweep in ("all", "dtypes"):
        return {"all": "all", "dtypes": "every dtype"}[check.sweep]
    sets = "defaults" if check.sweep == "once" else "every parameter set"
    dtypes = set(check.dtypes or [torch.float64])
    names = sorted(str(dtype).removeprefix("torch.") for dtype in dtypes)
    return f"{sets}, {', '.join(names)}"


def table() -> str:
    """Return the checks as a Markdown table."""
    rows = ["| check | promise | why it matters | a bug it catches | gate | over | severity |", "| --- " * 7 + "|"]
    for check in CHECKS.values():
        cells = (f"`{check.id}`", check.title, check.why, check.bug, check.gate.trait, over(check), check.severity)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def updated(page: str) -> str:
    """Return the page with the present table."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
