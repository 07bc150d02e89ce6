"""Write the table of checks into conformance.md."""

import torch
from part import Part

from surroreg.conformance import runner  # noqa: F401  # importing it registers the checks
from surroreg.conformance.table import CHECKS, Check

PART = Part("conformance.md", "checks", "checks.py")


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


if __name__ == "__main__":
    PART.write(table())
