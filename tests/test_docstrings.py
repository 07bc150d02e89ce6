"""The examples in docstrings print what they claim to print."""

import doctest

import pytest

import surroreg

#: The public objects that a user calls first: each shows how.
SHOWN = ["Parameter", "SurrogateSpec", "load", "names", "spec", "translate", "conformance.check"]


def public_objects():
    for name in surroreg.__all__:
        if name not in ("__version__", "conformance"):
            yield name, getattr(surroreg, name)
    yield "conformance.check", surroreg.conformance.check


def examples_of(name, public):
    return [test for test in doctest.DocTestFinder().find(public, name, module=False, globs={}) if test.examples]


EXAMPLES = [test for name, public in public_objects() for test in examples_of(name, public)]


def test_objects_that_users_call_first_have_an_example():
    assert set(SHOWN) <= {test.name for test in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_docstring_example_prints_what_it_claims(example):
    report = []
    doctest.DocTestRunner().run(example, out=report.append)
    assert not report, "".join(report)
