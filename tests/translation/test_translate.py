"""Translations: forms of the question, both directions, refusals."""

import math
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import surroreg
from surroreg.libraries import ROWS
from tests.translation.originals import INSTALLED

X = torch.linspace(-2.03, 2.01, 101, dtype=torch.float64)


def gradient(function, x=X):
    leaf = x.clone().requires_grad_()
    torch.manual_seed(0)
    spikes = function(leaf)
    return torch.autograd.grad(spikes, leaf, torch.ones_like(spikes))[0]


# -- theirs to ours -----------------------------------------------------------------------------


def test_translation_has_every_fact_of_the_row():
    translation = surroreg.translate("spikingjelly.SuperSpike", alpha=2)
    assert (translation.library, translation.name, dict(translation.params)) == (
        "surroreg",
        "fast_sigmoid",
        {"slope": 1.0},
    )
    assert (translation.scale, translation.shift, translation.at_zero) == (2.0, 0.0, 1)
    assert translation.note == "alpha is a gain here, not a slope"
    assert str(translation) == "surroreg.load('fast_sigmoid', slope=1.0, scale=2.0, at_zero=1)"
    assert translation.load().to_config() == eval(str(translation)).to_config()


@pytest.mark.parametrize(
    "name",
    [
        "spikingjelly.ATan",
        "spikingjelly.atan",
        "SpikingJelly.ATAN",
        "spikingjelly.activation_based.surrogate.ATan",
    ],
)
def test_surrogate_is_translated_in_any_case_and_by_its_path(name):
    assert str(surroreg.translate(name)) == "surroreg.load('atan', alpha=2.0, at_zero=1)"


def test_norse_name_is_a_method_or_a_function():
    assert str(surroreg.translate("norse.triangle", alpha=0.3)) == str(
        surroreg.translate("norse.triangle_fn", alpha=0.3)
    )


def test_shape_moves_with_the_other_librarys_offset():
    translation = surroreg.translate("sinabs.Gaussian", mu=0.25)
    assert (translation.name, translation.shift) == ("zoo/gaussian", 0.25)
    assert translation.load().shift == 0.25


def test_function_as_a_parameter_is_handed_on():
    def flat(x, grad, spikes):
        return grad

    translation = surroreg.translate("snntorch.custom_surrogate", custom_surrogate_function=flat)
    assert translation.params["custom_surrogate_function"] is flat
    assert torch.equal(gradient(translation.load()), torch.ones_like(X))


def test_translation_can_be_kept():
    translation = surroreg.translate("spikingjelly.Erf")
    assert pickle.loads(pickle.dumps(translation)) == translation


# -- ours to theirs -----------------------------------------------------------------------------

PAIRS = [
    ("atan", {"alpha": 3.0}, "spikingjelly", "ATan", {"alpha": 3.0}, 1.0, 0.0),
    ("tanh", {"slope": 2.0}, "norse", "tanh", {"alpha": 2.0}, 1.0, 0.0),
    ("tanh", {"slope": 2.0}, "spikingjelly", "Sigmoid", {"alpha": 4.0}, 1.0, 0.0),
    ("fast_sigmoid", {"slope": 10.0}, "spikingjelly", "SoftSign", {"alpha": 10.0}, 0.2, 0.0),
    ("fast_sigmoid", {"slope": 1.0, "scale": 3.0}, "spikingjelly", "SuperSpike", {"alpha": 3.0}, 1.0, 0.0),
    ("zoo/soft_sign", {"slope": 4.0}, "snntorch", "fast_sigmoid", {"slope": 4.0}, 2.0, 0.0),
    ("piecewise_linear", {"slope": 1.0, "dampening": 0.3}, "norse", "triangle", {"alpha": 0.3}, 1.0, 0.0),
    (
        "piecewise_linear",
        {"slope": 4.0, "dampening": 2.0},
        "spikingjelly",
        "PiecewiseQuadratic",
        {"alpha": 4.0},
        0.5,
        0,
    ),
    ("spike_rate_escape", {"beta": 2.0, "slope": 25.0}, "spikingjelly", "PiecewiseExp", {"alpha": 2.0}, 25.0, 1.0),
    ("heaviside", {}, "spikingjelly", "LeakyKReLU", {"leak": 0.0, "k": 1.0}, 1.0, 0.0),
    ("heaviside", {"scale": 2.0}, "spikingjelly", "LeakyKReLU", {"leak": 0.0, "k": 2.0}, 1.0, 0.0),
    ("zoo/box", {"width": 0.5}, "spikingjelly", "Rect", {"alpha": 2.0}, 1.0, 0.0),
    ("atan", {}, "snntorch", "atan", {"alpha": 2.0}, 1.0, 0.0),
]


@pytest.mark.parametrize(("name", "params", "library", "theirs", "values", "scale", "shift"), PAIRS)
def test_our_surrogate_translates_into_the_library(name, params, library, theirs, values, scale, shift):
    translation = surroreg.translate(name, to=library, **params)
    assert (translation.library, translation.name, dict(translation.params)) == (library, theirs, values)
    assert (translation.scale, translation.shift) == (pytest.approx(scale), shift)


@pytest.mark.parametrize(("name", "params", "library"), [row[:3] for row in PAIRS if row[2] in INSTALLED])
def test_translated_surrogate_has_our_gradient(name, params, library):
    translation, ours = surroreg.translate(name, to=library, **params), gradient(surroreg.load(name, **params))
    theirs = translation.scale * gradient(translation.peer(), X - translation.shift)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    if (translation.scale, translation.shift) == (1.0, 0.0):
        torch.testing.assert_close(ours, gradient(translation.load()), rtol=1e-6, atol=1e-9)


def test_translation_with_a_factor_does_not_load():
    translation = surroreg.translate("fast_sigmoid", to="spikingjelly")
    with pytest.raises(surroreg.NoEquivalentError, match=r"SoftSign\(alpha=25.0\), times 0.08"):
        translation.load()


@pytest.mark.skipif(not {"sinabs", "rockpool"} <= INSTALLED.keys(), reason="sinabs or rockpool is not installed")
def test_translation_gives_sinabs_and_rockpool_their_objects():
    sinabs, rockpool = INSTALLED["sinabs"].home, INSTALLED["rockpool"].home
    gaussian = surroreg.translate("zoo/gaussian", to="sinabs", sigma=0.2).load()
    assert gaussian == sinabs.Gaussian(sigma=0.2)
    exponential = surroreg.translate("sinabs.SingleExponential", to="sinabs", spike_threshold=2).load()
    assert exponential == sinabs.SingleExponential(grad_width=1.0, grad_scale=1.0)
    assert surroreg.translate("rockpool.StepPWL", to="rockpool").load() is rockpool.StepPWL


def test_surrogate_of_one_library_translates_into_another():
    assert str(surroreg.translate("spyx.tanh", to="norse")) == "method='tanh', alpha=1.0"
    assert str(surroreg.translate("snntorch.atan", to="surroreg")) == "surroreg.load('atan', alpha=2.0)"


# -- the spike at exactly zero -------------------------------------------------------------------

#: What is translated, into which library, and the spike at exactly zero before and after.
ZERO = [
    ("atan", {}, "spikingjelly", 0, 1),
    ("atan", {"at_zero": 1}, "spikingjelly", 1, 1),
    ("atan", {}, "snntorch", 0, 0),
    ("atan", {"at_zero": 1}, "snntorch", 1, 0),
    ("tanh", {}, "norse", 0, 0),
    ("zoo/gaussian", {}, "sinabs", 0, 1),
    ("spikingjelly.Sigmoid", {}, "snntorch", 1, 0),
    ("spikingjelly.Sigmoid", {}, "spikingjelly", 1, 1),
    ("spikingjelly.Sigmoid", {}, "braintools", 1, 1),
    ("snntorch.atan", {}, "spikingjelly", 0, 1),
    ("norse.tanh", {}, "spikingjelly", 0, 1),
    ("rockpool.StepPWL", {}, "rockpool", 1, 1),
]


@pytest.mark.parametrize(("name", "params", "library", "before", "after"), ZERO)
def test_translation_shows_the_spike_at_zero_where_it_changes(name, params, library, before, after):
    translation = surroreg.translate(name, to=library, **params)
    assert (translation.at_zero, translation.library_at_zero) == (before, after)
    shown = f", with spike {after} instead of {before} at exactly zero"
    assert str(translation).endswith(shown) == (before != after)
    assert ("zero" in str(translation)) == (before != after)


#: Of the libraries where the surrogate decides on the spike, and not the neuron.
DECIDED = [row for row in ZERO if row[2] in {"snntorch", "norse", "spikingjelly"} & INSTALLED.keys()]


@pytest.mark.parametrize(("name", "params", "library", "before", "after"), DECIDED)
def test_translation_gives_the_spike_at_zero_that_it_shows(name, params, library, before, after):
    translation = surroreg.translate(name, to=library, **params)
    assert translation.peer()(torch.zeros(1)).item() == after
    if (translation.scale, translation.shift) == (1.0, 0.0):
        assert translation.load()(torch.zeros(1)).item() == after


def test_translation_shows_the_spike_at_zero_as_the_page_does():
    page = Path(__file__).parents[2].joinpath("docs/libraries.md").read_text(encoding="utf-8")
    assert f"`{surroreg.translate('spikingjelly.Sigmoid', to='snntorch')}`" in page


@pytest.mark.parametrize("name", ["snntorch.atan", "spikingjelly.ATan", "sinabs.Gaussian"])
def test_translation_into_ours_keeps_the_spike_at_zero(name):
    translation = surroreg.translate(name)
    assert translation.library_at_zero == translation.at_zero == translation.load()(torch.zeros(1)).item()
    assert "instead of" not in str(translation)


# -- there and back ------------------------------------------------------------------------------


@given(st.sampled_from([row for row in ROWS if row.ours and None not in row.theirs.values()]), st.data())
@hypothesis_settings(max_examples=200)
def test_translation_and_its_inverse_keep_the_gradient(row, data):
    values = {
        key: data.draw(st.integers(2, 50)) if isinstance(value, int) else data.draw(st.floats(1.002, 1e4))
        for key, value in row.theirs.items()
    }
    ours = surroreg.translate(f"{row.library}.{row.names[0]}", **values)
    again = surroreg.translate(f"{row.library}.{row.names[0]}", to=row.library, **values)
    home = surroreg.translate(f"{row.library}.{again.name}", **again.params)
    assert (again.scale, again.shift) == (pytest.approx(1, rel=1e-9), pytest.approx(0, abs=1e-9))
    expected = gradient(ours.load())
    torch.testing.assert_close(gradient(home.load()), expected, rtol=1e-6, atol=1e-9 * float(expected.abs().max()))


# -- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params", "error", "text"),
    [
        (
            "spikingjely.ATan",
            {},
            surroreg.UnknownSurrogateError,
            "no library.*Did you mean 'spikingjelly'",
        ),
        (
            "spikingjelly.Atn",
            {},
            surroreg.UnknownSurrogateError,
            "is not known. Did you mean 'ATan'",
        ),
        ("spikingjelly.ATan", {"alpa": 1}, surroreg.ParameterTypeError, "no parameter 'alpa'. Did you mean 'alpha'"),
        ("spikingjelly.ATan", {"alpha": "2"}, surroreg.ParameterTypeError, "'alpha' takes a real number"),
        ("spikingjelly.ATan", {"alpha": math.nan}, surroreg.ParameterError, "'alpha' must be finite"),
        ("spikingjelly.Rect", {"alpha": 0}, surroreg.ParameterError, "1/alpha is not a number"),
        ("snntorch.custom_surrogate", {}, surroreg.ParameterTypeError, "needs a value for 'custom_surrogate_function'"),
        ("spikingjelly.PoissonPass", {}, surroreg.NoEquivalentError, "no equivalent: its forward pass draws"),
        ("atan", {}, TypeError, "'atan' is a name of surroreg's own; give to="),
        ("atan", {"to": "snntorc"}, surroreg.UnknownSurrogateError, "no library 'snntorc'.*Did you mean 'snntorch'"),
        ("atn", {"to": "snntorch"}, surroreg.UnknownSurrogateError, "Did you mean 'atan'"),
        ("atan", {"to": "norse"}, surroreg.NoEquivalentError, r"Norse has no equivalent of surroreg.load\('atan'"),
        ("atan", {"to": "snntorch", "slope": 1}, surroreg.ParameterTypeError, "'atan' has no parameter 'slope'"),
        ("atan", {"to": "snntorch", "alpha": -1}, surroreg.ParameterError, "'alpha' must be > 0"),
        ("custom_surrogate", {"to": "snntorch"}, surroreg.ParameterTypeError, "needs a value for"),
    ],
)
def test_impossible_translation_raises_with_the_reason(name, params, error, text):
    with pytest.raises(error, match=text):
        surroreg.translate(name, **params)


@pytest.mark.parametrize("to", [None, "norse"])
def test_translation_refuses_a_value_that_ours_refuses(to):
    with pytest.raises(surroreg.ParameterError, match="but 'atan': parameter 'alpha' must be > 0, not -1"):
        surroreg.translate("spikingjelly.ATan", alpha=-1, to=to)
