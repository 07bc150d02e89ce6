"""The text that names a surrogate as the method of a neuron of Norse."""

import contextlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import surroreg
from surroreg.compat.norse import installed
from tests.compat.norse_neurons import (
    X,
    derivative,
    each_same,
    home,
    neuron,
    norse,
    run,
)


@pytest.mark.usefixtures("adapter")
@each_same
def test_method_with_ours_is_the_same_function(method, alpha, ours):
    torch.testing.assert_close(derivative(ours, X), derivative(method, X, torch.as_tensor(alpha)))


@given(slope=st.floats(2**-10, 2**10) | st.integers(1, 1000), scale=st.floats(2**-10, 2**10), shift=st.floats(-4, 4))
def test_keywords_of_a_method_set_the_parameters(slope, scale, shift):
    method = f"surroreg:fast_sigmoid(slope={slope}, shift={shift}, scale={scale})"
    with installed():
        _, found = derivative(method, X)
    expected = surroreg.load("fast_sigmoid", slope=slope, scale=scale, shift=shift).derivative(X)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.usefixtures("adapter")
def test_alpha_of_norse_changes_nothing_of_ours():
    for alpha in (1.0, torch.as_tensor(100.0)):
        torch.testing.assert_close(derivative("surroreg:atan", X, alpha)[1], 1 / (1 + (torch.pi * X).square()))


@pytest.mark.usefixtures("adapter")
def test_at_zero_in_a_method_decides_the_spike():
    zero = torch.zeros(1)
    for method, spike in (("surroreg:atan", 0), ("surroreg:atan(at_zero=1)", 1), ("surroreg:atan(at_zero=0)", 0)):
        assert home.threshold(zero, method, 1.0).item() == spike


@pytest.mark.usefixtures("adapter")
def test_alias_and_qualified_name_in_a_method_are_equal():
    expected = derivative("surroreg:atan(alpha=3)", X)
    for method in ("surroreg:ATan(alpha=3)", "surroreg:builtin/atan(alpha=3)", "surroreg:atan( alpha = 3.0 , )"):
        torch.testing.assert_close(derivative(method, X), expected)


MALFORMED = [
    "(2)",
    "(alpha)",
    "(alpha=)",
    "(alpha=2",
    "(alpha=2))",
    "(alpha=2) + 1",
    "(alpha=2)(alpha=3)",
    "(alpha=2).real",
    "(alpha=2); print(1)",
    "(alpha=2, alpha=3)",
    "(alpha='2')",
    "(saved_dtype=2)",
    "(saved_dtype=bfloat16)",
    "(alpha=True)",
    "(alpha=None)",
    "(alpha=[2])",
    "(alpha=2j)",
    "(alpha=nan)",
    "(alpha=1+1)",
    "(alpha=abs(2))",
    "(alpha=__import__('os').getpid())",
    "(**{'alpha': 2})",
    "(*[2])",
    "(alpha=2 for x in y)",
    "(alpha=2)\0",
    "(",
    "(((",
]


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_method_is_refused_with_an_example(text):
    with pytest.raises(surroreg.ParameterError) as raised:
        home.threshold(X, f"surroreg:atan{text}", 1.0)
    assert repr(f"surroreg:atan{text}") in str(raised.value)
    assert "surroreg:NAME(KEYWORD=NUMBER, ...), such as 'surroreg:fast_sigmoid(slope=1)'" in str(raised.value)


@given(st.text(max_size=8) | st.text("()=,*'1a. +-", max_size=12))
def test_any_text_raises_only_surroreg_errors(text):
    with installed():
        for method in (f"surroreg:{text}", f"surroreg:atan{text}", f"surroreg:atan({text})"):
            with contextlib.suppress(surroreg.SurroregError):
                home.threshold(torch.ones(1), method, 1.0)


@pytest.mark.usefixtures("adapter")
def test_errors_of_a_method_are_those_of_load():
    with pytest.raises(surroreg.UnknownSurrogateError, match="Did you mean 'atan'"):
        norse.LIFCell(p=norse.LIFParameters(method="surroreg:atn"))(torch.ones(1))
    for text in ("", "(alpha=2)"):
        with pytest.raises(surroreg.UnknownSurrogateError, match="no surrogate ''"):
            home.threshold(X, f"surroreg:{text}", 1.0)
    with pytest.raises(surroreg.ParameterTypeError, match=r"no parameter 'alhpa'\. Did you mean 'alpha'"):
        home.threshold(X, "surroreg:atan(alhpa=2)", 1.0)
    for number, problem in (("-1", "must be > 0"), ("1e999", "must be finite")):
        with pytest.raises(surroreg.ParameterError, match=problem):
            home.threshold(X, f"surroreg:atan(alpha={number})", 1.0)
    with pytest.raises(surroreg.ParameterError, match="at_zero must be 0 or 1"):
        home.threshold(X, "surroreg:atan(at_zero=2)", 1.0)


@pytest.mark.usefixtures("adapter")
def test_refractory_neuron_with_at_zero_never_fires():
    x = 3 * torch.rand(30, 4, 8)
    assert run("LIFRefracCell", neuron("LIFRefracCell", "surroreg:atan"), x).any()
    assert not run("LIFRefracCell", neuron("LIFRefracCell", "surroreg:atan(at_zero=1)"), x).any()
