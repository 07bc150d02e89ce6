"""Any surrogate, scaled and shifted."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import surroreg
from surroreg.autograd.graph import kept_bytes
from surroreg.conformance import targets
from tests.conformance import checked

BUILTINS = surroreg.names(namespace="builtin")
NEEDED = {"custom_surrogate": {"custom_surrogate_function": "surroreg.builtin.custom:unit_box"}}
X = torch.linspace(-3, 3, 601, dtype=torch.float64)

#: Peak and area, as the papers' formulas have them.
STRENGTHS = [
    ("atan", {"alpha": 3.0}, 1.5, 1.0),
    ("fast_sigmoid", {"slope": 10.0}, 1.0, 0.2),
    ("sigmoid", {"slope": 5.0}, 1.25, 1.0),
    ("tanh", {"slope": 4.0}, 1.0, 0.5),
    ("piecewise_linear", {"slope": 2.0, "dampening": 0.3}, 0.3, 0.15),
    ("spike_rate_escape", {"beta": 1.0, "slope": 25.0}, 25.0, 50.0),
    ("sparse_fast_sigmoid", {"slope": 2.0, "B": 1.0}, 1 / 9, 1 / 6),
]
INFINITE = ["heaviside", "inverse_spike_operator", "leaky_spike_operator", "straight_through_estimator", "triangular"]
RANDOM = ["inverse_stochastic_spike_operator", "stochastic_spike_operator"]


def loaded(name, **params):
    return surroreg.load(name, **NEEDED.get(name, {}), **params)


def gradient(surrogate, x=X):
    leaf = x.clone().requires_grad_()
    torch.manual_seed(0)
    surrogate(leaf).sum().backward()
    return leaf.grad


# -- gradient ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTINS)
def test_factor_multiplies_the_gradient_and_keeps_the_spikes(name):
    plain, scaled = loaded(name), loaded(name).scaled(factor=2.5)
    assert torch.equal(scaled(X), plain(X))
    torch.testing.assert_close(gradient(scaled), 2.5 * gradient(plain), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", BUILTINS)
def test_shift_moves_the_gradient_and_keeps_the_spikes(name):
    plain, moved = loaded(name), loaded(name).shifted(by=0.75)
    assert torch.equal(moved(X), plain(X))
    torch.testing.assert_close(gradient(moved), gradient(plain, X - 0.75), rtol=1e-14, atol=0)


@pytest.mark.parametrize(("name", "params", "peak", "area"), STRENGTHS, ids=[row[0] for row in STRENGTHS])
def test_scaled_peak_and_area_are_exact(name, params, peak, area):
    surrogate = surroreg.load(name, **params)
    assert surrogate.scaled(peak=0.5).scale == pytest.approx(0.5 / peak, rel=1e-12)
    assert surrogate.scaled(area=2.0).scale == pytest.approx(2.0 / area, rel=1e-12)


@given(slope=st.floats(1e-6, 1e6), peak=st.floats(1e-3, 1e3))
def test_scaled_peak_is_exact_at_any_slope(slope, peak):
    surrogate = surroreg.load("sigmoid", slope=slope).scaled(peak=peak)
    assert surrogate.derivative(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(peak, rel=1e-12)


@given(alpha=st.floats(1e-6, 1e6), by=st.floats(-1e3, 1e3))
def test_neither_slope_nor_shift_changes_the_area(alpha, by):
    assert surroreg.load("atan", alpha=alpha).shifted(by=by).scaled(area=1).scale == pytest.approx(1, rel=1e-12)


def test_peak_between_the_sampled_places_is_scaled_exactly():
    @surroreg.surrogate(formula="exp(-(x - 1/3)**2)", references=["doi:10.1162/neco_a_01367"])
    def off_centre(x):
        """A Gaussian around a third."""
        return (-(x - 1 / 3).square()).exp()

    assert off_centre().scaled(peak=1).scale == pytest.approx(1, rel=1e-12)
    assert off_centre().scaled(area=1).scale == pytest.approx(1 / math.sqrt(math.pi), rel=1e-12)


def test_scaling_and_shifting_add_up():
    surrogate = surroreg.load("atan").scaled(factor=2).shifted(by=1).scaled(factor=3).shifted(by=-0.5)
    assert surrogate.params == {"alpha": 2.0, "scale": 6.0, "shift": 0.5}
    assert surrogate.scaled(peak=1).params == {"alpha": 2.0, "scale": 1.0, "shift": 0.5}


def test_original_stays_as_it_was():
    surrogate = surroreg.load("atan")
    surrogate.scaled(factor=2), surrogate.shifted(by=1)
    assert surrogate.params == {"alpha": 2.0}


def test_scale_and_shift_are_parameters():
    surrogate = surroreg.load("atan").scaled(factor=2).shifted(by=1)
    surrogate.scale, surrogate.shift = 0.5, 0.0
    assert torch.equal(gradient(surrogate), 0.5 * gradient(surroreg.load("atan")))
    assert surroreg.load("atan", scale=0.5, shift=0.0).to_config() == surrogate.to_config()


def test_primitive_follows():
    plain, moved = surroreg.load("atan"), surroreg.load("atan").scaled(factor=2).shifted(by=1)
    torch.testing.assert_close(moved.primitive(X), 2 * plain.primitive(X - 1))


def test_spike_at_zero_stays():
    surrogate = surroreg.load("atan", at_zero=1).scaled(peak=3).shifted(by=1)
    assert surrogate(torch.zeros(1)).item() == surrogate.at_zero == 1


def test_learnt_parameter_stays_the_same_object():
    slope = torch.nn.Parameter(torch.tensor([5.0]))
    surrogate = surroreg.load("fast_sigmoid", slope=slope).scaled(area=1)
    assert surrogate.slope is slope
    assert surrogate.scale == pytest.approx(5 / 2)


def test_scale_can_be_learnt():
    scale = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    surrogate = surroreg.load("atan", scale=scale, shift=0.25)
    surrogate(X).sum().backward()
    expected = surroreg.load("atan").primitive(X - 0.25).sum()
    torch.testing.assert_close(scale.grad, expected[None])


@pytest.mark.parametrize(("name", "kept"), [("heaviside", 4), ("straight_through_estimator", 0)])
def test_no_more_is_kept_for_the_backward_pass(name, kept):
    x = torch.randn(100)
    per_element = kept_bytes(surroreg.load(name).scaled(factor=2), x.requires_grad_()) / 100
    # The spikes are the next layer's input: they are counted, but no memory of the surrogate's own.
    assert per_element == kept_bytes(surroreg.load(name), x) / 100 == kept


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_kernel_that_returns_the_upstream_gradient_keeps_it(scale):
    upstream = torch.ones(4)
    x = torch.zeros(4, requires_grad=True)
    surroreg.load("straight_through_estimator", scale=scale)(x).backward(upstream)
    assert torch.equal(upstream, torch.ones(4))
    assert torch.equal(x.grad, scale * upstream)


# -- like any other -----------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{"scale": 0.5}, {"shift": -1.0}, {"scale": 0.5, "shift": 2.0}], ids=str)
def test_scaled_surrogate_prints_and_copies_as_itself(params):
    surrogate = surroreg.load("fast_sigmoid", slope=10, **params)
    expected = gradient(surrogate)
    copies = [
        eval(repr(surrogate)),
        surroreg.from_config(surrogate.to_config()),
        pickle.loads(pickle.dumps(surrogate)),
        copy.deepcopy(surrogate),
    ]
    for other in copies:
        assert other.to_config() == surrogate.to_config()
        assert torch.equal(gradient(other), expected)


def test_scaled_spec_survives_json():
    spec = surroreg.load("atan", scale=2.0, shift=1.0).spec
    again = surroreg.SurrogateSpec.from_json(spec.to_json())
    assert again.is_same(spec)
    assert again.formula == "scale*(alpha/2/(1 + (pi/2*alpha*(x - shift))**2))"
    assert [p.name for p in again.parameters] == ["alpha", "scale", "shift"]


@pytest.mark.filterwarnings("ignore:.*Function.*should not be instantiated:DeprecationWarning")  # by Dynamo itself
def test_scaled_surrogate_is_annealed_without_recompilation():
    surrogate = surroreg.load("atan").scaled(peak=0.5).shifted(by=0.1)
    torch.compiler.reset()
    compiled = torch.compile(lambda x: surrogate(x), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(gradient(compiled), gradient(surrogate))
    for scale in (0.6, 0.7, 0.8):
        surrogate.scale = scale
        torch.testing.assert_close(gradient(compiled), gradient(surrogate))


#: Checks that a shift alone makes fail.
NOT_PROMISED = {
    "straight_through_estimator": {"parameters_matter"},  # a constant, moved, is that constant
    # The shift moves the edge to zero, where x - shift rounds to the edge.
    "sparse_fast_sigmoid": {"backward_rounding", "formula_is_stable", "support"},
}


def kind(name):
    """The properties of a spec that decide how scale alone changes it."""
    spec = surroreg.spec(name)
    traits = spec.traits
    # A shifted spec has no kernel that reads the sign, so each of these kernels counts as a kind of its own.
    kernel = name if traits.reads == "sign" else traits.reads
    return (
        kernel,
        traits.stochastic,
        traits.even,
        bool(traits.kinks),
        spec.primitive is None,
        spec.formula is None,
    )


#: Modules of checks that are run on one surrogate: scale and shift are the same operations in all of them.
ALIKE = ("effects", "elementwise", "forward", "layout", "purity", "objects")

#: Modules of checks that are run on one shifted surrogate of each kind: they ask how the gradient comes, not for its
#: values.
OF_A_KIND = ("engineering", "transforms", "upstream")

#: One built-in of each kind. A shifted spec takes scale, too, so the test of shifted specs checks scale in all of them.
OF_EACH_KIND = {kind(name): name for name in BUILTINS}.values()


def shifted_kind(name):
    """The properties of a spec that decide how its shifted gradient comes."""
    spec = loaded(name, shift=0.5).spec
    traits = spec.traits
    return traits.reads, traits.stochastic, spec.kernel is None, spec.primitive is None, spec.formula is None


OF_EACH_SHIFTED_KIND = {shifted_kind(name): name for name in BUILTINS}.values()


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_scaled_builtin_conforms(name):
    failed = checked.failures(targets.one(loaded(name, scale=0.5).spec), examples=10, without=ALIKE)
    assert not failed, failed


@pytest.mark.parametrize("name", BUILTINS)
def test_shifted_builtin_conforms(name):
    without = () if name == "atan" else ALIKE if name in OF_EACH_SHIFTED_KIND else ALIKE + OF_A_KIND
    failed = checked.failures(targets.one(loaded(name, shift=0.5).spec), examples=10, without=without)
    assert set(failed) == NOT_PROMISED.get(name, set()), failed


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INFINITE)
def test_infinite_area_cannot_be_scaled_to(name):
    with pytest.raises(surroreg.ParameterError, match=r"has the area inf; give scaled\(factor=...\) instead"):
        surroreg.load(name).scaled(area=1)


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("how", ["peak", "area"])
def test_random_derivative_has_neither_peak_nor_area(name, how):
    with pytest.raises(surroreg.ParameterError, match="draws its derivative at random"):
        surroreg.load(name).scaled(**{how: 1})


@pytest.mark.parametrize("how", ["factor", "peak", "area"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "many", True])
def test_scale_is_a_number_above_zero(how, value):
    with pytest.raises(surroreg.ParameterError, match="'atan': parameter 'scale'"):
        surroreg.load("atan").scaled(**{how: value})


@pytest.mark.parametrize("given", [{}, {"peak": 1, "area": 1}])
def test_one_way_to_scale_is_given_at_a_time(given):
    with pytest.raises(TypeError, match="takes one of factor, peak and area"):
        surroreg.load("atan").scaled(**given)


@pytest.mark.parametrize("value", [math.nan, math.inf, "far"])
def test_shift_is_a_finite_number(value):
    with pytest.raises(surroreg.ParameterError, match="'atan': parameter 'shift'"):
        surroreg.load("atan").shifted(by=value)


def test_black_box_cannot_be_scaled():
    box = surroreg.SurrogateSpec(name="box", factory=lambda: surroreg.load("atan"))()
    for ask in (lambda: box.scaled(factor=2), lambda: box.shifted(by=1)):
        with pytest.raises(NotImplementedError, match="is built by a factory, so its derivative is not available"):
            ask()
    with pytest.raises(surroreg.ParameterTypeError, match="has no parameter 'scale'"):
        box.spec(scale=2)


def test_scale_that_was_never_given_is_not_set_unnoticed():
    surrogate = surroreg.load("atan")
    with pytest.raises(AttributeError, match=r"has no scale to set; load it with one, or use scaled\(factor=...\)"):
        surrogate.scale = 2
    with pytest.raises(AttributeError, match=r"has no shift to set; load it with one, or use shifted\(by=...\)"):
        surrogate.shift = 2


def test_scale_that_is_a_tensor_is_left_to_its_owner():
    surrogate = surroreg.load("atan", scale=torch.ones(1))
    with pytest.raises(surroreg.ParameterTypeError, match="has a tensor as its scale"):
        surrogate.scaled(factor=2)


def test_several_values_of_a_parameter_have_no_one_peak():
    with pytest.raises(surroreg.ParameterError, match="'alpha' holds 3 values, not one"):
        surroreg.load("atan", alpha=torch.ones(3)).scaled(peak=1)


@pytest.mark.parametrize("name", ["scale", "shift"])
def test_scale_and_shift_are_reserved_in_derivatives_only(name):
    own = surroreg.Parameter(name, 3.0, doc="A factor.")
    exec(f"def derivative(x, {name}): return {name} * x", scope := {})
    with pytest.raises(surroreg.SpecError, match=f"{name!r} cannot be a parameter of its own"):
        surroreg.SurrogateSpec(name="mine", derivative=scope["derivative"], parameters=[own])
    exec(f"def factory({name}): return lambda x: x", scope)
    assert surroreg.SurrogateSpec(name="mine", factory=scope["factory"], parameters=[own]).parameters == (own,)


def test_unknown_parameter_raises_with_all_parameters():
    with pytest.raises(
        surroreg.ParameterTypeError, match=r"It takes alpha=2.0, and like every surrogate scale and shift"
    ):
        surroreg.load("atan", scal=2)


def test_text_that_is_no_formula_does_not_become_one():
    spec = surroreg.SurrogateSpec(
        name="odd", derivative=lambda x: x, formula="x) + (x", traits=surroreg.Traits(kinks=["0) + (1"])
    )
    shifted = spec(shift=1.0).spec
    assert (shifted.formula, shifted.traits.kinks) == ("x) + (x", ("0) + (1",))
