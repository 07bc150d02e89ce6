"""``surroreg completion``: what the Tab key offers, as a script for bash, zsh or fish.

The scripts are written from the parser, so that they know every command and option; the names of
surrogates they ask of ``surroreg list`` when they are needed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Prints the known names, one a line, and nothing else.
NAMES = "surroreg list 2>/dev/null | cut -d' ' -f1"
#: Arguments that are names of surrogates, as they are told apart in the parser.
NAMED = ("NAME", "PATTERN", "NAME|NAMESPACE")


@dataclass(frozen=True)
class Command:
    """What can follow a command: options with their choices (``None`` for one that takes no value), and words."""

    help: str
    options: Mapping[str, tuple[str, ...] | None]
    choices: tuple[str, ...] = ()
    takes_names: bool = False


def completion(arguments: argparse.Namespace) -> int:
    """Print the script of a shell."""
    from surroreg.cli import parser
    from surroreg.cli.output import say

    found = commands(parser())
    say({"bash": bash, "zsh": zsh, "fish": fish}[arguments.shell](found))
    return 0


def commands(root: argparse.ArgumentParser) -> dict[str, Command]:
    """Return what there is to complete, by command."""
    (group,) = (action for action in root._actions if isinstance(action, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in group._choices_actions}
    return {name: _command(name, parser, helps[name]) for name, parser in group.choices.items()}


def _command(name: str, parser: argparse.ArgumentParser, text: str) -> Command:
    options: dict[str, tuple[str, ...] | None] = {}
    choices: tuple[str, ...] = ()
    takes_names = False
    for action in parser._actions:
        allowed = tuple(map(str, action.choices or ()))
        for option in action.option_strings:
            options[option] = None if action.nargs == 0 else allowed
        if not action.option_strings:
            choices += allowed
            takes_names |= action.metavar in NAMED and name != "translate"  # there it is another library's
    return Command(text, options, choices, takes_names)


def bash(found: Mapping[str, Command]) -> str:
    """Return the script for bash."""

    def branches() -> Iterator[str]:
        for name, command in found.items():
            yield f"        {name})"
            for option, allowed in command.options.items():
                if allowed is not None:  # what it takes comes next; files, if nothing else is known
                    offer = f"{_offer(' '.join(allowed))}; " if allowed else ""
                    yield f"            [[ $previous == {option} ]] && {{ {offer}return; }}"
            yield f'            options="{" ".join(command.options)}"'
            words = " ".join([*command.choices, *([f"$({NAMES})"] if command.takes_names else [])])
            if words:
                yield f'            [[ $current == -* ]] || words="{words}"'
            yield "            ;;"

    return "\n".join(
        [
            "# Completion of surroreg for bash.",
            "_surroreg() {",
            '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" options= words=',
            "    COMPREPLY=()",
            "    if (( COMP_CWORD == 1 )); then",
            f"        {_offer(' '.join([*found, '--version', '--help']))}",
            "        return",
            "    fi",
            '    case "${COMP_WORDS[1]}" in',
            *branches(),
            "    esac",
            '    [[ $current == -* ]] && words="$options"',
            f"    {_offer('$words')}",
            "}",
            "complete -o default -F _surroreg surroreg",
        ]
    )


def _offer(words: str) -> str:
    return f'COMPREPLY=($(compgen -W "{words}" -- "$current"))'


def zsh(found: Mapping[str, Command]) -> str:
    """Return the script for zsh."""

    def branches() -> Iterator[str]:
        for name, command in found.items():
            yield f"        {name})"
            for option, allowed in command.options.items():
                if allowed is not None:
                    what = f"compadd -- {' '.join(allowed)}" if allowed else "_files"
                    yield f"            [[ $words[CURRENT-1] == {option} ]] && {{ {what}; return }}"
            yield f"            options=({' '.join(command.options)})"
            words = " ".join([*command.choices, *([f'${{(f)"$({NAMES})"}}'] if command.takes_names else [])])
            if words:
                yield f"            [[ $PREFIX == -* ]] || offered=({words})"
            yield "            ;;"

    listed = [f"        {_quoted(f'{name}:{command.help}')}" for name, command in found.items()]
    return "\n".join(
        [
            "#compdef surroreg",
            "# Completion of surroreg for zsh.",
            "_surroreg() {",
            "    local -a commands options offered",
            "    commands=(",
            *listed,
            "    )",
            "    if (( CURRENT == 2 )); then",
            "        _describe command commands",
            "        return",
            "    fi",
            "    case $words[2] in",
            *branches(),
            "    esac",
            "    [[ $PREFIX == -* ]] && offered=($options)",
            "    if (( $#offered )); then compadd -- $offered; else _files; fi",
            "}",
            "# As a file in $fpath this is called by the Tab key, as text for eval it is not.",
            'if [[ $funcstack[1] == _surroreg ]]; then _surroreg "$@"; else compdef _surroreg surroreg; fi',
        ]
    )


def fish(found: Mapping[str, Command]) -> str:
    """Return the script for fish."""
    lines = ["# Completion of surroreg for fish."]
    for name, command in found.items():
        lines.append(f"complete -c surroreg -f -n __fish_use_subcommand -a {name} -d {_quoted(command.help)}")
        here = f"complete -c surroreg -n '__fish_seen_subcommand_from {name}'"
        words = [*command.choices, *([f"({NAMES.replace(chr(39), chr(34))})"] if command.takes_names else [])]
        if words:
            lines.append(f"{here} -f -a {_quoted(' '.join(words))}")
        for option, allowed in command.options.items():
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            value = "" if allowed is None else f" -x -a {_quoted(' '.join(allowed))}" if allowed else " -r"
            lines.append(f"{here} {flag}{value}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return text as one word of zsh or fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "’") + "'"
