"""Every adapter: it imports no library, and it has a guide and a test."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from surroreg import compat
from surroreg.libraries import LIBRARIES

ROOT = Path(__file__).parents[2]
#: A guide may have several libraries, joined by "-".
GUIDES = {name: path for path in ROOT.glob("docs/guides/*.md") for name in path.stem.split("-")}
each_adapter = pytest.mark.parametrize("library", compat.adapters())


def test_adapters_lists_the_modules_of_the_package():
    modules = {path.stem for path in Path(compat.__file__).parent.glob("*.py")}
    assert set(compat.adapters()) == modules - {"__init__"} != set()


def test_adapters_import_none_of_their_libraries():
    code = f"""if True:
        import importlib, sys
        sys.modules.update(dict.fromkeys({compat.adapters()}))  # from now on, importing one is an error
        for library in {compat.adapters()}:
            importlib.import_module("surroreg.compat." + library)
    """
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@each_adapter
def test_adapter_declares_its_public_names_for_the_reference(library):
    module = importlib.import_module(f"surroreg.compat.{library}")
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name).__module__ == module.__name__
        assert getattr(module, name).__doc__


@each_adapter
def test_adapter_has_a_guide_that_imports_it(library):
    assert library in GUIDES, f"write docs/guides/{library}.md"
    text = GUIDES[library].read_text(encoding="utf-8")
    assert re.search(rf"surroreg\.compat(\.| import ){library}\b", text)


@each_adapter
def test_adapter_has_a_test_and_a_verified_library(library):
    assert list(ROOT.glob(f"tests/compat/test_{library}*.py")), f"write tests/compat/test_{library}.py"
    assert LIBRARIES[library].version, "add the library to the translation table first"
