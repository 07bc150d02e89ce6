"""The page on conformance lists all checks."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_table_of_checks_is_up_to_date():
    script = runpy.run_path(str(DOCS / "checks.py"))
    page = (DOCS / "conformance.md").read_text(encoding="utf-8")
    assert script["updated"](page) == page, "run: python docs/checks.py"
