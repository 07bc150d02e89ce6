"""The guide on memory: the errors of its table are within their bounds, and the table is up to date."""

import pytest

from surroreg.specs.validation import SAVED_DTYPES
from tests.scripts import script

MEMORY = script("memory")


@pytest.mark.parametrize("saved", SAVED_DTYPES)
@pytest.mark.parametrize("name", MEMORY.compared())
def test_error_of_a_kept_input_is_within_the_bound(name, saved):
    found = MEMORY.errors(name, saved)
    assert found["used"] <= 1
    assert found["error"] <= found["bound"]
    assert (found["error"] > 0) is (name != "triangular")  # which has two values, and both are kept


def test_table_of_errors_is_up_to_date():
    assert MEMORY.PART.text == MEMORY.table(), "run: python docs/memory.py"
