"""What other libraries' surrogates are here: the facts of :func:`surroreg.translate`, one row each.

The tests verify every row against the library where that can be installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Library:
    """A library with surrogates of its own.

    Args:
        title: how it writes its name.
        version: the one the rows were verified with.
        module: where its surrogates are.
        fires_at_zero: whether its neurons spike at exactly zero.
    """

    title: str
    version: str
    module: str
    fires_at_zero: bool


LIBRARIES = {
    "braintools": Library("braintools", "0.3.0", "braintools.surrogate", True),
    "norse": Library("Norse", "1.1.0", "norse.torch.functional.threshold", False),
    "rockpool": Library("rockpool", "3.1.0", "rockpool.nn.modules.torch.lif_torch", True),
    "sinabs": Library("sinabs", "3.1.3", "sinabs.activation", True),
    "slax": Library("slax", "0.0.1", "slax.models.surrogates", True),
    "snnax": Library("snnax", "0.0.1", "snnax.functional.surrogate", True),
    "snntorch": Library("snnTorch", "1.0.0", "snntorch.surrogate", False),
    "spikingjelly": Library("SpikingJelly", "2.0.0", "spikingjelly.activation_based.surrogate", True),
    "spyx": Library("spyx", "1.0.0", "spyx.axn", False),
}


@dataclass(frozen=True)
class Equivalent:
    """One surrogate of another library, and what it is here.

    All formulas are Python expressions, of numbers and ``pi`` and ``sqrt``.

    Args:
        library: a key of ``LIBRARIES``, or ``"surroreg"`` for what is two of ours.
        names: what it is called there; the first is the one to write.
        theirs: its parameters there, with the defaults; ``None`` where there is none.
        ours: the surrogate here, or ``""`` if there is no equivalent.
        params: our parameters as formulas of theirs. The derivative there is that of our surrogate with these ...
        scale: ... times this, ...
        shift: ... moved up by this.
        back: their parameters as formulas of ours, of ``scale`` and of ``shift``.
        note: why there is no equivalent, or what else is to know.
    """

    library: str
    names: tuple[str, ...]
    theirs: Mapping[str, float | None] = field(default_factory=dict)
    ours: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    scale: str = "1"
    shift: str = "0"
    back: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


#: Parameters of ours that are nothing but a factor.
GAINS = {"piecewise_linear": "dampening", "spike_rate_escape": "slope", "triangular": "threshold"}


def _same(library: str, names: str, theirs: Mapping[str, float | None], ours: str, note: str = "") -> Equivalent:
    """Return the row of a surrogate whose parameters have the same names here."""
    own = {name: name for name in theirs}
    return Equivalent(library, tuple(names.split()), theirs, ours, own, back=own, note=note)


def _row(
    name: str,
    theirs: Mapping[str, float | None],
    ours: str,
    params: Mapping[str, str],
    back: Mapping[str, str],
    scale: str = "1",
    shift: str = "0",
    note: str = "",
) -> Equivalent:
    library, *names = name.split()
    return Equivalent(library, tuple(names), theirs, ours, params, scale, shift, back, note)


def _none(name: str, note: str) -> Equivalent:
    library, *names = name.split()
    return Equivalent(library, tuple(names), note=note)


_SLOPE, _ALPHA = {"slope": "alpha"}, {"alpha": "slope"}
_WIDTH, _INVERSE = {"width": "1/alpha"}, {"alpha": "1/width"}
_DOCUMENTED = "broken in snnTorch to 1.0.0; here it is the documented function"
_THRESHOLD = "at spike_threshold=1 it is the textbook function"

#: Where one of ours is several of theirs, the one to prefer comes first.
ROWS = (
    # snnTorch: the built-ins have its names and defaults.
    _same("snntorch", "straight_through_estimator StraightThroughEstimator", {}, "straight_through_estimator"),
    _same("snntorch", "triangular Triangular", {"threshold": 1.0}, "triangular"),
    _same("snntorch", "fast_sigmoid FastSigmoid", {"slope": 25.0}, "fast_sigmoid"),
    _same("snntorch", "atan", {"alpha": 2.0}, "atan"),
    _same("snntorch", "heaviside", {}, "heaviside"),
    _same("snntorch", "sigmoid", {"slope": 25.0}, "sigmoid", "its gradient is NaN in the left tail"),
    _same("snntorch", "spike_rate_escape SpikeRateEscape", {"beta": 1.0, "slope": 25.0}, "spike_rate_escape"),
    _same("snntorch", "SSO StochasticSpikeOperator", {"mean": 0.0, "variance": 0.2}, "stochastic_spike_operator"),
    _same("snntorch", "LSO LeakySpikeOperator", {"slope": 0.1}, "leaky_spike_operator", _DOCUMENTED),
    _same("snntorch", "SFS SparseFastSigmoid", {"slope": 25.0, "B": 1.0}, "sparse_fast_sigmoid"),
    _same("snntorch", "custom_surrogate CustomSurrogate", {"custom_surrogate_function": None}, "custom_surrogate"),
    # SpikingJelly.
    _same("spikingjelly", "ATan", {"alpha": 2.0}, "atan"),
    _row("spikingjelly Sigmoid", {"alpha": 4.0}, "sigmoid", _SLOPE, _ALPHA),
    _row("spikingjelly SoftSign", {"alpha": 2.0}, "fast_sigmoid", _SLOPE, _ALPHA, scale="alpha/2"),
    _row(
        "spikingjelly SuperSpike",
        {"alpha": 1.0},
        "fast_sigmoid",
        {"slope": "1.0"},
        {"alpha": "scale"},
        scale="alpha",
        note="alpha is a gain here, not a slope",
    ),
    _row(
        "spikingjelly PiecewiseQuadratic",
        {"alpha": 1.0},
        "piecewise_linear",
        {"slope": "alpha", "dampening": "alpha"},
        _ALPHA,
    ),
    _row("spikingjelly PiecewiseExp", {"alpha": 1.0}, "zoo/exponential", _WIDTH, _INVERSE),
    _row(
        "spikingjelly Erf",
        {"alpha": 2.0},
        "zoo/gaussian",
        {"sigma": "1/(sqrt(2)*alpha)"},
        {"alpha": "1/(sqrt(2)*sigma)"},
    ),
    _row("spikingjelly NonzeroSignLogAbs", {"alpha": 1.0}, "zoo/signed_log", _SLOPE, _ALPHA, scale="alpha"),
    _row(
        "spikingjelly PiecewiseLeakyReLU",
        {"w": 1.0, "c": 0.01},
        "zoo/piecewise_leaky_relu",
        {"half_width": "w", "leak": "c"},
        {"w": "half_width", "c": "leak"},
    ),
    _row(
        "spikingjelly SquarewaveFourierSeries",
        {"n": 2, "T_period": 8.0},
        "zoo/square_wave_fourier",
        {"terms": "n - 1", "period": "T_period"},
        {"n": "terms + 1", "T_period": "period"},
        note="it sums n - 1 terms",
    ),
    _same("spikingjelly", "S2NN", {"alpha": 4.0, "beta": 1.0}, "zoo/s2nn"),
    _row(
        "spikingjelly QPseudoSpike",
        {"alpha": 2.0},
        "zoo/q_pseudo_spike",
        {"q": "alpha", "width": "1.0"},
        {"alpha": "q"},
    ),
    _row(
        "spikingjelly LeakyKReLU",
        {"leak": 0.0, "k": 1.0},
        "leaky_spike_operator",
        {"slope": "leak/k"},
        {"leak": "slope*scale", "k": "scale"},
        scale="k",
        note="at exactly zero its gradient is that of the upper side",
    ),
    _same(
        "spikingjelly",
        "FakeNumericalGradient",
        {"alpha": 0.3},
        "zoo/fake_numerical_gradient",
        "its gradient at -0.0 is minus infinity",
    ),
    _same("spikingjelly", "LogTailedReLU", {"alpha": 0.0}, "zoo/log_tailed_relu"),
    _same("spikingjelly", "DeterministicPass", {}, "straight_through_estimator"),
    _row("spikingjelly Rect", {"alpha": 1.0}, "zoo/box", _WIDTH, _INVERSE),
    _none("spikingjelly PoissonPass", "its forward pass draws spikes at random: it is no step function"),
    _none("spikingjelly MultiLevelSpikeCount", "its forward pass counts several spikes: it is no step function"),
    # Norse: methods, whose one parameter is alpha; 100 is the default of its neurons.
    _row(
        "norse super superspike_fn super_fn",
        {"alpha": 100.0},
        "fast_sigmoid",
        {"slope": "1.0"},
        {},
        note="Norse 1.1.0 ignores alpha; on its main branch, and before 1.1.0, alpha is the slope",
    ),
    _row(
        "norse triangle triangle_fn",
        {"alpha": 100.0},
        "piecewise_linear",
        {"slope": "1.0", "dampening": "alpha"},
        {"alpha": "scale"},
    ),
    _row("norse tanh heavi_tanh_fn", {"alpha": 100.0}, "tanh", _SLOPE, _ALPHA),
    _row(
        "norse circ heavi_circ_fn",
        {"alpha": 100.0},
        "zoo/circular",
        {"width": "alpha"},
        {"alpha": "width"},
        scale="2*alpha",
    ),
    _row(
        "norse heavi_erfc heavi_erfc_fn",
        {"alpha": 100.0},
        "zoo/gaussian",
        {"sigma": "1/(sqrt(2)*alpha)"},
        {"alpha": "1/(sqrt(2)*sigma)"},
        scale="2/alpha",
    ),
    _none("norse heaviside", "it has no gradient"),
    _none("norse logistic_fn", "its forward pass draws spikes at random: it is no step function"),
    _none("norse circ_dist_fn", "its forward pass draws spikes at random: it is no step function"),
    # sinabs: functions of the membrane and its threshold.
    _row(
        "sinabs SingleExponential",
        {"grad_width": 0.5, "grad_scale": 1.0, "spike_threshold": 1.0},
        "zoo/exponential",
        {"width": "grad_width*spike_threshold"},
        {"grad_width": "width", "grad_scale": "scale/2", "spike_threshold": "1.0"},
        scale="2*grad_scale",
        note=_THRESHOLD,
    ),
    _row(
        "sinabs PeriodicExponential",
        {"grad_width": 0.5, "grad_scale": 1.0, "spike_threshold": 1.0},
        "zoo/periodic_exponential",
        {"width": "grad_width", "width_above": "grad_width/2", "period": "spike_threshold"},
        {"grad_width": "width", "grad_scale": "scale", "spike_threshold": "period"},
        scale="grad_scale",
        note="above threshold it is twice as narrow as below, unlike rockpool's of that name",
    ),
    _row(
        "sinabs Heaviside",
        {"window": 1.0, "spike_threshold": 1.0},
        "zoo/windowed_heaviside",
        {"window": "window"},
        {"window": "window", "spike_threshold": "1/scale"},
        scale="1/spike_threshold",
        note="its window is in membrane units, not relative to the threshold as its documentation has it",
    ),
    _row(
        "sinabs Gaussian",
        {"mu": 0.0, "sigma": 0.5, "grad_scale": 1.0},
        "zoo/gaussian",
        {"sigma": "sigma"},
        {"mu": "shift", "sigma": "sigma", "grad_scale": "scale"},
        scale="grad_scale",
        shift="mu",
    ),
    _row(
        "sinabs MultiGaussian",
        {"sigma": 0.5, "h": 0.15, "s": 6.0, "grad_scale": 1.0},
        "zoo/multi_gaussian",
        {"sigma": "sigma", "h": "h", "s": "s"},
        {"sigma": "sigma", "h": "h", "s": "s", "grad_scale": "scale"},
        scale="grad_scale",
        note="its mu moves only the middle one of its three bumps; here it is at its default, 0",
    ),
    # rockpool: the window is the neuron's learning_window.
    _row(
        "rockpool StepPWL",
        {"window": 0.5, "threshold": 1.0},
        "zoo/windowed_heaviside",
        {"window": "window"},
        {"window": "window", "threshold": "1/scale"},
        scale="1/threshold",
    ),
    _row(
        "rockpool PeriodicExponential",
        {"window": 0.5, "threshold": 1.0},
        "zoo/periodic_exponential",
        {"width": "window", "width_above": "window", "period": "threshold"},
        {"window": "width", "threshold": "period"},
        scale="1/threshold",
    ),
    # braintools, of which BrainPy and brainstate have theirs.
    _row("braintools Sigmoid", {"alpha": 4.0}, "sigmoid", _SLOPE, _ALPHA),
    _row(
        "braintools PiecewiseQuadratic",
        {"alpha": 1.0},
        "piecewise_linear",
        {"slope": "alpha", "dampening": "alpha"},
        _ALPHA,
    ),
    _row("braintools PiecewiseExp", {"alpha": 1.0}, "zoo/exponential", _WIDTH, _INVERSE),
    _row("braintools InvSquareGrad", {"alpha": 100.0}, "fast_sigmoid", _SLOPE, _ALPHA),
    _row("braintools SoftSign", {"alpha": 1.0}, "fast_sigmoid", _SLOPE, _ALPHA, scale="alpha/2"),
    _same("braintools", "Arctan", {"alpha": 1.0}, "atan"),
    _row("braintools NonzeroSignLog", {"alpha": 1.0}, "zoo/signed_log", _SLOPE, _ALPHA, scale="alpha"),
    _row(
        "braintools ERF",
        {"alpha": 1.0},
        "zoo/gaussian",
        {"sigma": "1/(sqrt(2)*alpha)"},
        {"alpha": "1/(sqrt(2)*sigma)"},
    ),
    _row(
        "braintools PiecewiseLeakyRelu",
        {"c": 0.01, "w": 1.0},
        "zoo/piecewise_leaky_relu",
        {"half_width": "w", "leak": "c"},
        {"w": "half_width", "c": "leak"},
        note="at exactly abs(x) = w it has the inner value",
    ),
    _row(
        "braintools SquarewaveFourierSeries",
        {"n": 2, "t_period": 8.0},
        "zoo/square_wave_fourier",
        {"terms": "n", "period": "t_period"},
        {"n": "terms", "t_period": "period"},
    ),
    _same("braintools", "S2NN", {"alpha": 4.0, "beta": 1.0}, "zoo/s2nn"),
    _row(
        "braintools QPseudoSpike",
        {"alpha": 2.0},
        "zoo/q_pseudo_spike",
        {"q": "alpha", "width": "(alpha + 1)/(alpha - 1)"},
        {"alpha": "q"},
        note="it has alpha + 1 where the paper and SpikingJelly have alpha - 1; for alpha above 1 only",
    ),
    _row(
        "braintools LeakyRelu",
        {"alpha": 0.1, "beta": 1.0},
        "leaky_spike_operator",
        {"slope": "alpha/beta"},
        {"alpha": "slope*scale", "beta": "scale"},
        scale="beta",
        note="at exactly zero its gradient is that of the upper side",
    ),
    _same("braintools", "LogTailedRelu", {"alpha": 0.0}, "zoo/log_tailed_relu"),
    _row(
        "braintools ReluGrad",
        {"alpha": 0.3, "width": 1.0},
        "piecewise_linear",
        {"slope": "1/width", "dampening": "alpha*width"},
        {"alpha": "scale*slope", "width": "1/slope"},
    ),
    _row(
        "braintools GaussianGrad",
        {"sigma": 0.5, "alpha": 0.5},
        "zoo/gaussian",
        {"sigma": "sigma"},
        {"sigma": "sigma", "alpha": "scale"},
        scale="alpha",
    ),
    _row(
        "braintools MultiGaussianGrad",
        {"h": 0.15, "s": 6.0, "sigma": 0.5, "scale": 0.5},
        "zoo/multi_gaussian",
        {"sigma": "sigma", "h": "h", "s": "s"},
        {"sigma": "sigma", "h": "h", "s": "s", "scale": "scale"},
        scale="scale",
    ),
    _row("braintools SlayerGrad", {"alpha": 1.0}, "zoo/exponential", _WIDTH, _INVERSE, scale="2/alpha"),
    # spyx.
    _row("spyx tanh", {"k": 1.0}, "tanh", {"slope": "k"}, {"k": "slope"}),
    _row(
        "spyx boxcar",
        {"width": 2.0, "height": 0.5},
        "zoo/box",
        {"width": "width"},
        {"width": "width", "height": "scale/width"},
        scale="height*width",
    ),
    _row("spyx triangular", {"k": 2.0}, "piecewise_linear", {"slope": "k", "dampening": "1.0"}, {"k": "slope"}),
    _row(
        "spyx arctan",
        {"k": 2.0},
        "atan",
        {"alpha": "2*k"},
        {"k": "alpha/2"},
        scale="1/(pi*k)",
        note="its peak is 1/pi whatever k",
    ),
    _row("spyx superspike", {"k": 25.0}, "fast_sigmoid", {"slope": "k"}, {"k": "slope"}),
    _none("spyx custom", "its gradient is the function you give it, by default x itself; see custom_surrogate"),
    # snnax.
    _row("snnax superspike_surrogate", {"beta": 10.0}, "zoo/signed_log", {"slope": "beta"}, {"beta": "slope"}),
    _row(
        "snnax piecewise_surrogate",
        {"beta": 0.5},
        "zoo/box",
        {"width": "2*beta"},
        {"beta": "width/2"},
        scale="2*beta",
    ),
    _none("snnax sigmoid_surrogate", "it raises a TypeError whatever it is given (snnax 0.0.1)"),
    # slax.
    _same("slax", "fast_sigmoid", {"slope": 25.0}, "fast_sigmoid"),
    _same("slax", "atan", {"alpha": 2.0}, "atan"),
    _row(
        "slax multi_gauss",
        {"gamma": 0.5, "lens": 0.3, "scale": 6.0, "height": 0.15},
        "zoo/multi_gaussian",
        {"sigma": "lens", "h": "height", "s": "scale"},
        {"gamma": "scale", "lens": "sigma", "height": "h", "scale": "s"},
        scale="gamma",
    ),
)


#: Surrogates of ours that are one another: what is there under one name is found under the other, too.
KIN = (
    _row("surroreg zoo/soft_sign", {"slope": 2.0}, "fast_sigmoid", {"slope": "slope"}, {"slope": "slope"}, "slope/2"),
    _row("surroreg tanh", {"slope": 1.0}, "sigmoid", {"slope": "2*slope"}, {"slope": "slope/2"}, "2/slope"),
    _row(
        "surroreg zoo/exponential",
        {"width": 1.0},
        "spike_rate_escape",
        {"beta": "1/width", "slope": "1/(2*width)"},
        {"width": "1/beta"},
        shift="-1.0",
    ),
    _row(
        "surroreg fast_sigmoid",
        {"slope": 25.0},
        "zoo/q_pseudo_spike",
        {"q": "2.0", "width": "2/slope"},
        {"slope": "2/width"},
    ),
    _row(
        "surroreg zoo/box",
        {"width": 1.0},
        "zoo/piecewise_leaky_relu",
        {"half_width": "width/2", "leak": "0.0"},
        {"width": "2*half_width"},
    ),
    _row("surroreg heaviside", {}, "leaky_spike_operator", {"slope": "0.0"}, {}),
    _row("surroreg straight_through_estimator", {}, "leaky_spike_operator", {"slope": "1.0"}, {}),
    _row("surroreg heaviside", {}, "zoo/windowed_heaviside", {"window": "0.0"}, {}, note="but for exactly zero"),
)
