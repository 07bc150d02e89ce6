"""Numbers and values of parameters as a reader sees them."""

import math

import pytest
import torch

import surroreg
from surroreg.builtin.custom import unit_box
from surroreg.specs.display import brief, brief_default, typeset


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (25.0, "25"),
        (1 / 3, "0.333333"),
        (10**7, "10000000"),
        (True, "True"),
        (torch.tensor([2.5]), "2.5"),
        (torch.nn.Parameter(torch.tensor([2.5])), "2.5 (learns)"),
        (torch.tensor([1.0, 2.0]), "[1.0, 2.0]"),
        (unit_box, "surroreg.builtin.custom:unit_box"),
        ("surroreg.builtin.custom:unit_box", "surroreg.builtin.custom:unit_box"),
    ],
)
def test_brief_value_is_rounded_or_named(value, text):
    assert brief(value) == text


def test_brief_default_without_a_default_is_required():
    (parameter,) = surroreg.spec("custom_surrogate").parameters
    assert brief_default(parameter) == "required"
    assert [brief_default(each) for each in surroreg.spec("spike_rate_escape").parameters] == ["1", "25"]


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (-1.5, 6, "−1.5"),
        (1 / 3, 3, "0.333"),
        (1e-9, 6, "1e−9"),
        (2.5e18, 6, "2.5e18"),
        (1e-300, 6, "1e−300"),
        (math.inf, 6, "∞"),
        (-math.inf, 6, "−∞"),
        (math.nan, 6, "NaN"),
    ],
)
def test_typeset_number_has_signs_of_print(number, digits, text):
    assert typeset(number, digits) == text
