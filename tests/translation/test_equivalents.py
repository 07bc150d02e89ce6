"""Every fact of the table, against the library it is about."""

import pytest
import torch

import surroreg
from surroreg.libraries import KIN, ROWS
from tests.translation.originals import BY_ID, EQUIVALENT, INSTALLED, ORIGINALS

# Off every edge of every shape at every value tried: those lie at simple fractions and multiples of the parameters.
X = torch.linspace(-4.0017, 3.9961, 501, dtype=torch.float64)
X = X[(X * 24).frac().abs() > 1e-3]


def needed(name):
    """The values without which a surrogate of a library cannot be built."""
    row = BY_ID[name]
    return ORIGINALS[row.library].needed.get(row.names[0], {}) if row.library in ORIGINALS else {}


def settings(name):
    """The defaults, and each parameter at half and at three times that."""
    row = EQUIVALENT[name]
    defaults = {**row.theirs, **needed(name)}
    yield defaults
    for key, value in row.theirs.items():
        if value is None:
            continue
        for factor in (0.5, 3):
            changed = type(value)(value * factor) if value else factor / 4
            yield {**defaults, key: max(changed, 2) if isinstance(value, int) else changed}


def cases(name):
    """The settings at which a row is compared with its library."""
    row = EQUIVALENT[name]
    return [params for params in settings(name) if ORIGINALS[row.library].admits(row, params)]


#: Surrogates that run where they are installed. A library is asked no more than its rows claim.
COMPARED = [name for name, row in EQUIVALENT.items() if row.library in INSTALLED and row.runs]
CASES = [(name, params) for name in COMPARED for params in cases(name)]


def ids(value):
    return value if isinstance(value, str) else ",".join(f"{k}={v:g}" for k, v in value.items() if not callable(v))


@pytest.mark.parametrize(("name", "params"), CASES, ids=ids)
def test_row_has_the_gradient_of_the_library(name, params):
    row, library = EQUIVALENT[name], INSTALLED[EQUIVALENT[name].library]
    _, theirs = library.at(row, params, X)
    ours = surroreg.translate(name, **{k: v for k, v in params.items() if v != row.theirs[k]}).load()
    leaf = X.clone().requires_grad_()
    spikes = ours(leaf)
    torch.manual_seed(0)
    (gradient,) = torch.autograd.grad(spikes.sum(), leaf)
    assert theirs.abs().max() > 0
    error = library.precision
    torch.testing.assert_close(gradient, theirs, rtol=5 * error, atol=error * float(theirs.abs().max()))


@pytest.mark.parametrize("name", COMPARED)
def test_row_fires_where_the_library_fires(name):
    row, x = EQUIVALENT[name], torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64)
    spikes, _ = INSTALLED[row.library].at(row, {**row.theirs, **needed(name)}, x)
    ours = surroreg.translate(name, **needed(name)).load()
    torch.testing.assert_close(ours(x), spikes.double())


@pytest.mark.parametrize("name", [name for name, row in EQUIVALENT.items() if row.library in INSTALLED])
def test_row_has_the_defaults_of_the_library(name):
    row, library = EQUIVALENT[name], INSTALLED[EQUIVALENT[name].library]
    defaults = library.defaults(row)
    assert {key: defaults[key] for key in row.theirs} == row.theirs
    assert defaults.keys() - row.theirs.keys() <= set(library.ignored)


@pytest.mark.parametrize("library", INSTALLED)
def test_every_surrogate_of_the_library_has_a_row(library):
    known = {name for row in ROWS if row.library == library for name in row.names}
    without = sorted(INSTALLED[library].public() - known)
    assert not without, (
        f"give each of these a row in surroreg/libraries/{library}.py; what is no surrogate belongs to 'others' in "
        f"tests/translation/originals/{library}.py"
    )


NOTES = [(library, name) for library in INSTALLED for name in INSTALLED[library].notes]


@pytest.mark.parametrize(("library", "name"), NOTES)
def test_note_of_a_row_is_true(library, name):
    INSTALLED[library].notes[name](INSTALLED[library].home)


@pytest.mark.parametrize("library", ORIGINALS)
def test_no_row_is_verified_by_nothing(library):
    notes = ORIGINALS[library].notes
    rows = [row for row in ROWS if row.library == library]
    assert rows
    for row in rows:
        compared = row.ours and row.runs and cases(f"{library}.{row.names[0]}")
        assert compared or row.names[0] in notes, (
            f"nothing verifies the row of {row.names[0]}: add a function that asserts its note to 'notes' in "
            f"tests/translation/originals/{library}.py"
        )
    assert notes.keys() <= {row.names[0] for row in rows}


# -- facts that need no library -------------------------------------------------------------------


@pytest.mark.parametrize("name", EQUIVALENT)
def test_row_translates_there_and_back(name):
    row, params = EQUIVALENT[name], needed(name)
    again = surroreg.translate(name, to=row.library, **params)
    assert (again.scale, again.shift) == (1.0, 0.0)
    home = surroreg.translate(f"{row.library}.{again.name}", **again.params)
    ours = surroreg.translate(name, **params)
    assert home.name == ours.name
    assert dict(home.params) == (params or pytest.approx(dict(ours.params), rel=1e-12))
    assert home.scale == pytest.approx(ours.scale, rel=1e-12)


@pytest.mark.parametrize("name", EQUIVALENT)
def test_row_formulas_name_parameters_that_exist(name):
    row = EQUIVALENT[name]
    assert set(row.params) <= {p.name for p in surroreg.spec(row.ours).parameters}
    assert set(row.back) <= set(row.theirs)


@pytest.mark.parametrize("name", [name for name, row in BY_ID.items() if not row.ours])
def test_row_without_equivalent_gives_the_reason(name):
    with pytest.raises(surroreg.NoEquivalentError, match=r"has no equivalent: \w+"):
        surroreg.translate(name)


def test_no_surrogate_has_two_rows():
    names = [(row.library, name.lower()) for row in ROWS for name in {each.lower() for each in row.names}]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", KIN, ids=lambda row: f"{row.names[0]}-{row.ours}")
def test_kin_have_one_derivative(row):
    for factor in (1, 3):
        values = {key: factor * value for key, value in row.theirs.items()}
        formulas = {**row.params, "scale": row.scale, "shift": row.shift}
        twin = surroreg.load(row.ours, **{key: eval(text, {}, values) for key, text in formulas.items()})
        torch.testing.assert_close(twin.derivative(X), surroreg.load(row.names[0], **values).derivative(X))
