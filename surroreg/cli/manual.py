"""What ``--help`` teaches beyond the options: a paragraph and examples for each command, variables, exit codes."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

#: Every environment variable that surroreg reads. ``surroreg doctor`` prints their values.
VARIABLES = {
    "SURROREG_PLUGINS": "a,b: admit only these plugins; empty: none",
    "SURROREG_DISABLE_PLUGINS": "a,b: leave these out, by namespace or package",
    "SURROREG_STRICT": "1: a broken plugin is an error, not a warning",
    "NO_COLOR": "anything: print without colours",
}

#: What the exit code says, of every command.
CODES = {
    0: "done, and nothing is wrong",
    1: "something was found wrong, or nothing was found",
    2: "the question was wrong, or there is no answer; a message says why",
    130: "interrupted",
}

#: Where to begin.
FIRST = {
    "surroreg list": "the surrogates there are",
    "surroreg show atan": "one of them",
    "surroreg demo": "train a network with it",
}

WIDTH = 79


class Page(NamedTuple):
    """What there is to say of a command: a paragraph, and lines to type with what each is for."""

    text: str
    examples: Mapping[str, str]


PAGES = {
    "list": Page(
        "Prints name, parameters with their defaults, and one line for each surrogate: the built-ins, and those of "
        "every plugin that is installed and loads. A pattern is compared with the bare and with the qualified name, "
        "without regard to case.",
        {
            "surroreg list": "all of them",
            "surroreg list '*sigmoid*'": "those with 'sigmoid' in their name",
            "surroreg list 'zoo/*' --json": "those of one plugin, described in full",
        },
    ),
    "show": Page(
        "Prints what to know of a surrogate before choosing it: the formula of its derivative, its parameters with "
        "defaults and bounds, its traps, and where it comes from. An alias of another library will do as its name.",
        {
            "surroreg show atan": "one of the built-ins",
            "surroreg show SpikeRateEscape": "by its name in snnTorch",
            "surroreg show fast_sigmoid --json": "for a program",
        },
    ),
    "translate": Page(
        "Says what a surrogate of another library is here, with its parameters, its strength and its spike at zero; "
        "or, with --to, what ours is there. Without a name it prints the whole table, with a library's name that "
        "part of it. What has no equivalent says why.",
        {
            "surroreg translate spikingjelly.SuperSpike --set alpha=2": "theirs, in our words",
            "surroreg translate atan --to spikingjelly": "ours, in theirs",
            "surroreg translate norse": "all of one library",
        },
    ),
    "plugins": Page(
        "Prints each installed plugin with its package, version and status: loaded, failed, unavailable (a library "
        "that it wraps is not installed) or disabled (by an environment variable).",
        {
            "surroreg plugins": "a table",
            "surroreg plugins --json": "for a program, errors included",
        },
    ),
    "doctor": Page(
        "Prints versions, environment variables and plugins, and for a plugin that failed the whole error. It works "
        "however broken a plugin is. The exit code is 1 if a plugin failed or a stale copy of one is in the way; "
        "paste the output into a report of a bug.",
        {
            "surroreg doctor": "what is wrong, if anything",
            "surroreg doctor --json": "the same for a program",
        },
    ),
    "check": Page(
        "Runs the conformance checks without pytest: that the forward pass is a Heaviside step, that gradients have "
        "the right shape, dtype and values, and what surrounds them. A failure says what was promised, at which "
        "input it broke, and how to repeat it. Checks for a device that is not there count as NOT VERIFIED.",
        {
            "surroreg check atan": "one surrogate, every check",
            "surroreg check acme --report acme.html": "a whole plugin, with a report to publish",
            "surroreg check my_module:bell --check 'backward_*' --device cpu": "one that is not installed",
        },
    ),
    "new": Page(
        "Writes a plugin into a new folder: package, entry point, a first surrogate, tests, workflows and trusted "
        "publishing. Nothing is written where a name is taken or malformed.",
        {
            "surroreg new acme": "the package surroreg-acme with acme/bump",
            "surroreg new surroreg-my-lab --namespace lab --surrogate bell": "all names chosen",
        },
    ),
    "bench": Page(
        "Times one forward and one backward pass of surrogates against every other library that is installed, in "
        "turn, in one run; --network times a training step, --registry what importing, loading and calling cost. "
        "Ratios are against ours: x2.00 takes twice as long.",
        {
            "surroreg bench atan --size 1e6 --dtype float32": "one cell, in a minute",
            "surroreg bench --mode eager --mode compiled --json": "everything, for a program",
            "surroreg bench --network fast_sigmoid": "a training step of an snnTorch network",
        },
    ),
    "demo": Page(
        "Trains a spiking network of one hidden layer on the handwritten digits that scikit-learn ships, on the CPU, "
        "and prints held-out accuracy, firing rate and time. The seed is fixed: two surrogates can be compared.",
        {
            "surroreg demo": "with the default, atan",
            "surroreg demo spike_rate_escape --set beta=1 --set slope=25": "with another, and its parameters",
            "surroreg demo sigmoid --epochs 5": "shorter",
        },
    ),
    "cite": Page(
        "Prints the BibTeX of the works that surrogates come from, each once. A reference of a plugin of which no more "
        "than its identifier is known gives an entry with just that. Without a name it prints the entry of surroreg.",
        {
            "surroreg cite atan fast_sigmoid >> paper.bib": "of two surrogates",
            "surroreg cite": "of surroreg itself",
            "surroreg cite atan --json": "for a program",
        },
    ),
    "completion": Page(
        "Prints a script that completes commands, options and the names of surrogates, those of plugins included, "
        "when Tab is pressed. The names come from 'surroreg list' at that moment.",
        {
            'eval "$(surroreg completion bash)"': "in ~/.bashrc",
            'surroreg completion zsh > "${fpath[1]}/_surroreg"': "once, before compinit runs",
            "surroreg completion fish > ~/.config/fish/completions/surroreg.fish": "once",
        },
    ),
    "plot": Page(
        "Draws the derivative of surrogates, overlaid, into a file for a paper or a slide. The file's name decides "
        "its form: svg, pdf or png.",
        {
            "surroreg plot atan": "atan.svg in this folder",
            "surroreg plot atan sigmoid fast_sigmoid -o compared.pdf": "three in one picture",
            "surroreg plot sigmoid --set slope=10 -o gentle.png": "with a parameter set",
        },
    ),
    "explore": Page(
        "Writes one self-contained web page on which surrogates are overlaid, their parameters dragged, and the line "
        "that loads the result copied. It needs no server and no network.",
        {
            "surroreg explore": "surroreg-explorer.html in this folder",
            "surroreg explore atan zoo/gaussian -o compare.html": "with two of them shown at first",
        },
    ),
}


def teach(root: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> None:
    """Give the parser of the whole command line, and that of each command, its page."""
    root.formatter_class = argparse.RawDescriptionHelpFormatter
    told = (
        "'surroreg COMMAND --help' explains a command. Data goes to standard output, messages to standard error; "
        "--json prints the data for programs."
    )
    codes = {str(code): meaning for code, meaning in CODES.items()}
    root.epilog = "\n\n".join(
        [
            _filled(told),
            _listed("examples:", FIRST),
            _listed("environment:", VARIABLES),
            _listed("exit codes:", codes),
        ]
    )
    for name, command in commands.items():
        page = PAGES[name]
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.description = _filled(page.text)
        command.epilog = _listed("examples:", page.examples)


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _listed(title: str, rows: Mapping[str, str]) -> str:
    """Return rows below a title: in two columns where they fit, else the meaning below what it belongs to."""
    width = max(map(len, rows))
    if all(width + 4 + len(meaning) <= WIDTH for meaning in rows.values()):
        return "\n".join([title, *(f"  {key:{width}}  {meaning}" for key, meaning in rows.items())])
    lines = [title]
    for key, meaning in rows.items():
        lines += [f"  {key}", textwrap.fill(meaning, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]
    return "\n".join(lines)
