"""A spec says the same before and after it is used."""

import dataclasses

import pytest

import surroreg
from surroreg import Parameter, SpecError, SurrogateSpec


def referenced(module, function):
    return SurrogateSpec(name="shape", derivative=f"{module}:{function}", parameters=[Parameter("slope", 1.0, gt=0)])


def test_spec_after_use_keeps_its_import_strings(tmp_path, monkeypatch):
    (tmp_path / "other_home.py").write_text("def shape(x, slope):\n    return slope * x.cos()\n")
    (tmp_path / "door.py").write_text("from other_home import shape\n")
    monkeypatch.syspath_prepend(tmp_path)
    spec = referenced("door", "shape")
    before = spec.to_dict(), spec.origin
    spec(slope=2.0)
    assert (spec.to_dict(), spec.origin) == before
    assert spec.derivative == "door:shape"
    assert spec.resolve("derivative").__module__ == "other_home"


def test_scaled_spec_with_another_name_is_refused():
    scaled = surroreg.load("atan", scale=2.0).spec
    for change in ({"name": "mine"}, {"summary": "Mine."}, {"aliases": ("Mine",)}):
        with pytest.raises(SpecError, match="cannot differ from its base's"):
            dataclasses.replace(scaled, **change)


def test_scaled_spec_replaced_without_change_keeps_its_base():
    scaled = surroreg.load("atan", scale=2.0).spec
    assert dataclasses.replace(scaled).base is surroreg.spec("atan")


def test_base_that_is_no_spec_is_refused():
    with pytest.raises(SpecError, match="base must be a SurrogateSpec, not 'atan'"):
        dataclasses.replace(surroreg.spec("atan"), base="atan")
