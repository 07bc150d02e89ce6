"""``--json`` prints valid, versioned JSON, alone on standard output, with the same facts as the API."""

import json
import shlex

import pytest

import surroreg
from surroreg.cli import command, main, parser


def strictly(text):
    """Parse JSON; NaN and infinities, which JSON does not know, are refused."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def run(capsys, *arguments):
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, strictly(out), err


HELPS = {name: own.format_help() for name, own in parser().commands.items()}
#: Commands that print a script, the path of a file that they wrote, or a training run, but no data.
WITHOUT_DATA = {"completion", "plot", "explore", "demo"}
#: A line of each command that prints data: its first example.
LINES = {
    name: next(iter(known.examples))
    for name, known in command.find().items()
    if "--json" in HELPS[name] and isinstance(known, command.Command)
}
LINES["check"] = "surroreg check atan --check forward_dtype --device cpu --max-examples 3"  # all checks take a minute
del LINES["bench"]  # measuring takes minutes: tests/bench reads its data


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_json_has_a_version_and_no_message_beside_it(line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(line.partition(" >")[0])[1:]
    code, answer, err = run(capsys, *arguments, "--json")
    assert (code, answer["schema"]) == (0, 1)
    assert len(answer) > 1
    assert err == "" or arguments[0] == "new"


def test_every_command_that_prints_data_can_print_json():
    without = {name for name, text in HELPS.items() if "--json" not in text} - WITHOUT_DATA
    assert not without, f"give {without} the option --json; or add it to WITHOUT_DATA if it prints no data"


def test_show_describes_what_the_api_describes(capsys):
    _, answer, _ = run(capsys, "show", "FASTsigmoid", "--json")
    described = answer["surrogate"]
    assert described.pop("surrogate") == "fast_sigmoid"
    assert described == json.loads(surroreg.spec("fast_sigmoid").to_json())


def test_infinite_bound_is_text(capsys):
    spec = surroreg.SurrogateSpec(
        name="wide",
        derivative=lambda x, slope: slope / (1 + x.abs()),
        parameters=(surroreg.Parameter("slope", 1.0, gt=0, le=float("inf")),),
    )
    surroreg.register(spec, namespace="json_tests")
    _, answer, _ = run(capsys, "show", "json_tests/wide", "--json")
    assert answer["surrogate"]["surrogate"] == "json_tests/wide"
    assert answer["surrogate"]["parameters"][0]["le"] == "inf"


def test_pattern_without_match_is_an_empty_list_and_a_message(capsys):
    code, answer, err = run(capsys, "list", "nothing*", "--json")
    assert (code, answer["surrogates"]) == (1, [])
    assert "nothing matches 'nothing*'" in err


def test_doctor_has_versions_switches_and_verdict(capsys, monkeypatch):
    monkeypatch.setenv("SURROREG_DISABLE_PLUGINS", "acme")
    _, answer, _ = run(capsys, "doctor", "--json")
    assert answer["surroreg"] == surroreg.__version__
    assert answer["packages"]["torch"].split(".")[0] == "2"
    assert answer["environment"]["SURROREG_DISABLE_PLUGINS"] == "acme"
    assert answer["builtin"] == len(surroreg.names(namespace="builtin"))


def test_check_prints_its_whole_report_and_exits_with_1(capsys):
    spec = surroreg.surrogate(formula="exp(-Abs(x))")(_half)
    surroreg.register(spec, namespace="json_tests")
    quick = ("--check", "formula_is_right", "--device", "cpu", "--max-examples", "3")
    code, answer, err = run(capsys, "check", "json_tests/_half".replace("_half", spec.name), *quick, "--json")
    assert (code, answer["ok"], err) == (1, False, "")
    (result,) = answer["results"]
    assert (result["check"], result["status"]) == ("formula_is_right", "failed")
    assert "promised" in result["message"]


def _half(x):
    """Half of what its formula says."""
    return (-x.abs()).exp() / 2


_half.__name__ = "half"


def test_new_names_the_plugin_and_the_files_it_wrote(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, answer, _ = run(capsys, "new", "my-lab", "--surrogate", "bell", "--json")
    assert (answer["distribution"], answer["namespace"], answer["surrogate"]) == ("surroreg-my-lab", "my_lab", "bell")
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert set(answer["files"]) == written


@pytest.mark.parametrize("arguments", [["show", "nothing"], ["cite", "nothing"], ["translate", "nolib.X"]])
def test_wrong_arguments_print_no_json(arguments, capsys):
    assert main([*arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("surroreg: ")
