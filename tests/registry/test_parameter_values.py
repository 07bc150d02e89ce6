"""The values that a parameter accepts, and the messages for the values that it refuses."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import surroreg
from surroreg import Parameter, ParameterError, ParameterTypeError, SpecError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
BOUND = st.none() | FINITE
in_its_time = settings(deadline=None)  # a busy machine is no counterexample


def accepts(parameter, value):
    try:
        parameter.check(value)
    except ParameterError:
        return False
    return True


def declared(**declaration):
    """Return the parameter, or ``None`` where no value is within the bounds."""
    try:
        return Parameter("a", **declaration)
    except SpecError as error:
        if "no value of it can be" not in str(error):
            raise
        return None


# -- any value ------------------------------------------------------------------------------------


@in_its_time
@given(BOUND, BOUND, BOUND, BOUND, st.floats())
def test_number_is_accepted_within_all_bounds_and_limits_only(gt, ge, lt, le, value):
    def within(number):
        return (
            (gt is None or number > gt)
            and (ge is None or number >= ge)
            and (lt is None or number < lt)
            and (le is None or number <= le)
        )

    accepted = within(value) and (0 if within(0.0) else 1e-18) <= abs(value) <= 1e18
    parameter = declared(gt=gt, ge=ge, lt=lt, le=le)
    assert (parameter is not None and accepts(parameter, value)) == accepted


@in_its_time
@given(st.integers() | FINITE | st.fractions() | st.booleans())
def test_accepted_value_has_the_declared_type_and_is_stable(value):
    for kind in (float, int, bool):
        parameter = Parameter("a", type=kind)
        if accepts(parameter, value):
            checked = parameter.check(value)
            assert type(checked) is kind
            assert checked == pytest.approx(float(value))
            assert parameter.check(checked) == checked


@in_its_time
@given(st.none() | st.booleans() | st.text() | st.complex_numbers() | st.binary() | st.lists(st.floats()))
def test_value_that_is_no_number_is_a_type_error(value):
    for kind in (float, int):
        with pytest.raises(ParameterTypeError, match="parameter 'a' takes"):
            Parameter("a", type=kind).check(value)


@in_its_time
@given(st.none() | st.integers() | st.floats() | st.text(alphabet="é-!:."))
def test_value_that_is_no_callable_is_a_parameter_error(value):
    with pytest.raises(ParameterError):
        Parameter("f", type=Callable).check(value)


@in_its_time
@given(BOUND, BOUND, st.sampled_from([float, int, bool, Callable]), st.text(), st.text())
def test_parameter_survives_its_description(gt, le, kind, symbol, doc):
    bounds = {"gt": gt, "le": le} if kind in (float, int) else {}
    parameter = declared(type=kind, **bounds, symbol=symbol, doc=doc)
    assume(parameter is not None)
    assert Parameter.from_dict(parameter.to_dict()) == parameter


# -- particular values ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), np.float16(0.5), Fraction(1, 2), 0.5])
def test_real_numbers_of_other_libraries_become_floats(value):
    checked = Parameter("a").check(value)
    assert type(checked) is float
    assert checked == 0.5


@pytest.mark.parametrize("value", [np.int64(3), np.uint8(3), 3])
def test_integers_of_other_libraries_become_ints(value):
    assert type(Parameter("a", type=int).check(value)) is int
    assert type(Parameter("a").check(value)) is float


@pytest.mark.parametrize("value", [np.bool_(True), np.array([1.0]), Decimal("0.5"), "0.5", True, 1j, [1.0], None])
def test_value_that_resembles_a_number_is_refused(value):
    with pytest.raises(ParameterTypeError, match=r"parameter 'a' takes a real number, not .*\("):
        Parameter("a").check(value)


@pytest.mark.parametrize("value", [1, 0, "True", None])
def test_only_true_and_false_are_bools(value):
    with pytest.raises(ParameterTypeError, match="takes True or False, not"):
        Parameter("a", type=bool).check(value)


def test_float_is_no_integer():
    with pytest.raises(ParameterTypeError, match=r"parameter 'n' takes an integer, not 3.0 \(float\)"):
        Parameter("n", type=int).check(3.0)


@pytest.mark.parametrize("value", [10**400, Fraction(10**400), -(10**400)], ids=["int", "fraction", "negative"])
def test_number_beyond_all_floats_is_a_parameter_error(value):
    with pytest.raises(ParameterError, match="parameter 'a'"):
        Parameter("a").check(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [float, np.float32])
def test_nan_and_infinities_are_refused_whatever_the_bounds(value, kind):
    for parameter in (Parameter("a"), Parameter("a", gt=0), Parameter("a", le=math.inf)):
        with pytest.raises(ParameterError, match="parameter 'a' must be finite, not"):
            parameter.check(kind(value))


@pytest.mark.parametrize(
    ("bounds", "value", "text"),
    [
        ({"gt": 0}, 0, "must be > 0, not 0"),
        ({"ge": 0, "lt": 1}, 1, "must be >= 0 and < 1, not 1"),
        ({"gt": -1.5, "le": 2}, 2.5, "must be > -1.5 and <= 2, not 2.5"),
        ({"ge": 1}, 0.99999999, "must be >= 1, not 0.99999999"),  # and not "not 1"
        ({"le": 16777216}, 16777217, "must be <= 16777216, not 16777217"),
        ({}, 1e19, "must be >= -1e+18 and <= 1e+18, not 1e+19: outside, products"),
        ({"ge": 0}, 1e300, "must be >= 0 and <= 1e+18, not 1e+300: outside, products"),
        ({"gt": 0}, 1e300, "must be >= 1e-18 and <= 1e+18, not 1e+300: outside, products"),
        ({"gt": 0}, 1e-300, "must be >= 1e-18 and <= 1e+18, not 1e-300: outside, products"),
        ({"gt": 0, "lt": 1}, 1e-19, "must be >= 1e-18 and < 1, not 1e-19: outside, products"),
        ({"gt": 1.5}, 1e19, "must be > 1.5 and <= 1e+18, not 1e+19: outside, products"),
        ({"lt": 0}, -1e-19, "must be >= -1e+18 and <= -1e-18, not -1e-19: outside, products"),
    ],
)
def test_value_out_of_bounds_is_printed_exactly(bounds, value, text):
    with pytest.raises(ParameterError) as raised:
        Parameter("a", **bounds).check(value)
    message = str(raised.value).replace(".0 ", " ").replace(".0,", ",").replace(".0.", ".")
    assert text in message


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e-19, 1e18, -1e18])
def test_float_that_may_be_zero_may_be_tiny(value):
    assert Parameter("a").check(value) == value
    assert accepts(Parameter("a", ge=0), value) == (value >= 0)
    assert accepts(Parameter("a", ge=-1, le=1), value) == (abs(value) <= 1)


@pytest.mark.parametrize("value", [10**19, -(10**400), 0, 1])
def test_integer_has_no_limits_but_its_bounds(value):
    assert Parameter("n", type=int).check(value) == value
    assert Parameter("n", type=int, le=5).range == {"le": 5}


@in_its_time
@given(BOUND, BOUND, BOUND, BOUND, FINITE)
def test_range_holds_exactly_the_accepted_values(gt, ge, lt, le, value):
    parameter = declared(gt=gt, ge=ge, lt=lt, le=le)
    assume(parameter is not None)
    relations = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
    held = all(relations[key](value, bound) for key, bound in parameter.range.items())
    assert accepts(parameter, value) == held


def test_default_beyond_the_limits_is_a_spec_error():
    for default in (1e19, 1e-19):
        with pytest.raises(SpecError, match="default of parameter 'a' must be >= 1e-18 and <= 1e\\+18, not"):
            Parameter("a", default, gt=0)


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ({"gt": "a"}, "gt must be a number, not 'a'"),
        ({"le": True}, "le must be a number, not True"),
        ({"ge": math.nan}, "ge must be a number, not nan"),
        ({"lt": 10**400}, "lt is beyond the largest float"),
        ({"gt": 5, "lt": 1}, "no value of it can be > 5 and < 1"),
        ({"gt": 1, "le": 1}, "no value of it can be > 1 and <= 1"),
        ({"gt": 0, "lt": 1, "type": int}, "no value of it can be > 0 and < 1"),
        ({"gt": 0, "lt": 1e-19}, "no value of it can be >= 1e-18 and < 1e-19"),
        ({"gt": 0, "type": bool}, "gt is for numbers, not for a bool"),
        ({"type": [float]}, "type must be one of float, int, bool, callable"),
        ({"doc": None}, "doc must be text, not None"),
        ({"symbol": b"k"}, "symbol must be text, not b'k'"),
        ({"doc": "\ud800"}, "half a character"),
    ],
)
def test_parameter_declared_wrongly_is_refused(declaration, text):
    with pytest.raises(SpecError, match=re.escape(text)):
        Parameter("a", **declaration)


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ({"lt": math.inf}, "< inf"),
        ({"ge": 0, "le": 0}, ">= 0 and <= 0"),
        ({"type": int, "ge": 3, "lt": 4}, ">= 3 and < 4"),
    ],
)
def test_bounds_that_leave_a_value_are_admitted(declaration, text):
    assert Parameter("a", **declaration).bounds == text


def test_integer_too_long_to_print_is_refused():
    with pytest.raises(ParameterError, match="an integer of 33220 bits"):
        Parameter("n", type=int).check(10**10_000)


def test_callable_may_be_given_by_import_string():
    parameter = Parameter("f", type=Callable)
    assert parameter.check("math:sqrt") is math.sqrt
    for wrong in ("math:no_such_function", "no_such_module:f", "math", "math:pi"):
        with pytest.raises(ParameterError, match="parameter 'f'"):
            parameter.check(wrong)


# -- declarations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "_a", "é", "x", "grad", "at_zero", "self"])
def test_parameter_has_a_proper_name_that_is_not_reserved(name):
    with pytest.raises(SpecError, match="cannot name a parameter"):
        Parameter(name)


@pytest.mark.parametrize("kind", [str, complex, "float", None])
def test_parameter_is_of_one_of_four_types(kind):
    with pytest.raises(SpecError, match="type must be one of float, int, bool, callable"):
        Parameter("a", type=kind)


@pytest.mark.parametrize(
    "declared", [{"default": 0, "gt": 0}, {"default": math.nan}, {"default": None}, {"default": 1.5, "type": int}]
)
def test_default_obeys_the_parameters_own_rules(declared):
    with pytest.raises(SpecError, match="default of parameter 'a'"):
        Parameter("a", **declared)


def test_default_has_the_declared_type_or_is_required():
    assert type(Parameter("a", 1).default) is float
    assert not Parameter("a", 0).required
    assert Parameter("a").required
    assert repr(Parameter("a").default) == "<required>"


# -- messages of load() ----------------------------------------------------------------------------


def test_unknown_parameter_raises_with_the_nearest():
    with pytest.raises(ParameterTypeError, match=r"'fast_sigmoid' has no parameter 'slop'\. Did you mean 'slope'"):
        surroreg.load("fast_sigmoid", slop=3)
    with pytest.raises(ParameterTypeError, match=r"no parameter 'gain'\. It takes beta=1\.0, slope=25\.0"):
        surroreg.load("spike_rate_escape", gain=3)
    with pytest.raises(ParameterTypeError, match=r"no parameter 'slope'\. It takes no parameters"):
        surroreg.load("heaviside", slope=3)
    with pytest.raises(ParameterTypeError, match=r"has no parameter 'b'\. Did you mean 'B'"):
        surroreg.load("sparse_fast_sigmoid", b=3)


def test_missing_required_parameter_raises_with_its_name():
    with pytest.raises(ParameterTypeError, match="'custom_surrogate' needs a value for 'custom_surrogate_function'"):
        surroreg.load("custom_surrogate")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, ParameterError, "must be > 0, not 0"),
        (-1, ParameterError, "must be > 0, not -1"),
        (math.nan, ParameterError, "must be finite, not nan"),
        (math.inf, ParameterError, "must be finite, not inf"),
        ("3", ParameterTypeError, r"takes a real number, not '3' \(str\)"),
        (True, ParameterTypeError, r"takes a real number, not True \(bool\)"),
        (None, ParameterTypeError, r"takes a real number, not None \(NoneType\)"),
    ],
)
def test_bad_value_is_refused_at_load_and_at_assignment(value, error, text):
    with pytest.raises(error, match=text) as raised:
        surroreg.load("fast_sigmoid", slope=value)
    assert "fast_sigmoid" in str(raised.value)
    surrogate = surroreg.load("fast_sigmoid")
    with pytest.raises(error, match=text):
        surrogate.slope = value
    assert surrogate.slope == 25.0


@pytest.mark.parametrize("at_zero", [2, -1, 0.5, "1", math.nan, [1]])
def test_spike_at_zero_is_0_or_1(at_zero):
    with pytest.raises(ParameterError, match="at_zero must be 0 or 1, not"):
        surroreg.load("atan", at_zero=at_zero)


def test_parameter_errors_are_value_errors_or_type_errors():
    with pytest.raises(ValueError, match="must be > 0"):
        surroreg.load("fast_sigmoid", slope=0)
    with pytest.raises(TypeError, match="no parameter"):
        surroreg.load("fast_sigmoid", slop=0)
