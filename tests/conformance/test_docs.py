"""The page on conformance lists all checks."""

from tests.scripts import script


def test_table_of_checks_is_up_to_date():
    checks = script("checks")
    assert checks.PART.text == checks.table(), "run: python docs/checks.py"
