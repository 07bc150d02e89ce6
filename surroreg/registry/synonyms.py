"""Words that papers and libraries use for a surrogate that has another name here.

The message for an unknown name gives the answer of this table, and no look-alike: the name most like ``rectangular`` is
``triangular``, which pushes a neuron that fires the wrong way. Nothing loads under a word of this table.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Synonym:
    """The surrogate that a word stands for.

    Args:
        name: its name here.
        params: the values of its parameters that the word implies.
        why: what a user must know where the word is ambiguous.
    """

    name: str
    params: Mapping[str, float] = field(default_factory=dict)
    why: str = ""


_TRIANGLE = (
    "It is the triangle of most papers; snnTorch's 'triangular' is the slope of one, and pushes a neuron that fires "
    "the wrong way."
)

#: By words as :func:`plain` writes them. Names and aliases of surrogates do not belong here: they load.
SYNONYMS = {
    word: synonym
    for words, synonym in {
        # Boxes.
        "rectangular rectangle rectangularfunction boxcar gate gategrad smoothstep tophat": Synonym(
            "zoo/box", why="Its peak is 1/width; for peak 1 give scale the value of width."
        ),
        "stbp": Synonym(
            "zoo/box", why="STBP (Wu et al. 2018) compares four curves; the rectangle of width a is box with width=a."
        ),
        "window": Synonym(
            "zoo/box", why="The window of sinabs and rockpool has no upper end: that is 'zoo/windowed_heaviside'."
        ),
        "hardtanh clippedste": Synonym("zoo/box", {"width": 2.0, "scale": 2.0}, "This is 1 where abs(x) < 1."),
        # Triangles.
        "triangle trianglefunction hat hatfunction tent": Synonym("piecewise_linear", why=_TRIANGLE),
        "esser": Synonym("piecewise_linear", {"slope": 1.0, "dampening": 1.0}, _TRIANGLE),
        "bellec lsnn eprop": Synonym(
            "piecewise_linear",
            {"slope": 1.0, "dampening": 0.3},
            "Bellec et al. (2018) divide the membrane by the threshold T: give slope=1/T and dampening=0.3/T.",
        ),
        "tet zif": Synonym(
            "piecewise_linear", why="The triangle of TET, of half-width g, has slope=1/g and dampening=1/g."
        ),
        "piecewisequadratic quadraticgate qgategrad": Synonym(
            "piecewise_linear", why="The word names its primitive. An alpha is both slope and dampening."
        ),
        "pwl": Synonym("piecewise_linear", why="rockpool's StepPWL is 'zoo/windowed_heaviside'."),
        # Fast sigmoids.
        "superspike zenke": Synonym(
            "fast_sigmoid",
            why="The beta of Zenke & Ganguli (2018) is its slope. In SpikingJelly alpha is a factor of "
            "fast_sigmoid(slope=1) instead, and Norse 1.1.0 ignores its alpha.",
        ),
        "superspikesurrogate": Synonym(
            "fast_sigmoid", why="snnax's function of this name lacks the square: that is 'zoo/signed_log'."
        ),
        "softsign": Synonym("zoo/soft_sign", why="It has area 1: it is 'fast_sigmoid' times slope/2."),
        "pereznieves": Synonym(
            "zoo/windowed_fast_sigmoid",
            {"slope": 100.0, "B": 0.2},
            "Perez-Nieves & Goodman (2021) keep abs(x) < B; snnTorch's 'sparse_fast_sigmoid' keeps x > B.",
        ),
        # Other bumps.
        "arctan arctangent inversetangent": Synonym("atan", why="Its area is 1, and its peak alpha/2."),
        "cauchy lorentz lorentzian": Synonym("atan", why="A Cauchy density of half-width g has alpha=2/(pi*g)."),
        "logistic logisticfunction sigmoidal": Synonym(
            "sigmoid", why="Its peak is slope/4, which is 6.25 at the default; SpikingJelly's default is slope=4."
        ),
        "hyperbolictangent sech2": Synonym("tanh"),
        "gauss normal normaldistribution bellcurve": Synonym("zoo/gaussian", why="Its area is 1."),
        "erf erfc errorfunction": Synonym(
            "zoo/gaussian", why="The word names its primitive. SpikingJelly's alpha is 1/(sqrt(2)*sigma)."
        ),
        "multigauss": Synonym("zoo/multi_gaussian", why="The code of Yin et al. (2021) halves it: scale=0.5."),
        "laplace laplacian doubleexponential": Synonym("zoo/exponential", why="Its area is 1."),
        "slayer": Synonym(
            "zoo/exponential", why="Its area is 1; SLAYER and lava-dl have a factor of their own: give it as scale."
        ),
        "escaperate sre": Synonym(
            "spike_rate_escape",
            why="Its peak is one unit above the threshold; the same curve around it is 'zoo/exponential'.",
        ),
        "heavicirc": Synonym("zoo/circular", why="Norse scales it to peak 1: give scale the value of 2*width."),
        # One side, or all.
        "step stepfunction unitstep relu": Synonym(
            "heaviside", why="It has no gradient below the threshold: a silent neuron stays silent."
        ),
        "leakyrelu": Synonym("leaky_spike_operator"),
        "identity passthrough": Synonym("straight_through_estimator"),
    }.items()
    for word in words.split()
}


def plain(word: str) -> str:
    """Return the letters and digits of a word, in lower case."""
    return "".join(filter(str.isalnum, word.lower()))


def nearest_word(asked: str, names: Collection[str]) -> str | None:
    """Return the word of the table that is nearest to the one asked for, allowing for typing errors.

    Args:
        asked: any text.
        names: names that load, as :func:`plain` writes them.

    Returns:
        The word, or ``None`` if none is near or one of ``names`` is nearer.
    """
    if (word := plain(asked)) in SYNONYMS:
        return word
    found = difflib.get_close_matches(word, {*names, *SYNONYMS}, n=1, cutoff=0.8)
    return found[0] if found and found[0] not in names else None
